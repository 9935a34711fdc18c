"""Paths in fewer letters: drawn with a pen that follows SVG's own rules, they are the same."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bnbench.report.short_paths import shortened

HUNDREDTHS = st.integers(-200_000, 200_000)
POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3, "z": 0}


def points_of(path: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Follow a path: each command, and the points that it names, from the origin."""
    at, start, found = (0.0, 0.0), (0.0, 0.0), []
    for letter, text in re.findall(r"([MLQCzhvlqc])([^MLQCzhvlqc]*)", path):
        numbers = [float(one) for one in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?", text)]
        kind = letter.upper() if letter != "z" else "z"
        size = {"H": 1, "V": 1}.get(kind, 2 * POINTS.get(kind, 0))
        for place in range(0, len(numbers), size) if size else [0]:
            values = numbers[place : place + size]
            if kind in "HV":
                values = [values[0], 0.0] if kind == "H" else [0.0, values[0]]
            points = list(zip(values[::2], values[1::2], strict=True))
            if letter.islower() and letter != "z":
                points = [(x + at[0], y + at[1]) for x, y in points]
            at = start if letter == "z" else points[-1]
            start = at if kind == "M" else start
            name = "L" if kind in "HV" else kind
            found.append((name, [(round(x, 2), round(y, 2)) for x, y in points]))
    return found


@st.composite
def paths(draw: st.DrawFn) -> str:
    letters = draw(st.lists(st.sampled_from("LLLQCzM"), max_size=8))
    parts = []
    for letter in ["M", *letters]:
        numbers = [f"{draw(HUNDREDTHS) / 100:g}" for _ in range(2 * POINTS[letter])]
        parts.append(" ".join([letter, *numbers]))
    return " ".join(parts)


@given(paths())
def test_the_same_points_are_drawn(path: str) -> None:
    assert points_of(shortened(path)) == points_of(path)


@given(paths())
def test_with_fewer_decimals_no_error_adds_up(path: str) -> None:
    exact, rounded = points_of(path), points_of(shortened(path, 1))
    assert [name for name, _ in exact] == [name for name, _ in rounded]
    for (_, points), (_, near) in zip(exact, rounded, strict=True):
        assert np.abs(np.subtract(points, near)).max(initial=0) <= 0.05 + 1e-9


def test_it_is_shorter() -> None:
    assert shortened("M 0 1.5 C 0.40 1.5 0.78 1.34 1.06 1.06") == "M0 1.5c.4 0 .78-.16 1.06-.44"
    assert shortened("M 5 5 L 5 9 L 9 9 L 8.5 9.25 L 8 9.5 z M 1 1 L 2 2") == (
        "M5 5v4h4l-.5.25-.5.25zM1 1l1 1"
    )
