"""The whole report: what stands in it, in which order, and that it is the same file every time."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from bnbench.claims import Claim, Judgement, Outcome, Verdict
from bnbench.config import load_study
from bnbench.errors import BnbenchError
from bnbench.findings.names import arm_title, study_title
from bnbench.findings.results import RunNote, StudyFindings
from bnbench.report.appendix import Listing, appendix, read_appendix
from bnbench.report.claim_part import ClaimsPart, claims_part
from bnbench.report.figures import draw_all
from bnbench.report.figures.figure import Source
from bnbench.report.notes import by_seed
from bnbench.report.page import Page, markdown, write_report
from bnbench.report.study_part import StudyPart, _titled, study_part
from tests.unit.conftest import MakeRun
from tests.unit.report.study.conftest import SWEEP, construct, law, load, predictions_of


def _record(experiment: str, seed: int, config: str, **manifest: object) -> dict[str, object]:
    """What the files of a run hold, as the appendix reads them."""
    of_run = {"experiment": experiment, "seed": seed}
    return {"config": yaml.safe_load(config), "manifest": of_run | manifest}


RUNS = [_record("plain", seed, "experiment: plain\n") for seed in range(2)]


def _judgement(
    claim: str,
    *studies: str,
    article: str = "A0",
    verdict: Verdict = Verdict.SUPPORTED,
    text: str = "It helps.",
) -> Judgement:
    tests = [
        {
            "aspect": "direction",
            "study": name,
            "contrast": "corrected",
            "rule": "higher",
            "metric": "test_accuracy",
        }
        for name in studies
    ]
    about = {"not_testable": "opinion"} if not tests else {"tests": tests}
    parsed = Claim.model_validate(
        {"id": claim, "article": article, "claim": text, "claimed": "+3 pp", **about}
    )
    test = parsed.tests[0] if tests else None
    return Judgement(parsed, test, Outcome(verdict, 6, "+1 pp"))


def _part(found: StudyFindings, curves: pd.DataFrame) -> StudyPart:
    predictions = [predictions_of(found.study)] if found.published else []
    return study_part(found, draw_all(Source(found, curves)), predictions)


def _page(*parts: StudyPart, judgements: tuple[Judgement, ...] = ()) -> Page:
    return Page(parts, (), claims_part(judgements, ["first"]), tuple(appendix(RUNS)))


def _curves(*experiments: str) -> pd.DataFrame:
    rows = [
        {"experiment": name, "split": split, "kind": kind, "seed": 0, "status": "complete",
         "epoch": epoch, "accuracy": 0.9 + epoch / 100, "images": 100, "n": 1}
        for name in experiments
        for split in ("train", "validation")
        for kind in ("run", "mean")
        for epoch in (1, 2)
    ]  # fmt: skip
    columns = ["experiment", *rows[0]] if rows else ["experiment"]
    return pd.DataFrame(rows, columns=list(dict.fromkeys(columns))).assign(
        lower=float("nan"), upper=float("nan")
    )


@pytest.fixture(scope="module")
def parts(
    headline: StudyFindings, sweep: StudyFindings, ladder: StudyFindings
) -> tuple[StudyPart, ...]:
    curves = _curves("lenet5", "lenet5_batchnorm")
    return (
        _part(headline, curves), _part(sweep, _curves()), _part(ladder, _curves()),
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(parts: tuple[StudyPart, ...]) -> Page:
    return _page(*parts, judgements=(_judgement("A0.1", "first"),))


def test_a_change_has_a_table_and_a_row_of_the_paired_figure(path: Path, root: Path) -> None:
    changes = """changes:
  grown: {{after: sgd, before: 'sgd@0.1,0', metrics: [validation_accuracy@last]}}
  one: {{after: 'sgd@3,0', before: 'sgd@0.1,0', metrics: [validation_accuracy@last]}}
answered_by:
  - {{says: at the ends, contrasts: [one], metrics: [validation_accuracy@last], yes: lower}}
