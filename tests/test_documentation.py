"""What README says is so: its tables come from files, its examples run, its commands exist."""

from __future__ import annotations

import itertools
import re
import shlex
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
import yaml
from scipy import stats
from typer.testing import CliRunner

from bnbench.cli import app
from tests.integration.test_faults import DRAWN, FAULT_POINTS, KILLS


@pytest.fixture(scope="module")
def pages(root: Path) -> dict[str, str]:
    """README and every page of docs, by name."""
    files = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


FIRST = "validation_accuracy@1"
BLOCK = re.compile(r"(<!-- ([\w/]+\.md) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def filled(readme: str, folder: Path) -> str:
    """Put the files that its blocks name into README; `make reference` does."""

    def text(name: str) -> str:
        written = (folder / name).read_text(encoding="utf-8").strip()
        return written.replace("](report.md#", "](results/reference/report.md#")

    return BLOCK.sub(lambda block: f"{block[1]}{text(block[2])}\n", readme)


TABLES = {
    "README.md": {"answers.md"},
    "headline.md": {"published/summary.md", "corrected/summary.md"},
    "reference.md": {"changes.md", "undecided.md"},
    "seeds.md": {"calibration.md", "verdict_errors.md"},
    "what-batch-norm-does.md": {"mechanisms.md"},
    "sources.md": {"keras_fragments.md"},
    "performance.md": {
        "kernels.md", "kernels_avx2.md", "peers.md", "speed.md", "finished_runs.md",
        "operator_times.md", "overhead.md", "probes.md", "threads.md", "commands.md",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_the_reference_results(root: Path, pages: dict[str, str], name: str) -> None:
    page = pages[name]
    assert {file for _, file in BLOCK.findall(page)} == TABLES[name]
    assert filled(page, root / "results/reference") == page


def test_the_changes_are_between_the_two_tables_of_verdicts(root: Path) -> None:
    folder = root / "results/reference"

    def tested(name: str) -> set[tuple[str, ...]]:
        table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        wanted = table[~table["verdict"].isin(["OPEN", "NOT TESTABLE"])]
        return set(wanted[["claim", "aspect", "verdict"]].itertuples(index=False, name=None))

    changed = {claim for claim, *_ in tested("first_verdicts.csv") ^ tested("verdicts.csv")}
    lines = (folder / "changes.md").read_text(encoding="utf-8").splitlines()[2:]
    assert {line.split(" ")[1] for line in lines} == changed


def test_every_inconclusive_aspect_has_a_row_that_says_what_it_takes(root: Path) -> None:
    folder = root / "results/reference"
    table = pd.read_csv(folder / "verdicts.csv", dtype=str, keep_default_na=False)
    inconclusive = table[table["verdict"] == "INCONCLUSIVE"]
    lines = (folder / "undecided.md").read_text(encoding="utf-8").splitlines()[2:]
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in lines]
    named = [(claim, aspect, study) for claim, aspect, study, *_ in rows]
    wanted = inconclusive[["claim", "aspect", "study"]].itertuples(index=False, name=None)
    assert named == list(wanted)
    for _, _, _, _, n, seeds, *_ in rows:
        assert not seeds.isdecimal() or int(seeds) > int(n)


def test_readme_is_short(pages: dict[str, str]) -> None:
    assert len(pages["README.md"].split()) <= 1200


def test_blocks_are_filled(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("new\n", encoding="utf-8")
    text = "x\n<!-- a.md -->\nold\nold\n<!-- end -->\ny"
    assert filled(text, tmp_path) == "x\n<!-- a.md -->\nnew\n<!-- end -->\ny"


@pytest.mark.parametrize("recipe", ["published", "corrected"])
def test_reference_tables_are_the_reference_runs(
    root: Path, reference_runs: Path, recipe: str
) -> None:
    """The cells, recomputed from the committed epoch logs by pandas alone."""
    lines = (
        (root / "results/reference" / recipe / "summary.md")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    folder = "published/" if recipe == "published" else ""
    called = {"plain": f"{folder}lenet5", "batch norm": f"{folder}lenet5_batchnorm"}
    names = [called[cell.strip()] for cell in lines[0].split("|")[2:4]]
    cells = {line.split("|")[1].strip(): line.split("|")[2:5] for line in lines if "|" in line}
    for label, epoch in (("validation, epoch 1 (%)", 1), ("validation, last epoch (%)", 10)):
        logs = [sorted((reference_runs / name).glob("seed-*/epochs.csv")) for name in names]
        assert [len(paths) for paths in logs] == [30, 30]
        arms = []
        for column, paths in enumerate(logs):
            values = pd.Series(
                [
                    pd.read_csv(path).set_index("epoch").loc[epoch, "validation_accuracy"]
                    for path in paths
                ],
                index=[path.parent.name for path in paths],
                dtype=float,
            )
            cell = cells[label][column].strip()
            assert cell == f"{100 * values.mean():.2f} ± {100 * values.std():.2f}"
            arms.append(values)
        difference = 100 * (arms[1] - arms[0]).mean()
        assert cells[label][2].strip().startswith(f"{difference:+.2f}".replace("-", "−"))


def headline(root: Path, contrast: str) -> Any:
    """Rows of ``contrasts.csv`` by their metrics."""
    table = pd.read_csv(root / "results/reference/contrasts.csv.xz")
    chosen = (table["study"] == "headline") & (table["contrast"] == contrast)
    return table[chosen].set_index("metric")


def test_the_sentences_below_the_published_table_hold(root: Path, reference_runs: Path) -> None:
    """Direction reproduced in the mean, epoch 1's level in one seed of sixty."""
    for name, article, lower in (
        ("published/lenet5", 0.930, 0),
        ("published/lenet5_batchnorm", 0.956, 1),
    ):
        logs = sorted((reference_runs / name).glob("*/epochs.csv"))
        values = [pd.read_csv(path)["validation_accuracy"].iloc[0] for path in logs]
        assert (len(values), sum(value <= article for value in values)) == (30, lower)
    found = headline(root, "published")
    lows, highs = (found[f"paired_t_interval_{end}"] for end in ("low", "high"))
    assert lows[FIRST] > highs["validation_accuracy@last"]
    assert lows["validation_accuracy@last"] > 0


def test_no_recipe_of_the_ladder_explains_the_published_level(root: Path) -> None:
    """The mean over seeds of each plain recipe after epoch 1 is above the article's figure."""
    values = pd.read_csv(root / "results/reference/values.csv.xz")
    chosen = (values["study"] == "ladder_small") & values["label"].str.startswith("plain@")
    first = values[chosen & (values["metric"] == "validation_accuracy@1")]
    means = first.groupby("experiment")["value"].mean()
    assert len(means) == 14
    assert means.min() > 0.930


def test_seeds_that_no_earlier_reference_had_answer_alike(root: Path) -> None:
    """By intervals of SciPy, and Wilcoxon's p, four times as large since there are four answers."""
    values = pd.read_csv(root / "results/reference/values.csv.xz")
    values = values[(values["study"] == "headline") & (values["seed"] >= 10)]
    runs = values.set_index(["label", "metric", "seed"])["value"].sort_index()
    answers = (root / "results/reference/answers.md").read_text(encoding="utf-8").splitlines()[2:4]
    for line, metric in zip(answers, (FIRST, "validation_accuracy@last"), strict=True):
        words = re.findall(r"\*\*([a-z ]+)\*\*", line)
        for word, recipe in zip(words, ("published_", ""), strict=True):
            arms = runs[f"{recipe}batch_norm", metric], runs[f"{recipe}plain", metric]
            lead = arms[0] - arms[1]
            assert len(lead) == 20
            low, _ = stats.t.interval(0.95, 19, lead.mean(), stats.sem(lead))
            shown = low > 0 and lead.mean() >= 0.001 and 4 * stats.wilcoxon(lead).pvalue < 0.05
            assert word == ("yes" if shown else "not decided")
            assert shown or stats.t.interval(0.9, 19, lead.mean(), stats.sem(lead))[1] > 0.001


def test_no_change_that_the_article_does_not_mention_explains_it_either(root: Path) -> None:
    values = pd.read_csv(root / "results/reference/values.csv.xz")
    chosen = (values["study"] == "first_epoch") & (values["metric"] == FIRST)
    arms = values[chosen].groupby("label")["value"]
    assert arms.count().tolist() == [10] * 10
    for label, mean in arms.mean().items():
        assert mean > (0.930 if str(label).startswith("plain") else 0.956), label


def test_the_reference_verdicts_are_of_the_reference_runs(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged again from the committed runs."""
    from bnbench.claims import claims_table
    from bnbench.cli.studies import judge_results

    there = pd.read_csv(root / "results/reference/verdicts.csv", dtype=str, keep_default_na=False)
    monkeypatch.chdir(root)
    known = judge_results([], root / "results/reference/runs")
    again = claims_table(known.judgements).astype(str)
    assert len(there) > 150
    assert again["verdict"].tolist() == there["verdict"].tolist()


def test_the_reference_report_is_one_page_that_a_browser_opens_at_once(root: Path) -> None:
    page = (root / "results/reference/report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 1_500_000
    _, first, *others = page.split("<h2 id=")[1:]  # the questions, and the study that leads
    assert first.count(">Accuracy per epoch</title>") >= 1
    alone = [part for part in others if ">Accuracy per epoch</title>" in part]
    assert all(part.count("<svg") == part.count(">Accuracy per epoch</title>") for part in alone)


def test_the_answers_are_the_contrasts(root: Path, pages: dict[str, str]) -> None:
    """Each difference in README's table is the mean and interval of its row of contrasts.csv."""
    contrasts = pd.read_csv(root / "results/reference/contrasts.csv.xz")
    columns = ["paired_mean_difference", "paired_t_interval_low", "paired_t_interval_high"]
    known = {tuple(row) for row in (100 * contrasts[columns]).round(2).to_numpy()}
    (table,) = [block[0] for block in BLOCK.finditer(pages["README.md"]) if "answers" in block[2]]
    number = r"([+−][\d.]+)"
    shown = re.findall(rf"{number} pp \\\[{number}, {number}\\\]", table)
    assert len(shown) >= 12
    for cell in shown:
        assert tuple(float(one.replace("−", "-")) for one in cell) in known, cell


def test_shifts_on_purpose_are_the_contrasts(root: Path, pages: dict[str, str]) -> None:
    """What the page on mechanisms says of them, table and text."""
    contrasts = pd.read_csv(root / "results/reference/contrasts.csv.xz")
    of = {
        (row["contrast"], row["metric"]): row
        for row in contrasts[contrasts["study"] == "noisy_batch_norm"].to_dict("records")
    }
    part = pages["what-batch-norm-does.md"].partition("Hardly\n")[2].partition("\n## ")[0]

    def pp(contrast: str, metric: str) -> list[float]:
        row = of[contrast, metric]
        ends = ("mean_difference", "t_interval_low", "t_interval_high")
        return [100 * float(row[f"paired_{end}"]) for end in ends]

    for contrast in ("noisy_against_none", "noisy_against_batch_norm", "shifts_alone"):
        mean, low, high = pp(contrast, "area_under_error")
        shown = f"{mean:+.2f} pp \\[{low:+.2f}, {high:+.2f}\\]".replace("-", "−")
        assert shown in part
    assert of["noisy_against_batch_norm", "area_under_error"]["equivalence_p"] < 0.05
    mean, low, high = pp("noisy_against_batch_norm", FIRST)
    assert f"by {-mean:.2f} pp of accuracy \\[{-high:.2f}, {-low:.2f}\\]" in part
    drift = [of[f"drift_against_{other}", "F5.input_drift@all"] for other in ("none", "batch_norm")]
    means = [drift[0]["treatment_mean"], *(row["baseline_mean"] for row in drift)]
    shown_means = re.findall(r"by ([\d.]+) (?:standard|with)", part.replace("\n", " "))
    assert [float(one) for one in shown_means] == [round(float(mean), 2) for mean in means]


def test_the_sentence_below_the_corrected_table_holds(root: Path) -> None:
    """All apart; after the last epoch above 0.1 pp on the test file alone, once adjusted, too."""
    found = headline(root, "corrected").loc[[FIRST, "validation_accuracy@last", "test_accuracy"]]
    assert (found["paired_t_interval_low"] > 0).all()
    assert (found["paired_mean_difference"] >= 0.001).tolist() == [True, False, True]
    assert found.loc["test_accuracy", "p_adjusted"] < 0.05


def test_every_command_exists(pages: dict[str, str]) -> None:
    commands = [
        shlex.split(line, comments=True)
        for page in pages.values()
        for block in blocks(page, "")
        for line in block.splitlines()
        if line.startswith("bnbench ")
    ]
    assert len(commands) >= 8
    helps: dict[tuple[str, ...], str] = {}
    for command in commands:
        verbs = tuple(command[1:3] if command[1] == "data" else command[1:2])
        if verbs not in helps:
            shown = CliRunner().invoke(app, [*verbs, "--help"], env={"COLUMNS": "200"})
            assert shown.exit_code == 0, command
            helps[verbs] = shown.stdout
        options = {word for word in command if word.startswith("-")}
        assert all(option in helps[verbs] for option in options), command


def test_every_command_is_documented_and_has_help(pages: dict[str, str]) -> None:
    documented = pages["commands.md"]
    group = typer.main.get_command(app)
    assert hasattr(group, "commands")
    for name, command in group.commands.items():
        assert f"bnbench {name}" in documented, name
        assert "Example: bnbench" in command.help, name
        for verb, child in getattr(command, "commands", {}).items():
            assert f"bnbench {name} {verb}" in documented, verb
            assert f"Example: bnbench {name} {verb}" in child.help, verb


def test_every_make_target_exists(root: Path, pages: dict[str, str]) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    text = "\n".join(pages.values())
    targets = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, flags=re.MULTILINE))
    assert targets >= {"reproduce", "reproduce-small", "reproduce-full", "test", "bench"}
    assert "bench-peers" in targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_linked_files_exist(root: Path, pages: dict[str, str]) -> None:
    for name, page in pages.items():
        folder = root if name == "README.md" else root / "docs"
        for link in re.findall(r"\]\(([^)#]+)\)", page):
            assert (folder / link).exists(), (name, link)


def anchors(page: str) -> set[str]:
    """The names that GitHub gives to the titles of a page."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_linked_titles_exist(root: Path, pages: dict[str, str]) -> None:
    report = Path("results/reference/report.md")
    pages = pages | {report.name: (root / report).read_text(encoding="utf-8")}
    found = 0
    for name, page in pages.items():
        for file, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", page):
            found += 1
            target = pages[Path(file).name] if file else page
            assert anchor in anchors(target), (name, file, anchor)
    assert found >= 1


def test_the_layout_is_the_import_contract(root: Path, pages: dict[str, str]) -> None:
    """Every folder has a row below those it may import from, and the types that are named in it."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]*)\|$", pages["architecture.md"], re.MULTILINE)
    places = {folder: place for place, (folder, _) in enumerate(rows)}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    (flow, *_) = project["tool"]["importlinter"]["contracts"]
    layers = [layer.split(" | ") for layer in reversed(flow["layers"])]
    named = [[places[one] for one in layer] for layer in layers if layer[0] in places]
    assert sorted(place for layer in named for place in layer) == list(range(len(rows)))
    assert all(max(below) < min(above) for below, above in itertools.pairwise(named))
    for folder, types in rows:
        files = [*(root / "bnbench" / folder).rglob("*.py"), root / f"bnbench/{folder}.py"]
        code = "\n".join(one.read_text(encoding="utf-8") for one in files if one.exists())
        for name in re.findall(r"`(\w+)`", types):
            assert f"\nclass {name}" in code, (folder, name)


def test_the_ways_through_the_code_exist(root: Path, pages: dict[str, str]) -> None:
    """Each function and each type that the two lists of steps name is where they say."""
    page = pages["architecture.md"]
    steps = page[page.index("## One run") : page.index("## Where something new goes")]
    code = {path: path.read_text(encoding="utf-8") for path in (root / "bnbench").rglob("*.py")}
    named = re.findall(r"`([a-z]+(?:\.\w+)+)`", steps)
    assert len(named) >= 9
    for name in named:
        *place, last = name.split(".")
        start = (root / "bnbench").joinpath(*place)
        held = [
            path for path in code if path.is_relative_to(start) or path == start.with_suffix(".py")
        ]
        module = start / f"{last}.py"
        assert module in code or any(f"\ndef {last}(" in code[path] for path in held), name
    for name in re.findall(r"`([A-Z]\w+)`", steps):
        assert any(f"\nclass {name}" in text for text in code.values()), name


def test_the_places_for_new_things_exist(root: Path, pages: dict[str, str]) -> None:
    _, table = pages["architecture.md"].split("## Where something new goes")
    rows = re.findall(r"^\| (?!to add|---)[^|]+ \| (.+) \|$", table, re.MULTILINE)
    assert len(rows) >= 9
    for row in rows:
        places = re.findall(r"`([\w/]+(?:/|\.py))`", row)
        assert places, row
        assert all((root / "bnbench" / one).exists() or (root / one).exists() for one in places)
        for name, file in re.findall(r"`([A-Z]+)` \(`([\w/.]+)`\)", row):
            code = (root / "bnbench" / file).read_text(encoding="utf-8")
            assert re.search(rf"^{name}\b.* = ", code, re.MULTILINE), (name, file)


def test_a_rule_and_a_figure_are_a_file_each(root: Path) -> None:
    """What `architecture.md` promises of a new one holds of those that there are."""
    from bnbench.claims import RULES
    from bnbench.report.figures import KINDS

    files = [kind.draw.__module__ for kind in KINDS.values()]
    assert len(set(files)) == len(files)
    assert {file.rpartition(".")[0] for file in files} == {"bnbench.report.figures"}
    assert {rule.__module__.rpartition(".")[0] for rule in RULES.values()} == {
        "bnbench.claims.rules"
    }
    texts = [path.read_text(encoding="utf-8") for path in (root / "bnbench").rglob("*.py")]
    for name in (*KINDS, *RULES):  # what an entry elsewhere would have to say
        entry = rf'register_(figure|probed)\(\s*"{name}"|^    rule: Literal\[.*"{name}"'
        naming = [text for text in texts if f'"{name}"' in text]
        assert sum(bool(re.search(entry, text, re.MULTILINE)) for text in naming) == 1, name


def test_readme_leads_to_every_page(pages: dict[str, str]) -> None:
    for name in pages.keys() - {"README.md"}:
        assert f"](docs/{name})" in pages["README.md"], name


@pytest.mark.parametrize(("page", "least"), [("reliability.md", 20), ("security.md", 10)])
def test_the_tests_that_a_page_names_exist(
    page: str, least: int, root: Path, pages: dict[str, str]
) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", pages[page])
    assert len(named) >= least
    for file, test in named:
        assert f"\ndef {test}(" in (root / file).read_text(encoding="utf-8"), test


def test_the_counts_that_reliability_names_are_tried(root: Path) -> None:
    text = (root / "docs/reliability.md").read_text(encoding="utf-8")
    assert f"A short run has {FAULT_POINTS} fault points" in text
    counts = re.findall(
        r"^\| (?:SIGKILL|disk full) .*?\| (\d+) \| (\d+) \|", text, flags=re.MULTILINE
    )
    expected = [(DRAWN, FAULT_POINTS), (KILLS // 10, KILLS)] + 2 * [(DRAWN, FAULT_POINTS)]
    assert [tuple(map(int, pair)) for pair in counts] == expected


def test_python_example_runs(
    pages: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example, *_ = blocks(pages["python.md"], "python")
    assert len(example.split("\n\n", 1)[1].strip().splitlines()) <= 6
    quick = example.replace('["training.epochs=2"]', '["training.epochs=2", "data.dataset=digits"]')
    quick = quick.replace('"results"', repr(str(tmp_path)))
    exec(compile(quick, "README.md", "exec"), {})
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    names = ("lenet5", "lenet5_batchnorm")
    assert [epoch for *epoch, _ in said] == [[*run] for run in product(names, "01", "12")]


def test_python_examples_on_finished_runs_run(
    root: Path, pages: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    import bnbench
    from bnbench.config import DataSettings
    from bnbench.export import export_onnx

    monkeypatch.chdir(tmp_path)
    for name in ("lenet5", "lenet5_batchnorm"):
        full = bnbench.load_experiment(root / "configs" / f"{name}.yaml")
        training = full.training.model_copy(update={"epochs": 2, "evaluate_every": None})
        changes = {"training": training, "data": DataSettings(dataset="digits")}
        for seed in (0, 1):
            for _ in bnbench.run_experiment(full.model_copy(update=changes), seed, "results"):
                pass
    _, compared, drawn, network, exported = blocks(pages["python.md"], "python")
    for example in (compared, drawn, network):
        exec(compile(example, "python.md", "exec"), {})
    said = capsys.readouterr().out
    assert re.search(r"^lenet5_batchnorm +1 +0\.\d+$", said, re.MULTILINE)
    assert re.search(r"^0  lenet5_batchnorm +lenet5 ", said, re.MULTILINE)
    accuracy = float(said.splitlines()[-1].removeprefix("tensor(").removesuffix(")"))
    stated = bnbench.Run(Path("results/lenet5/seed-0")).read_manifest().final.test_accuracy
    assert stated is not None
    assert round(stated, 4) == accuracy
    assert Path("slide.png").stat().st_size > 10_000
    export_onnx(bnbench.Run(Path("results/lenet5/seed-0")), Path("lenet5.onnx"))
    exec(compile(exported, "python.md", "exec"), {})
    statistics, answers = capsys.readouterr().out.splitlines()
    assert statistics == "PixelStatistics(mean=0.3051, std=0.3233, low=0.0, high=1.0)"
    assert re.fullmatch(r"\[\d( \d){4}\]", answers)


def test_study_example_loads(root: Path, pages: dict[str, str], tmp_path: Path) -> None:
    from bnbench.claims import check_claims, check_questions, study_claims
    from bnbench.config import load_study

    example, more, *_ = blocks(pages["extend.md"], "yaml")
    for config in (root / "configs").glob("*.yaml"):
        (tmp_path / config.name).write_bytes(config.read_bytes())
    path = tmp_path / "studies/activation.yaml"
    path.parent.mkdir()
    path.write_text(example + more, encoding="utf-8")
    study = load_study(path)
    assert [one.name for one in study.contrasts] == ["lead@tanh", "lead@relu"]
    assert len(study.brief) == len(study.claims) == 1
    check_claims(study_claims(study), {study.name: study})
    check_questions([study])


def test_architecture_example_works(pages: dict[str, str]) -> None:
    from bnbench.config import ModelSettings
    from bnbench.models import ARCHITECTURES, build_model

    example, _, _ = blocks(pages["extend.md"], "python")
    try:
        exec(compile(example, "README.md", "exec"), {"__name__": "example"})
        model = build_model(ModelSettings(name="OneLayer"))
        assert sum(parameter.numel() for parameter in model.parameters()) == 7850
    finally:
        ARCHITECTURES.pop("OneLayer", None)


def test_normalization_examples_work(pages: dict[str, str]) -> None:
    from torch import nn

    from bnbench.config import Experiment
    from bnbench.models import build_model, resolve_model
    from bnbench.models.normalizations import NORMALIZATIONS

    def c1(section: dict[str, Any]) -> Any:
        experiment = Experiment.model_validate({"experiment": "x", **section})
        return getattr(build_model(resolve_model(experiment)), "C1").normalization  # noqa: B009

    (settings,) = [one for one in blocks(pages["extend.md"], "yaml") if "kind: group" in one]
    _, example, _ = blocks(pages["extend.md"], "python")
    assert c1(yaml.safe_load(settings)).num_groups == 2
    try:
        exec(compile(example, "extend.md", "exec"), {"__name__": "example"})
        normalization = {"kind": "local_response", "neighbours": 3}
        own = c1({"model": {"name": "LeNet5", "normalization": normalization}})
        assert isinstance(own, nn.LocalResponseNorm)
        assert own.size == 3
    finally:
        NORMALIZATIONS.pop("local_response", None)


def test_dataset_example_works(pages: dict[str, str], tmp_path: Path) -> None:
    from bnbench.config import DataSettings
    from bnbench.data import DATASETS, load_splits

    *_, example = blocks(pages["extend.md"], "python")
    try:
        exec(compile(example, "extend.md", "exec"), {"__name__": "example"})
        splits = load_splits(DataSettings(dataset="large_digits", scaling="raw"), tmp_path)
        assert len(splits.train.labels) + len(splits.validation.labels) == 1500
        assert float(splits.train.images.max()) == 240
    finally:
        DATASETS.pop("large_digits", None)


def test_settings_that_are_documented_are_valid(pages: dict[str, str]) -> None:
    from bnbench.config import Experiment

    sections: dict[str, Any] = {"experiment": "x", "model": {"name": "LeNet5"}}
    for settings in blocks(pages["extend.md"], "yaml")[2:]:
        for section, keys in yaml.safe_load(settings).items():
            both = isinstance(keys, dict) and section in sections
            sections[section] = {**sections[section], **keys} if both else keys
    experiment = Experiment.model_validate(sections)
    assert experiment.data.dataset == "folder:photos"
    assert experiment.training.schedule is not None


def test_every_normalization_is_documented_with_its_keys(pages: dict[str, str]) -> None:
    from bnbench.models.normalizations import NORMALIZATIONS, Normalization

    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]*)\|$", pages["extend.md"], re.MULTILINE))
    assert rows.keys() == NORMALIZATIONS.keys()
    for name, kind in NORMALIZATIONS.items():
        own = kind.model_fields.keys() - Normalization.model_fields.keys()
        assert set(re.findall(r"`(\w+)`", rows[name])) == own
    for key in Normalization.model_fields.keys() - {"kind"}:
        assert f"`{key}`" in pages["extend.md"]


def test_example_studies_load(root: Path) -> None:
    from bnbench.config import load_study
    from bnbench.training import check_experiment

    studies = [load_study(path) for path in sorted((root / "examples").glob("*.yaml"))]
    assert studies
    for study in studies:
        for arm in study.arms.values():
            check_experiment(arm.experiment)


def test_the_pages_that_are_made_of_the_code_are_new(pages: dict[str, str]) -> None:
    """`make schema` renews them: a column or a name that is on no page fails here."""
    from bnbench.cli.methods import methods_page
    from bnbench.cli.registered import names_page
    from bnbench.report.columns import columns_page

    made_of = {"columns.md": columns_page, "names.md": names_page, "methods.md": methods_page}
    for name, made in ((name, page()) for name, page in made_of.items()):
        assert pages[name][pages[name].index("## ") :] == made + "\n", name


def test_every_metric_rule_statistic_and_normalization_says_what_it_is(
    pages: dict[str, str],
) -> None:
    from bnbench.claims import RULES
    from bnbench.metrics import QUANTITIES
    from bnbench.models.normalizations import NORMALIZATIONS

    page = pages["methods.md"]
    rows = {*re.findall(r"^\| `(\w+)` \| \S", page, re.MULTILINE)}
    assert QUANTITIES.keys() <= rows
    parts = dict(re.findall(r"^### (.+)\n\n(\S.*)", page, re.MULTILINE))
    assert all(len(said) > len("y = x") for said in parts.values())
    described = {name for part in parts for name in re.findall(r"`(\w+)`", part)}
    assert RULES.keys() | NORMALIZATIONS.keys() <= described
    assert not any(mark in page for mark in ("::", "]_", ">>>", "===="))


def test_the_report_shows_every_claim_with_every_aspect(root: Path) -> None:
    verdicts = pd.read_csv(root / "results/reference/verdicts.csv")
    text = (root / "results/reference/report.md").read_text(encoding="utf-8")
    shown = re.findall(r"<summary>[a-z ]+ · (A\d\.\d+):", text)
    assert shown == verdicts["claim"].drop_duplicates().tolist()
    assert f"{len(shown)} claims in {len(verdicts)} aspects, by " in text


def test_each_question_of_the_report_leads_to_its_study(root: Path) -> None:
    text = (root / "results/reference/report.html").read_text(encoding="utf-8")
    answers = (root / "results/reference/answers.md").read_text(encoding="utf-8")
    headings = set(re.findall(r'<h2 id="([^"]+)"', text))
    rows = re.findall(r'<td[^>]*><a href="#([^"]+)">([^<]+)</a>', text)
    linked = re.findall(r"^\| \[([^]]+)\]\(report\.md#([^)]+)\)", answers, re.MULTILINE)
    assert [(question.replace("\xa0", " "), section) for section, question in rows] == linked
    assert {section for section, _ in rows} <= headings


def test_the_report_follows_its_questions_and_then_the_alphabet(root: Path) -> None:
    text = (root / "results/reference/report.md").read_text(encoding="utf-8")
    first, *studies = re.findall("^## (.+)$", text.partition("\n## Claims\n")[0], re.MULTILINE)
    assert first == "Questions and answers"
    named = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"): title for title in studies}
    asked = [
        named[section] for section in re.findall(r"^\| \[[^]]+\]\(#(.+?)\)", text, re.MULTILINE)
    ]
    asked = list(dict.fromkeys(asked))
    assert studies == asked + sorted(set(studies) - set(asked), key=str.lower)


def test_reference_results_are_small(root: Path) -> None:
    """The files that git keeps, not those that .gitignore leaves out."""
    ignored = [
        line.removeprefix("/")
        for line in (root / ".gitignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("/results/reference/")
    ]
    assert ignored
    files = [path for path in (root / "results/reference").rglob("*") if path.is_file()]
    kept = [path for path in files if not any(map(path.relative_to(root).match, ignored))]
    assert sum(path.stat().st_size for path in kept) <= 10e6


if __name__ == "__main__":
    top = Path(__file__).parents[1]
    for page in (top / "README.md", *(top / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text, top / "results/reference"), encoding="utf-8")
