"""The whole report: what stands in it, and that it is the same file every time."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest

from bnbench.errors import BnbenchError
from bnbench.findings.results import StudyFindings
from bnbench.report.appendix import AppendixRun, appendix, read_appendix
from bnbench.report.document import Document, Listing, Picture, Section
from bnbench.report.study_report import ReportedStudy, report_document, write_report
from bnbench.report.study_section import study_section
from bnbench.report.verdicts import VerdictRow, verdict_table
from bnbench.runs import Run

VERDICTS = [
    VerdictRow(
        "A0.1", "first", "It | helps <b>.", "level", "SUPPORTED", "", "+1 pp", "+3 pp", "first"
    )
]
RUNS = [
    AppendixRun("plain", seed, "experiment: plain\n", f'{{"seed": {seed}}}') for seed in range(2)
]


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


@pytest.fixture(scope="session")
def studies(
    headline: StudyFindings, sweep: StudyFindings, ladder: StudyFindings
) -> list[ReportedStudy]:
    curves = _curves("lenet5", "lenet5_batchnorm")
    return [ReportedStudy(headline, curves), ReportedStudy(sweep), ReportedStudy(ladder)]


def _titles(sections: Iterable[Section]) -> list[str]:
    return [title for one in sections for title in (one.title, *_titles(one.sections))]


def _pictures(sections: Iterable[Section]) -> list[Picture]:
    found: list[Picture] = []
    for section in sections:
        found += [block for block in section.blocks if isinstance(block, Picture)]
        found += _pictures(section.sections)
    return found


@pytest.fixture(scope="session")
def document(studies: list[ReportedStudy]) -> Document:
    return report_document(studies, VERDICTS, RUNS)


def test_sections_come_in_the_readers_order(document: Document) -> None:
    assert _titles(document.sections) == [
        "Questions and answers", "first", "rates small", "defects",
        "Verdicts",
        "How to read the numbers",
        "Study: first",
        "corrected: “batch norm” against “plain”",
        "The published accuracies",
        "corrected: answer by answer",
        "Not run, failed or diverged",
        "Study: rates small",
        "sgd: “batch norm” against “plain”",
        "best sgd: each side at its best value",
        "Not run, failed or diverged",
        "Study: defects",
        "The ladder",
        "What each switch does",
        "Not run, failed or diverged",
        "Appendix: configurations and manifests",
    ]  # fmt: skip


def test_every_figure_has_a_file_name_of_its_own(document: Document) -> None:
    assert [picture.name for picture in _pictures(document.sections)] == [
        "first-paired", "first-corrected-curves", "first-published", "rates_small-paired",
        "rates_small-sgd", "defects-ladder", "defects-effects",
    ]  # fmt: skip


def test_chosen_figures_stand_at_the_head_in_their_order(headline: StudyFindings) -> None:
    curves = _curves("lenet5", "lenet5_batchnorm")
    everywhere = study_section(headline, curves)
    study = dataclasses.replace(headline.study, figures=("curves", "paired"))
    chosen = study_section(dataclasses.replace(headline, study=study), curves)
    drawn = [block for block in chosen.blocks if isinstance(block, Picture)]
    assert [picture.name for picture in drawn] == ["first-corrected-curves", "first-paired"]
    assert _pictures([chosen]) == drawn
    assert _titles([chosen]) == _titles([everywhere])
    beside = [one for one in _pictures([everywhere]) if one.kind != "published"]
    assert sorted(drawn, key=repr) == sorted(beside, key=repr)


def test_the_report_is_the_same_bytes_twice(studies: list[ReportedStudy], tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        paths = write_report(
            studies[:2], VERDICTS, RUNS, tmp_path / name / "report.html", with_markdown=True
        )
        folder = tmp_path / name
        assert sorted(paths) == sorted(path for path in folder.rglob("*") if path.is_file())
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    names = [path.relative_to(tmp_path / "two").as_posix() for path in paths]
    assert names[:3] == ["report.html", "report.md", "report-figures/first-paired.svg"]
    page, text = (paths[place].read_text(encoding="utf-8") for place in (0, 1))
    assert "significant" not in (page + text).lower()
    assert str(tmp_path) not in page + text
    linked = re.findall(r"]\((report-figures/.*?)\)", text)
    assert linked == names[2:]


def test_without_markdown_there_is_one_file(headline: StudyFindings, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.html"
    assert write_report([ReportedStudy(headline)], [], [], out) == [out]
    assert list(out.parent.iterdir()) == [out]
    page = out.read_text(encoding="utf-8")
    assert "plain, seed 9: not run" in page
    assert "Verdicts" not in page
    assert "Appendix" not in page


def test_verdicts_stand_under_their_claims_words() -> None:
    rows = [
        VerdictRow("A0.1", "A0", "It helps.", "level", "REFUTED", "smaller", "+1 pp", "+3 pp"),
        VerdictRow("A0.1", "A0", "It helps.", "direction", "SUPPORTED", "", "+1 pp", "+3 pp"),
        VerdictRow("A0.2", "A0", "It ends.", "", "OPEN", "", "needs: a probe", "98 %"),
    ]
    table = verdict_table(rows)
    assert table.groups == [
        (
            "A0.1 It helps. Published: +3 pp.",
            [("level", "REFUTED: smaller", "+1 pp"), ("direction", "SUPPORTED", "+1 pp")],
        ),
        ("A0.2 It ends. Published: 98 %.", [("", "OPEN", "needs: a probe")]),
    ]


def test_a_lean_markdown_leaves_figures_and_appendix_to_the_html(
    studies: list[ReportedStudy], tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    paths = write_report(studies[:1], VERDICTS, RUNS, out, with_markdown=True, lean=True)
    assert paths == [out, tmp_path / "report.md"]
    assert sorted(tmp_path.iterdir()) == paths
    page, text = (path.read_text(encoding="utf-8") for path in paths)
    assert "Appendix" in page
    assert "<svg" in page
    assert "Appendix" not in text
    assert "![" not in text
    assert "## Study: first" in text


def test_many_missing_runs_are_folded(headline: StudyFindings) -> None:
    for count, folded in ((12, 0), (13, 1)):
        lines = tuple(f"plain, seed {seed}: not run" for seed in range(count))
        found = dataclasses.replace(headline, missing=lines)
        last = study_section(found, _curves()).sections[-1]
        assert last.title == "Not run, failed or diverged"
        assert sum(isinstance(block, Listing) for block in last.blocks) == folded
        assert f"Not run or not finished: {count} runs" in repr(last)
        assert lines[-1] in repr(last)


def test_what_is_small_says_what_it_gives_up(document: Document) -> None:
    texts = repr(document)
    assert "Small variant, which gives up: most images." in texts
    assert "This is the small variant. It gives up: most images." in texts


def test_texts_from_configs_and_manifests_stay_text(nasty: StudyFindings, tmp_path: Path) -> None:
    text = nasty.study.question
    out = tmp_path / "report.html"
    verdicts = [dataclasses.replace(VERDICTS[0], statement=text)]
    runs = [AppendixRun(text, 0, f"description: {text}\n", f'{{"error": "{text}"}}')]
    write_report([ReportedStudy(nasty)], verdicts, runs, out, with_markdown=True)
    page, markdown = (out.with_suffix(end).read_text(encoding="utf-8") for end in (".html", ".md"))
    assert page.count("<script>") == 1
    assert page.count("&lt;script&gt;alert(&#39;x&#39;)") > 10
    outside_fences = "".join(markdown.split("```")[::2])
    assert "<script>" not in outside_fences
    (title,) = [line for line in markdown.splitlines() if line.startswith("| **A0.1")]
    assert len(re.findall(r"(?<!\\)\|", title)) == 4  # three cells


@pytest.mark.parametrize("name", ["report.md", "report", "report.txt"])
def test_a_report_is_html(tmp_path: Path, name: str) -> None:
    with pytest.raises(BnbenchError, match="must be an HTML file"):
        write_report([], [], [], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BnbenchError, match="cannot be written"):
        write_report([], [], [], tmp_path / "file" / "report.html")


def test_the_appendix_is_what_stands_in_the_folders(
    make_run: Callable[..., Run],
) -> None:
    runs = [make_run("plain", 1, [0.9]), make_run("plain", 0, [0.8]), make_run("b", 0, [0.8])]
    records = read_appendix(runs)
    assert [(one.experiment, one.seed) for one in records] == [("b", 0), ("plain", 0), ("plain", 1)]
    assert records[2].manifest == runs[0].manifest.read_text(encoding="utf-8")
    assert records[2].configuration == runs[0].config.read_text(encoding="utf-8")


def _listed(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Read a listing back: its lines, and the table below them."""
    lines = text.splitlines()
    first = next((place for place, line in enumerate(lines) if ": " not in line), len(lines))
    fields = dict(line.split(": ", 1) for line in lines[:first])
    return fields, list(csv.DictReader(lines[first:]))