small:"""
    found = construct(load(SWEEP.replace("small:", changes), path, root), law)
    part = _part(found, _curves())
    titles = [group.title for group in part.groups if group.title.startswith("How the lead")]
    assert titles == [
        "How the lead changes: “lead in sgd” against “lead in sgd at learning rate 0.1, dropout 0”",
        "How the lead changes: “lead in sgd at learning rate 3, dropout 0”"
        " against “lead in sgd at learning rate 0.1, dropout 0”",
    ]
    (grown,) = (group for group in part.groups if group.title == titles[0])
    assert len(grown.tables[0].rows) == 6
    assert grown.tables[0].rows[0][0] == "learning rate 0.001, dropout 0"
    assert {"first lead", "second lead"} < set(grown.tables[0].header)
    assert grown.tables[0].rows[0][3].endswith(" pp")
    assert "lead in sgd at" in "".join(one.svg for one in part.pictures if "paired" in one.name)
    assert "“lead in sgd at learning rate 3”" in part.answer.sentences[0]


def test_what_is_read_first_comes_first(page: Page) -> None:
    text = markdown(page, figures="figures")
    assert re.findall("^#+ (.*)", text, re.MULTILINE) == [
        "Does batch norm help? Published claims and their re-runs",
        "First",
        "“batch norm” against “plain”",
        "The published accuracies",
        "“batch norm” against “plain”, image by image",
        "Rates",
        "“batch norm” against “plain”, by learning rate and dropout",
        "“batch norm” against “plain”, each at its best for validation accuracy after the last"
        " epoch",
        "Defects",
        "“batch norm” against “LeNet-5 as published”, by recipe",
        "The lead in the other recipes",
        "What corrections do to “plain”",
        "What corrections do to “batch norm”",
        "How the lead changes: one switch corrected on its rung",
        "How the lead changes: one switch corrected alone, in the published recipe",
        "How the lead changes: one switch corrected last, with all others corrected",
        "Claims",
        "The articles",
        "How to read the numbers",
    ]
    first = text.index("## First")
    assert text.index("Does it help?") < text.index("](figures/first-paired.svg)") < first
    assert "Reduced run: most images." in text
    assert re.findall(r"]\(figures/(.*?)\.svg\)", text) == [*page.pictures]
    assert "batch_norm" not in text  # titles, never keys


def test_only_the_report_on_one_study_has_rare_columns_and_listings(
    parts: tuple[StudyPart, ...],
) -> None:
    one, several = (markdown(_page(*of), figures=None) for of in (parts[:1], parts))
    marks = ("More columns: ", "d_z is ", "## Configurations and manifests")
    assert [(mark in one, mark in several) for mark in marks] == [(True, False)] * 3
    assert "| mean difference |" in several
    assert "The report on one study has it" in several


def test_a_page_over_claims_of_ones_own_names_no_article(parts: tuple[StudyPart, ...]) -> None:
    own = _judgement("mine.1", "first", article="mine")
    text = markdown(_page(parts[0], judgements=(own,)), figures=None)
    assert text.startswith("# First\n")
    assert "## Claims" in text
    assert "The articles" not in text


def test_a_study_is_called_by_its_title(headline: StudyFindings) -> None:
    study = dataclasses.replace(headline.study, title="LeNet-5, twice")
    assert study_title(study) == "LeNet-5, twice"
    assert study_title(dataclasses.replace(study, title="", name="two_words_small")) == "Two words"


def test_a_lead_is_called_by_its_contrast_whatever_its_name(headline: StudyFindings) -> None:
    study = headline.study
    known = dataclasses.replace(study.contrasts[0], name="leader")
    named = dataclasses.replace(study, contrasts=(known, *study.contrasts[1:]))
    assert arm_title(named, "leader") == "lead in leader"


def test_a_paired_figure_says_what_its_rows_differ_from(headline: StudyFindings) -> None:
    curves = _curves("lenet5", "lenet5_batchnorm")
    (paired,) = (one for one in _part(headline, curves).all_pictures if "paired" in one.name)
    assert paired.caption == "How much each row differs from “plain”, seed by seed."


def test_runs_that_are_missing_share_a_line(headline: StudyFindings) -> None:
    runs = (RunNote("a", 6, "missing"), RunNote("a", 7, "missing"), RunNote("b", 6, "lost"))
    page = _page(_part(dataclasses.replace(headline, missing=runs), _curves()))
    text = markdown(page, figures=None)
    assert "Not run or not finished: 3 runs" in text
    assert "- a, seeds 6, 7: missing\n" in text


def test_arms_that_failed_at_every_seed_are_named(
    headline: StudyFindings, sweep: StudyFindings
) -> None:
    """Only "plain" does at a rate of 3, with either dropout."""
    assert study_part(headline, ()).failed == ""
    failed = study_part(sweep, ()).failed
    assert failed.startswith("Failed at every seed: “plain")
    assert re.findall(r"rate (\S+), dropout (\S+)”", failed) == [("3", "0"), ("3", "0.5")]


def test_chosen_figures_stand_at_the_head_in_their_order(headline: StudyFindings) -> None:
    curves = _curves("lenet5", "lenet5_batchnorm")
    study = dataclasses.replace(headline.study, figures=("curves", "paired"))
    chosen = _part(dataclasses.replace(headline, study=study), curves)
    names = [picture.name.rpartition("-")[2] for picture in chosen.pictures]
    assert names == ["curves", "paired"]
    assert chosen.pictures == tuple(chosen.all_pictures)


def test_the_report_is_the_same_bytes_twice(parts: tuple[StudyPart, ...], tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        out = tmp_path / name / "report.html"
        paths = write_report(_page(*parts[:2]), out, with_markdown=True)
        assert sorted(paths) == sorted(path for path in out.parent.rglob("*") if path.is_file())
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    whole, text = (paths[place].read_text(encoding="utf-8") for place in (0, 1))
    assert "significant" not in (whole + text).lower()
    assert str(tmp_path) not in whole + text


def test_a_lean_markdown_leaves_figures_and_appendix_to_the_html(
    parts: tuple[StudyPart, ...], tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    paths = write_report(_page(parts[0]), out, with_markdown=True, lean=True)
    assert paths == [out, tmp_path / "report.md"]
    whole, text = (path.read_text(encoding="utf-8") for path in paths)
    for mark in ("<svg", "Configurations and manifests"):
        assert mark in whole
        assert mark not in text
    assert "![" not in text
    assert "- plain, seed 9: not run" in text


def test_a_report_shows_its_own_claims_and_folds_the_open_ones() -> None:
    judgements = (
        _judgement("A0.1", "first"),
        _judgement("A0.1", "first", verdict=Verdict.REFUTED),
        _judgement("A0.2", "second", verdict=Verdict.OPEN),
        _judgement("A0.3", "second"),
        _judgement("A0.4", verdict=Verdict.NOT_TESTABLE),
    )
    part = claims_part(judgements, ["first_small"])
    assert [claim.title for claim in part.shown] == [
        "mixed · A0.1: It helps.", "not testable · A0.4: It helps.",
    ]  # fmt: skip
    assert [verdict for _, verdict, _ in part.shown[0].aspects] == ["supported", "refuted"]
    assert part.open == ("A0.2, direction: +1 pp",)
    assert part.counts.startswith(
        "2 claims in 3 aspects, by 1 different test: 1 not testable, 1 mixed."
    )
    assert claims_part(judgements, ["of_one_s_own"]) == ClaimsPart((), (), 0)


def test_a_claim_says_how_many_of_its_aspects_are_decided() -> None:
    judgements = (
        _judgement("A0.1", "first"),
        _judgement("A0.1", "first", verdict=Verdict.INCONCLUSIVE),
    )
    (shown,) = claims_part(judgements, ["first"]).shown
    assert shown.title == "supported · A0.1: It helps. (1 of 2 aspects decided)"


def test_a_study_of_ones_own_shows_no_claims_of_the_articles() -> None:
    judgements = (
        _judgement("A0.1", "first"), _judgement("A0.2"), _judgement("mine.1", "mine", article="me"),
    )  # fmt: skip
    part = claims_part(judgements, ["mine"])
    assert [claim.title for claim in part.shown] == ["supported · mine.1: It helps."]
    assert part.articles == ()


def test_texts_from_configs_and_manifests_stay_text(nasty: StudyFindings, tmp_path: Path) -> None:
    text = nasty.study.question
    judgements = (_judgement("A0.1", "first", text=text),)
    listings = appendix([_record(text, 0, f"description: {text}\n", error="<i>")])
    page = Page((_part(nasty, _curves()),), (), claims_part(judgements, ["first"]), tuple(listings))
    out = tmp_path / "report.html"
    write_report(page, out, with_markdown=True)
    whole, beside = (out.with_suffix(end).read_text(encoding="utf-8") for end in (".html", ".md"))
    assert whole.count("<script>") == 1
    assert whole.count("&lt;script&gt;alert(") > 10
    assert "<script>" not in "".join(beside.split("```")[::2])


@pytest.mark.parametrize("name", ["report.md", "report", "report.txt"])
def test_a_report_is_html(tmp_path: Path, name: str) -> None:
    with pytest.raises(BnbenchError, match="must be an HTML file"):
        write_report(_page(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_appendix_is_what_stands_in_the_folders(
    make_run: MakeRun,
) -> None:
    runs = [make_run("plain", 1, [0.9]), make_run("plain", 0, [0.8]), make_run("b", 0, [0.8])]
    records = read_appendix(runs)
    files = [run.manifest.read_text(encoding="utf-8") for run in (runs[2], runs[1], runs[0])]
    assert [record["manifest"] for record in records] == list(map(json.loads, files))
    assert records[2]["config"] == yaml.safe_load(runs[0].config.read_text(encoding="utf-8"))


def test_an_experiment_names_the_usual_fields_that_it_is_without() -> None:
    """But for those of a section that it has as a whole."""
    texts = [
        "norm: {momentum: 0.1}\nbeta: 0.9\n", "norm: {momentum: 0.1}\nbeta: 0.9\n", "norm: null\n",
    ]  # fmt: skip
    runs = [_record(str(place), 0, text) for place, text in enumerate(texts)]
    usual, *_, other = appendix(runs)
    assert usual.text == "config.beta: 0.9\nconfig.norm.momentum: 0.1\nmanifest.seed: 0\n"
    assert other.text == "seeds: 0\nconfig.norm: null\nwithout: config.beta\n"


def test_every_shared_field_can_be_read_back_from_the_appendix() -> None:
    """What an experiment's seeds have in common: its own lines, else the usual values."""
    runs = [
        _record(
            name,
            seed,
            f"experiment: {name}\nmodel: {{name: {name}, width: {width}}}\nrate: 0.1\n",
            code={"loop": "abc"},
            final={"loss": seed / 8},
        )
        for name, width, seeds in (("plain", 6, 3), ("wide", 16, 2))
        for seed in range(seeds)
    ]
    usual, plain, wide = appendix(runs)
    assert usual == Listing(
        "usual values",
        'config.model.name: "plain"\nconfig.model.width: 6\nconfig.rate: 0.1\n'
        'manifest.code.loop: "abc"\n',
    )
    assert plain == Listing("plain", "seeds: 0, 1, 2\n")
    assert wide == Listing(
        "wide", 'seeds: 0, 1\nconfig.model.name: "wide"\nconfig.model.width: 16\n'
    )


def test_a_missing_run_is_called_by_the_title_of_its_arm(root: Path) -> None:
    """Not "learning_rate/plain@0.01", which says nothing to a reader."""
    study = load_study(root / "configs/studies/learning_rate.yaml")
    arm = next(arm for arm in study.arms.values() if arm.point)
    notes = [RunNote(arm.experiment.experiment, seed, "missing") for seed in (3, 4)]
    titled = f"“{arm.title}, learning rate {arm.point[0]:g}”"
    assert by_seed(_titled(study, notes)) == [f"{titled}, seeds 3, 4: missing"]
