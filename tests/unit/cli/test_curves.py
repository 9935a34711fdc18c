"""The chart that `bnbench demo` draws: where its marks stand, by hand."""

from __future__ import annotations

from bnbench.cli.curves import AXIS, chart


def test_marks_stand_where_the_values_are() -> None:
    lines = chart({"plain": [0.5, 0.75, 1.0], "other": [1.0]}, epochs=3, width=AXIS + 5, height=5)
    assert lines[:6] == [
        "100.0 % │+   o",
        "        │   o",
        "        │  o",
        "        │ o",
        " 50.0 % │o",
        "        └─────",
    ]
    legend = ["       o plain: 100.0 %", "       + other: 100.0 %", "       # where they meet"]
    assert lines[-3:] == legend


def test_where_curves_meet_and_before_there_are_any() -> None:
    assert "#" in chart({"a": [0.5, 0.7], "b": [0.5, 0.7]}, epochs=2)[0]
    empty = chart({"a": [], "b": []}, epochs=2, height=2)
    assert empty[:2] == ["        │", "        │"]
    assert empty[-3:-1] == ["       o a", "       + b"]


def test_no_line_is_wider_than_asked() -> None:
    curves = {"a": [index / 40 for index in range(40)], "b": [0.3]}
    for width in (30, 79):
        assert max(map(len, chart(curves, epochs=40, width=width))) <= width
