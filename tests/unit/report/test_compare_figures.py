"""The files of figures that `compare` writes, drawn."""

from __future__ import annotations

from pathlib import Path

from bnbench.report.comparison import compare
from bnbench.report.comparison_files import write_comparison
from tests.unit.conftest import MakeRun

TABLES = {f"{name}.csv" for name in ("experiments", "levels", "contrasts", "values")}
FIGURES = ["accuracy-plain", "accuracy-normalized", "accuracy", "difference", "loss"]


def test_each_figure_comes_as_png_svg_and_its_table_the_same_twice(
    make_run: MakeRun, tmp_path: Path
) -> None:
    runs = [
        make_run(name, seed, [first + 0.01 * seed, 0.97]).path
        for name, first in (("plain", 0.93), ("normalized", 0.95))
        for seed in range(3)
    ]
    out, again = tmp_path / "new" / "figures with ö", tmp_path / "again"
    paths = write_comparison(compare(runs), out)
    expected = {f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg", "csv")}
    assert {path.name for path in out.iterdir()} == expected | TABLES
    assert sorted(paths) == sorted(out.iterdir())
    assert (out / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert b"</svg>" in (out / "accuracy.svg").read_bytes()
    write_comparison(compare(runs), again)
    for path in out.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
