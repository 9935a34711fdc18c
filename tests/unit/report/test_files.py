"""Tables that a spreadsheet opens run nothing there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bnbench.report.files import write_table


def test_text_that_looks_like_a_formula(tmp_path: Path) -> None:
    cells = ["=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "a=b", "-", ""]
    table = pd.DataFrame({"text": cells, "number": [-1.5, 2, 3, 4, 5, 6], "flag": [True] * 6})
    lines = write_table(table, tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:5] == [
        "'=cmd|' /C calc'!A0,-1.5,True", "'+1,2.0,True", "'@SUM(A1),3.0,True", "a=b,4.0,True",
    ]  # fmt: skip
    read = pd.read_csv(tmp_path / "a.csv")
    assert read["number"].tolist() == table["number"].tolist()
