"""A study as a user meets it: planned, reproduced, judged and reported, on the small digits."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.commands import bnbench, imported
from tests.edits import edit_text
from tests.files import contents, rows

CONFIG = """\
experiment: {name}
description: {name} arm
data: {{dataset: digits}}
model: {{name: {model}}}
training: {{epochs: 2, evaluate_every: 10, optimizer: {{name: adam}}}}
"""
STUDY = """\
study: tiny
question: Does <b>batch norm</b> help on small digits?
seeds: 2
experiments:
  plain: {config: plain.yaml}
  batch_norm: {config: batch_norm.yaml}
contrasts:
  lead:
    treatment: batch_norm
    baseline: plain
    metrics: [validation_accuracy@1, test_accuracy, epochs_to_accuracy@0.5, steps_to_loss@1.5]
claims:
  - id: mine.1
    article: mine
    claim: Batch norm wins.
    claimed: higher
    tests:
      - {aspect: level, study: tiny, contrast: lead, metric: validation_accuracy@1, rule: higher}
brief:
  - {question: "Does it help?", metric: validation_accuracy@1, yes: higher, corrected: lead}
small:
  keeps: one epoch
  overrides: {training.epochs: 1}
"""


def write_study(folder: Path, text: str = STUDY) -> Path:
    for name, model in (("plain", "LeNet5"), ("batch_norm", "LeNet5_BatchNorm")):
        (folder / f"{name}.yaml").write_text(CONFIG.format(name=name, model=model))
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    done = bnbench("reproduce", write_study(folder), "--with-runs", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "These runs judge 1 aspect of 1 claim: 1 INCONCLUSIVE" in done.stdout
    assert re.search(r"Does it help\?  +not decided  [+−]", done.stdout)
    assert (
        "Each number is the change that the question is about, over 2 seeds."
        " Brackets hold 95 % intervals; pp are percentage points.\n"
        "Not decided: neither a difference that counts (usually 0.1 pp or more, with an adjusted p"
        " below 0.05) is shown, nor that there is none.\n"
    ) in done.stdout
    assert "cannot decide any question: give --seeds 6 or more." in done.stdout
    return folder


def states(folder: Path, *options: object) -> dict[str, str]:
    done = bnbench("plan", "tiny.yaml", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    cells = [re.split("  +", line) for line in done.stdout.splitlines()[1:] if "  " in line]
    return {row[0]: row[2] for row in cells}


def test_plan_says_what_there_is_to_do(reproduced: Path) -> None:
    assert states(reproduced) == {"plain": "finished", "batch_norm": "finished"}
    assert states(reproduced, "--small") == {
        "tiny_small/plain": "to run", "tiny_small/batch_norm": "to run"
    }  # fmt: skip
    elsewhere = states(reproduced, "--results", "elsewhere")
    assert elsewhere == {"plain": "to run", "batch_norm": "to run"}
    assert not (reproduced / "elsewhere").exists()


@pytest.mark.parametrize("command", ["claims", "report"])
@pytest.mark.parametrize(("column", "new"), [("validation_accuracy", "0.5"), ("train_loss", "1.5")])
def test_an_edited_middle_row_is_believed_by_nobody(
    reproduced: Path, tmp_path: Path, command: str, column: str, new: str
) -> None:
    results = tmp_path / "results"
    shutil.copytree(reproduced / "results", results)
    epochs = results / "plain" / "seed-1" / "epochs.csv"
    names, first, *rest = epochs.read_text(encoding="utf-8").splitlines()
    cells = dict(zip(names.split(","), first.split(","), strict=True)) | {column: new}
    epochs.write_text("\n".join([names, ",".join(cells.values()), *rest, ""]), encoding="utf-8")
    done = bnbench(command, "tiny.yaml", "--results", results, cwd=reproduced)
    assert done.returncode == 2
    assert f"{epochs}: line 2: {column} {new} " in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        (["plan", "tiny.yaml"], {"matplotlib", "bnbench.report"}),
        (["report", "tiny.yaml", "--out", "again.html"], {"torch", "torchvision", "seaborn"}),
        (["claims", "tiny.yaml"], {"torch", "torchvision", "seaborn", "matplotlib", "jinja2"}),
        (["verify", "plain"], {"pandas", "matplotlib", "scipy"}),
    ],
)
def test_what_a_verb_does_not_need_costs_no_time(
    reproduced: Path, command: list[str], unused: set[str]
) -> None:
    assert imported(*command, cwd=reproduced).isdisjoint(unused)


def test_a_second_call_runs_nothing(reproduced: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in reproduced.rglob("manifest.json")}
    done = bnbench("reproduce", "tiny.yaml", cwd=reproduced)
    assert done.returncode == 0, done.stderr
    runs = {path: path.stat().st_mtime_ns for path in reproduced.rglob("manifest.json")}
    assert runs == before


def test_the_report_is_the_same_twice_and_escaped(reproduced: Path) -> None:
    there = (reproduced / "results/report/tiny/report.html").read_bytes()
    done = bnbench("report", "tiny.yaml", "--out", "again.html", "--markdown", cwd=reproduced)
    assert done.returncode == 0, done.stderr
    assert (reproduced / "again.html").read_bytes() == there
    assert "Not written anew" not in done.stdout
    done = bnbench("report", "tiny.yaml", "--markdown", cwd=reproduced)
    older = ("answers.md", "contrasts.csv", "values.csv", "verdicts.csv")
    told = f"Not written anew: {', '.join(older)}; `bnbench reproduce tiny.yaml` writes them all"
    assert told in done.stdout
    assert b"<b>batch norm</b>" not in there
    assert b"&lt;b&gt;batch norm&lt;/b&gt;" in there
    markdown = (reproduced / "again.md").read_text(encoding="utf-8")
    assert "significant" not in markdown.lower()


@pytest.mark.parametrize("command", ["report", "reproduce"])
def test_a_report_lies_beside_the_results_it_is_made_from(
    reproduced: Path, tmp_path: Path, command: str
) -> None:
    write_study(tmp_path)
    results = tmp_path / "elsewhere"
    for run in ("plain", "batch_norm"):
        shutil.copytree(reproduced / "results" / run, results / run)
    before = set(tmp_path.iterdir())
    done = bnbench(command, "tiny.yaml", "--results", results, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = results / "report/tiny/report.html"
    assert page.is_file()
    assert {str(page), f"Look at {page}"} & set(done.stdout.splitlines())
    assert set(tmp_path.iterdir()) == before


def test_claims_are_judged_from_the_runs(reproduced: Path) -> None:
    path = reproduced / "verdicts.csv"
    done = bnbench("claims", "tiny.yaml", "--article", "mine", "--csv", path, cwd=reproduced)
    assert done.returncode == 0, done.stderr
    (row,) = rows(path)
    assert row["claim"] == "mine.1"
    assert row["verdict"] in {"SUPPORTED", "REFUTED", "INCONCLUSIVE"}
    assert row["n"] == "2"


def test_one_s_own_study_is_known_once_it_was_run(reproduced: Path, tmp_path: Path) -> None:
    done = bnbench("claims", "--article", "mine", "--json", cwd=reproduced)
    (row,) = json.loads(done.stdout)
    assert row["claim"] == "mine.1"
    verdict = row["verdict"].lower()
    again = bnbench("claims", "--article", "mine", "--verdict", verdict, cwd=reproduced)
    assert "mine.1" in again.stdout
    page = tmp_path / "report.html"
    assert bnbench("report", "--out", page, cwd=reproduced).returncode == 0
    assert "Does it help?" in page.read_text(encoding="utf-8")


def test_reproduce_for_programs(reproduced: Path) -> None:
    done = bnbench("reproduce", "tiny.yaml", "--json", cwd=reproduced)
    said = json.loads(done.stdout)
    assert said["answers"][0]["question"] == "Does it help?"
    assert said["verdicts"] == {"INCONCLUSIVE": 1}
    assert said["reference"] is None
    assert all((reproduced / path).is_file() for path in said["files"])


def test_contrasts_are_the_runs(reproduced: Path) -> None:
    """The mean difference, recomputed from the epoch logs by hand."""
    arms = []
    for name in ("batch_norm", "plain"):
        logs = sorted((reproduced / "results" / name).glob("seed-*/epochs.csv"))
        arms.append([float(rows(log)[0]["validation_accuracy"]) for log in logs])
    expected = sum(there - here for there, here in zip(*arms, strict=True)) / 2
    found = {row["metric"]: row for row in rows(reproduced / "results/report/tiny/contrasts.csv")}
    difference = float(found["validation_accuracy@1"]["paired_mean_difference"])
    assert difference == pytest.approx(expected)


def test_kept_runs_are_enough_for_the_verdicts(reproduced: Path) -> None:
    kept = reproduced / "results/report/tiny/runs"
    names = {path.name for path in kept.rglob("*") if path.is_file()}
    assert names == {"plain.tar.xz", "batch_norm.tar.xz", "tiny.json"}
    with tarfile.open(kept / "plain.tar.xz") as packed:
        inside = {Path(name).name for name in packed.getnames()}
    assert inside >= {"config.yaml", "manifest.json", "epochs.csv", "evaluations.csv"}
    done = bnbench("claims", "tiny.yaml", "--article", "mine", "--results", kept, cwd=reproduced)
    again = bnbench("claims", "tiny.yaml", "--article", "mine", cwd=reproduced)
    assert done.stdout == again.stdout


def test_kept_runs_get_more_seeds(reproduced: Path, tmp_path: Path) -> None:
    """What a report keeps has no weights: enough for a study, not for whoever trains."""
    kept, here = reproduced / "results/report/tiny", tmp_path / "more"
    merged = bnbench("merge", kept, "plain", "batch_norm", "--results", here, cwd=reproduced)
    assert merged.returncode == 0, merged.stderr
    assert "4 runs taken" in merged.stdout
    there = {path: path.read_bytes() for path in here.rglob("*.*") if path.is_file()}
    assert not [path for path in there if path.name in ("weights.pt", "batches.csv")]
    study = ("tiny.yaml", "--seeds", 3, "--results", here)
    assert "6 runs: 4 finished, 2 to run" in bnbench("plan", *study, cwd=reproduced).stdout
    train = bnbench("train", "-c", "plain.yaml", "--seed", 0, "--results", here, cwd=reproduced)
    assert train.returncode == 2
    assert "weights.pt (missing" in train.stderr
    done = bnbench("reproduce", *study, cwd=reproduced)
    assert done.returncode == 0, done.stderr
    assert there == {path: path.read_bytes() for path in there}
    found = rows(here / "report/tiny/values.csv")
    assert {row["seed"] for row in found if row["label"] == "plain"} == {"0", "1", "2"}


def test_a_changed_setting_is_named_and_never_overwritten(tmp_path: Path) -> None:
    write_study(tmp_path)
    assert bnbench("reproduce", "tiny.yaml", "--seeds", 1, cwd=tmp_path).returncode == 0
    config = tmp_path / "plain.yaml"
    edit_text(config, "epochs: 2", "epochs: 3")
    plan = bnbench("plan", "tiny.yaml", "--seeds", 1, cwd=tmp_path)
    assert "training.epochs: 2" in " ".join(plan.stdout.split())
    before = contents(tmp_path)
    done = bnbench("reproduce", "tiny.yaml", "--seeds", 1, cwd=tmp_path)
    assert done.returncode == 2
    assert "training.epochs: 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("config: plain.yaml", "config: absent.yaml", "config: is no file beside the study: there"),
        ("contrast: lead", "contrast: leed", "leed"),
        (
            "{config: plain.yaml}",
            "{config: plain.yaml, overrides: {training.epoch: 1}}",
            "training.epoch: ",
        ),
    ],
)
def test_a_wrong_study_is_one_line_and_leaves_nothing(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    write_study(tmp_path, STUDY.replace(old, new))
    before = sorted(tmp_path.rglob("*"))
    for command in ("reproduce", "plan"):
        done = bnbench(command, "tiny.yaml", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert sorted(tmp_path.rglob("*")) == before


def test_arms_that_share_no_seed_are_refused_by_every_command(
    reproduced: Path, tmp_path: Path
) -> None:
    write_study(tmp_path)
    for run in ("plain/seed-0", "batch_norm/seed-1"):
        shutil.copytree(reproduced / "results" / run, tmp_path / "results" / run)
    before = contents(tmp_path)
    for command in (
        ("report", "tiny.yaml"),
        ("claims", "tiny.yaml"),
        ("compare", "batch_norm", "--baseline", "plain"),
    ):
        done = bnbench(*command, cwd=tmp_path)
        assert done.returncode == 2, (command, done.stderr)
        said = "batch_norm has seed 1, plain has seed 0: none is shared"
        assert said in " ".join(done.stderr.split())
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert contents(tmp_path) == before


def test_the_manifest_names_the_code(reproduced: Path) -> None:
    manifest = json.loads((reproduced / "results/plain/seed-0/manifest.json").read_text())
    assert "bnbench.training.loop" in manifest["code"]


def test_a_folder_without_its_manifest_is_nobodys_to_replace(
    reproduced: Path, tmp_path: Path
) -> None:
    """A finished run that lost it, or files of somebody's own: named, and left as they are."""
    write_study(tmp_path)
    shutil.copytree(reproduced / "results", tmp_path / "results")
    (tmp_path / "results/plain/seed-0/manifest.json").unlink()
    before = contents(tmp_path)
    for command in ("reproduce", "report", "claims"):
        done = bnbench(command, "tiny.yaml", cwd=tmp_path)
        assert done.returncode == 2, (command, done.stderr)
        assert "results/plain/seed-0: " in done.stderr
        assert "no manifest.json" in done.stderr
        assert contents(tmp_path) == before
    assert "having no manifest.json" in bnbench("plan", "tiny.yaml", cwd=tmp_path).stdout