def test_every_field_can_be_read_back_from_the_appendix() -> None:
    """A run's own line, then its experiment, then the usual values."""
    runs = [
        AppendixRun(
            name,
            seed,
            f"model: {{name: {name}, width: {width}}}\nrate: 0.1\n",
            json.dumps({"seed": seed, "code": {"loop": "abc"}, "final": {"loss": seed / 8}}),
        )
        for name, width, seeds in (("plain", 6, 3), ("wide", 16, 2))
        for seed in range(seeds)
    ]
    blocks = [block for block in appendix(runs).blocks if isinstance(block, Listing)]
    assert [block.title for block in blocks] == ["usual values", "plain", "wide"]
    usual, _ = _listed(blocks[0].text)
    assert usual == {
        "config.model.name": '"plain"', "config.model.width": "6", "config.rate": "0.1",
        "manifest.code.loop": '"abc"',
    }  # fmt: skip
    for block, name, width, seeds in ((blocks[1], "plain", 6, 3), (blocks[2], "wide", 16, 2)):
        own, rows = _listed(block.text)
        fields = usual | own
        assert (fields["config.model.name"], fields["config.model.width"]) == (
            json.dumps(name), str(width),
        )  # fmt: skip
        assert rows == [
            {"manifest.seed": str(seed), "manifest.final.loss": str(seed / 8)}
            for seed in range(seeds)
        ]
    assert appendix(runs[:1]).blocks[-1] == Listing("plain", "")
