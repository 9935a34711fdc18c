"""The whole way from run directories to files, but for the drawing."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bnbench.cli.terminal import captioned, show_captioned
from bnbench.errors import BnbenchError
from bnbench.plots import style
from bnbench.plots.accuracy import plot_experiments
from bnbench.plots.difference import plot_difference
from bnbench.report.comparison import Comparison, compare
from bnbench.report.comparison_files import write_comparison
from bnbench.report.comparison_table import (
    CAPTION,
    comparison_table,
    for_github,
)
from bnbench.report.table import Table
from tests.invoke import invoke
from tests.unit.conftest import MakeRun

pytestmark = pytest.mark.usefixtures("undrawn")
LAST = "validation, last epoch (%)"
"""The row of the table."""
SETTINGS = {
    "published/plain": {"published": {"source": "lenet5_article", "arm": "regular"}},
    "published/normalized": {"published": {"source": "lenet5_article", "arm": "batch_norm"}},
}


@pytest.fixture
def results(make_run: MakeRun, tmp_path: Path) -> Path:
    """Two experiments over three seeds."""
    rng = np.random.default_rng(sum(map(ord, "bnbench")))
    for name, first in (("published/plain", 0.93), ("published/normalized", 0.96)):
        for seed in range(3):
            curve = np.round(np.linspace(first, 0.985, 10) + rng.normal(0, 0.002, 10), 4).tolist()
            make_run(name, seed, curve, settings=SETTINGS[name])
    return tmp_path / "results" / "published"


def _paths(results: Path) -> list[Path]:
    return [results / "plain", results / "normalized"]


def test_figures_can_be_redrawn_from_their_files_and_show_the_runs(
    results: Path, tmp_path: Path
) -> None:
    write_comparison(compare(_paths(results)), tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "accuracy.csv")
    with style.figure(4) as figure:
        ax = figure.subplots()
        plot_experiments(table, split="validation", ax=ax)
        lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    for name in ("plain", "normalized"):
        files = pd.concat(map(pd.read_csv, results.glob(f"{name}/seed-*/epochs.csv")))
        expected = files.groupby("epoch")["validation_accuracy"].mean()
        drawn = np.asarray(lines[f"published/{name}, mean of 3 seeds"])
        assert drawn == pytest.approx(expected.to_numpy())


def test_the_difference_figure_is_paired_by_seed(results: Path, tmp_path: Path) -> None:
    write_comparison(compare(_paths(results)), tmp_path)
    with style.figure(4) as figure:
        ax = figure.subplots()
        plot_difference(pd.read_csv(tmp_path / "difference.csv"), ax=ax)
        thin = [line.get_ydata() for line in ax.get_lines() if line.get_label() == style.ONE_SEED]
    for seed, drawn in enumerate(thin):
        plain, normalized = (
            pd.read_csv(path / f"seed-{seed}" / "epochs.csv")["validation_accuracy"]
            for path in _paths(results)
        )
        assert np.asarray(drawn) == pytest.approx((100 * (normalized - plain)).to_numpy())


def test_one_experiment_has_its_own_figures_only(results: Path, tmp_path: Path) -> None:
    comparison = compare([results / "plain"])
    names = {path.stem for path in write_comparison(comparison, tmp_path / "out")}
    assert names == {"accuracy-published~plain", "loss", "experiments", "levels", "values"}
    assert comparison.findings == ()


def test_the_first_of_three_experiments_is_the_baseline(results: Path, make_run: MakeRun) -> None:
    third = make_run("third", 0, [0.99] * 10)
    comparison = compare([*_paths(results), third.path])
    contrasts = [
        (found.treatment.label, found.baseline.label, found.n)
        for found in comparison.findings
        if found.metric.text == "validation_accuracy@1"
    ]
    assert contrasts == [
        ("published/normalized", "published/plain", 3),
        ("third", "published/plain", 1),
    ]
    assert any(note.startswith("only published/plain has seeds 1, 2") for note in comparison.notes)


def test_nothing_is_left_out_in_silence(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("plain", 0, [0.9, 0.92, 0.94])
    make_run("plain", 1, [0.9], diverged_of=3)
    make_run("plain", 2, [], diverged_of=3)
    plain = make_run("plain", 3, [0.9, 0.92, 0.94], manifest={"status": "failed", "error": "oops"})
    make_run("plain", 4, [0.9, 0.92, 0.1])
    make_run("plain", 5, [0.91], diverged_of=3)
    short = make_run("short", 0, [0.95, 0.96], manifest={"versions": {"torch": "2.11.0"}})
    short.batches.unlink()
    comparison = compare([plain.path.parent, short.path.parent])
    write_comparison(comparison, tmp_path / "out")
    said = (
        "plain, seed 3: ", "plain, seeds 1, 5: diverged after epoch 1",
        "plain, seed 2: diverged in the first epoch", "plain, seed 4: ended near chance",
        "a run that diverged counts from then on as a network that has learned nothing",
        "only plain has seeds 1, 2, 4, 5", "short has 2 epochs, plain 3",
        "validation is the data set's test file (data.split: published)",
        "the runs were made with different versions of torch: 2.11.0, 2.15.0",
        f"no loss figure: {short.losses} is not there",
    )  # fmt: skip
    for note, beginning in zip(comparison.notes, said, strict=True):
        assert note.startswith(beginning)
    svg = (tmp_path / "out" / "difference.csv").read_text()
    assert "short,plain,run,0,complete,1,5.0" in svg


def test_without_a_common_seed_nothing_is_compared(make_run: MakeRun) -> None:
    runs = [
        make_run("plain", 0, [0.9], settings=SETTINGS["published/plain"]),
        make_run("normalized", 1, [0.95], settings=SETTINGS["published/normalized"]),
    ]
    said = "^normalized has seed 1, plain has seed 0: none is shared.*run both with the same seeds$"
    with pytest.raises(BnbenchError, match=said):
        compare([run.path for run in runs])


def test_a_published_curve_of_other_data_is_not_drawn(make_run: MakeRun, tmp_path: Path) -> None:
    settings = SETTINGS["published/plain"] | {"data": {"dataset": "digits"}}
    comparison = compare([make_run("plain", 0, [0.9], settings=settings).path])
    write_comparison(comparison, tmp_path / "out")
    assert "plain: the published curve is of other data, and is not shown" in comparison.notes
    assert "published,," not in (tmp_path / "out" / "accuracy-plain.csv").read_text()


def test_a_bad_file_is_found_before_anything_is_drawn(results: Path) -> None:
    (results / "normalized" / "seed-2" / "batches.csv").write_text("not a log\n")
    with pytest.raises(BnbenchError, match=r"seed-2/batches.csv: "):
        compare(_paths(results))


def test_a_folder_that_cannot_be_written(results: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(
        BnbenchError, match=r"out: cannot be written .*; give another folder by --out"
    ):
        write_comparison(compare(_paths(results)), tmp_path / "out")


def test_the_table_is_there_before_matplotlib_is_loaded() -> None:
    program = (
        "import sys, bnbench.report.comparison, bnbench.report.comparison_table\n"
        "loaded = {'torch', 'matplotlib', 'seaborn', 'pandas'} & sys.modules.keys()\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _table(comparison: Comparison) -> list[list[str]]:
    text = for_github(comparison_table(comparison))
    assert text.endswith(f"\n\n{CAPTION}\n")
    return [_cells(line) for line in text.splitlines() if line.startswith("|")]


def test_the_table_by_hand(make_run: MakeRun) -> None:
    curves = {
        "published/plain": ([0.94, 0.96], [0.95, 0.97], [0.96, 0.98]),
        "published/normalized": ([0.96, 0.97], [0.97, 0.97], [0.98, 0.97]),
    }
    runs = [
        make_run(name, seed, curve, settings=SETTINGS[name])
        for name, seeds in curves.items()
        for seed, curve in enumerate(seeds)
    ]
    header, rule, *rows = _table(compare([run.path for run in runs]))
    assert header == ["", "published/plain", "published/normalized", "difference (pp)"]
    assert rule == ["---", "---:", "---:", "---:"]
    assert rows == [
        ["runs", "3", "3", "3 paired"],
        ["epochs", "2", "2", "2"],
        ["validation, epoch 1 (%)", "95.00 ± 1.00", "97.00 ± 1.00", "+2.00 [+2.00, +2.00]"],
        ["published (one run)", "93.0", "95.6", "+2.6"],
        [LAST, "97.00 ± 1.00", "97.00 ± 0.00", "+0.00 [−2.48, +2.48]"],
        ["published (one run)", "95.1", "97.3", "+2.2"],
        ["epochs to 97 %", "2.00 (2 of 3)", "≤ 1.00 (3 of 3)", "–"],
        ["published (one run)", "4.40", "1.82", "–"],
        ["epochs to 98 %", "never (1 of 3)", "never (0 of 3)", "–"],
        ["published (one run)", "9.50", "3.67", "–"],
        ["seconds per epoch", "4.0", "4.0", "–"],
    ]


def test_the_table_of_one_run_has_no_spread(make_run: MakeRun) -> None:
    final = {"final": {"epochs": 2, "test_accuracy": 0.9712}}
    held_out = {"data": {"split": "held_out"}}
    run = make_run("plain", 0, [0.9, 0.98], settings=held_out, manifest=final)
    comparison = compare([run.path])
    assert _table(comparison)[2:] == [
        ["runs", "1"],
        ["epochs", "2"],
        ["validation, epoch 1 (%)", "90.00"],
        [LAST, "98.00"],
        ["test, last epoch (%)", "97.12"],
        ["epochs to 97 %", "1.88 (1 of 1)"],  # of 90 and 98 %, 7/8 of the way
        ["epochs to 98 %", "2.00 (1 of 1)"],
        ["seconds per epoch", "4.0"],
    ]


def test_the_table_counts_diverged_runs_at_chance(make_run: MakeRun) -> None:
    runs = [
        make_run("plain", 0, [0.9, 0.95]),
        make_run("plain", 1, [0.8], diverged_of=2),
        make_run("all_diverged", 0, [], diverged_of=2),
        make_run("good", 0, [0.92, 0.96]),
        make_run("good", 1, [0.9, 0.96]),
    ]
    header, _, *rows = _table(compare([run.path for run in runs]))
    table = {row[0]: row[1:] for row in rows}
    assert header[4:] == ["all_diverged − plain (pp)", "good − plain (pp)"]
    assert table["runs"] == ["2 (1 failed)", "1 (1 failed)", "2", "1 paired", "2 paired"]
    assert table["validation, epoch 1 (%)"] == [
        "85.00 ± 7.07", "11.35", "91.00 ± 1.41", "−78.65", "+6.00 [−44.82, +56.82]",
    ]  # fmt: skip
    assert table[LAST] == [
        "53.17 ± 59.15", "11.35", "96.00 ± 0.00", "−83.65", "+42.83 [−488.61, +574.26]",
    ]  # fmt: skip
    assert table["seconds per epoch"] == ["4.0", "–", "4.0", "–", "–"]


def test_no_number_and_no_word_is_broken_at_80_columns(results: Path) -> None:
    """A name is broken after a slash."""
    written = comparison_table(compare(_paths(results)[:2]))
    named = dataclasses.replace(written, header=("", "mine/plain", "mine/batch_norm", "difference"))
    cells = ["+42.83 [−488.61, +574.26]", "53.17 ± 59.15", "never (0 of 6)"]
    rows = [("validation, last epoch (%)", "never (0 of 6)", "53.17 ± 59.15", cells[0])]
    console = Console(width=80)
    with console.capture() as printed:
        console.print(captioned(dataclasses.replace(named, rows=tuple(rows)), narrow=True))
    shown = printed.get()
    assert all(one in shown for one in (*cells, "mine/plain", "validation, last"))
    assert {"mine/batch_", "norm"} <= {*shown.split()}
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("asked", [{"FORCE_COLOR": "1"}, {}], ids=["terminal", "file"])
def test_what_80_columns_have_no_room_for_comes_in_tables_below(
    asked: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every table has the first column, and together they have every cell once."""
    for name, value in {**asked, "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    names = ("", "plain", "small/batch_norm", "small/dropout", "a (pp)", "b (pp)")
    row = ("validation, last epoch (%)", "98.61 ± 0.07", "98.93 ± 0.12", "98.74 ± 0.09",
           "+0.32 [+0.21, +0.43]", "+0.13 [−0.01, +0.27]")  # fmt: skip
    of_levels = ("seconds", "1.2", "1.3", "1.4", "–", "–")
    show_captioned(Table("Read me.", names, (row, of_levels)))
    shown = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    assert max(map(len, shown.splitlines())) <= 80
    assert all(shown.count(cell) == 1 for cell in (*row[1:], "Read me."))
    assert (shown.count("validation,"), shown.count("seconds")) == (2, 1)


def test_files_of_another_comparison_are_said(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = invoke("compare", _paths(results)[0], "--out", out, "--with-runs")
    assert done.stdout.splitlines()[-1] == (
        f"Written into {out}: accuracy-published~plain (png, svg, csv), loss (png, svg, csv),"
        " experiments (csv), levels (csv), values (csv), summary (md), runs/"
    )
    done = invoke("compare", _paths(results)[1], "--out", out)
    of_the_first = len(list(out.glob("accuracy-published~plain.*")))
    assert done.stdout.splitlines()[-1].endswith(f"; beside them {of_the_first} older files")


def test_the_terminal_shows_the_same_cells(results: Path) -> None:
    comparison = compare(_paths(results))
    table = captioned(comparison_table(comparison))
    header, _, *rows = _table(comparison)
    assert [str(column.header) for column in table.columns] == header
    columns = [list(map(str, column.cells)) for column in table.columns]
    assert [list(cells) for cells in zip(*columns, strict=True)] == rows


def test_labels_are_in_the_headers_of_differences_too(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run(name, 0, [accuracy]).path.parent
            for name, accuracy in (("a", 0.9), ("b", 0.95), ("c", 0.93))]  # fmt: skip
    labels = [word for name in ("one", "two", "three") for word in ("--labels", name)]
    out = tmp_path / "out"
    invoke("compare", *runs, *labels, "--format", "svg", "--out", out, "--latex")
    for name in ("summary.md", "summary.tex"):
        text = (out / name).read_text(encoding="utf-8")
        assert re.search(r"two (−|\$-\$|-) ?one", text)
        assert re.search(r"three (−|\$-\$|-) ?one", text)


def test_labels_and_runs_are_in_the_order_of_the_command_line(
    make_run: MakeRun, tmp_path: Path
) -> None:
    """The baseline comes first in the table; its label last, unless it is among the runs."""
    plain, normalized = (
        make_run(name, 0, [accuracy], settings=SETTINGS[f"published/{name}"]).path.parent
        for name, accuracy in (("plain", 0.9), ("normalized", 0.95))
    )
    for runs, labels in (
        ([normalized], ("--labels", "with batch norm", "--labels", "without")),
        ([normalized, plain], ("--labels", "with batch norm", "--labels", "without")),
        ([plain, normalized], ("--labels", "without", "--labels", "with batch norm")),
    ):
        words = (*runs, "--baseline", plain, *labels, "--format", "svg", "--out", tmp_path / "out")
        done = invoke("compare", *words)
        assert "with batch norm and without cannot be told apart: " in done.stdout
        header = (tmp_path / "out/summary.md").read_text(encoding="utf-8").partition("\n")[0]
        assert [cell.strip() for cell in header.split("|")[2:4]] == ["without", "with batch norm"]
    refused = invoke("compare", plain, normalized, "--labels", "a", "--labels", "a")
    assert str(refused.exception).startswith("--labels: two experiments have one name")
    refused = invoke("compare", plain, normalized, "--labels", "a", "b")  # b is a folder, then
    assert "\n--labels takes one name; repeat it for each" in str(refused.exception)
