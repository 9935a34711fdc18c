"""The figures of a study's findings: their artists against the tables they are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bnbench.plots import levels, paired, published_points, style, sweep

NAN = float("nan")


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def _line(ax: Axes, label: str) -> Line2D:
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return line


def _marks(ax: Axes, label: str) -> list[tuple[float, float]]:
    line = _line(ax, label)
    xs, ys = (np.asarray(values, dtype=float) for values in line.get_data())
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def _spans(ax: Axes) -> list[Any]:
    """Give the ends of every interval drawn, in the order drawn."""
    found = []
    for lines in ax.collections:
        if isinstance(lines, LineCollection):
            ends = [np.asarray(segment) for segment in lines.get_segments() if len(segment)]
            found += [segment[:, 0].tolist() for segment in ends]
    return found


def _names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def _paired() -> pd.DataFrame:
    known = {"smallest_effect": 0.1}
    return pd.DataFrame(
        [
            {"name": "first", "kind": "mean", "value": 0.5, "lower": 0.2, "upper": 0.8, **known},
            {"name": "first", "kind": "run", "value": 0.4, **known},
            {"name": "first", "kind": "run", "value": 0.5, **known},
            {"name": "first", "kind": "run", "value": 0.6, **known},
            {"name": "first", "kind": "published", "value": 1.3, **known},
            {"name": "second", "kind": "mean", "value": -0.1, "lower": NAN, "upper": NAN, **known},
            {"name": "second", "kind": "run", "value": -0.1, **known},
        ]
    )


def test_paired_differences_stand_where_the_table_says(ax: Axes) -> None:
    paired.plot_paired(_paired(), ax=ax)
    assert _marks(ax, paired.MEAN) == [(0.5, 0), (-0.1, 1)]
    assert _spans(ax)[0] == [0.2, 0.8]
    dots = _marks(ax, paired.SEED)
    assert [x for x, _ in dots] == [0.4, 0.5, 0.6, -0.1]
    assert len({y for _, y in dots[:3]}) == 3  # no seed hides another
    assert all(0 < y < 0.5 for _, y in dots[:3])
    assert 1 < dots[3][1] < 1.5
    assert _names(ax) == ["first", "second"]
    assert ax.yaxis_inverted()


def test_the_smallest_effect_is_shaded_around_zero_and_the_published_mark_is_hollow(
    ax: Axes,
) -> None:
    paired.plot_paired(_paired(), ax=ax)
    (band,) = ax.patches
    assert band.get_extents().transformed(ax.transData.inverted()).intervalx == pytest.approx(
        [-0.1, 0.1]
    )
    published = _line(ax, style.PUBLISHED)
    assert published.get_markerfacecolor() == "white"
    assert [x for x, _ in _marks(ax, style.PUBLISHED)] == [1.3]
    zero = [line for line in ax.get_lines() if np.all(np.asarray(line.get_xdata()) == 0)]
    assert len(zero) == 1


def test_where_no_smallest_effect_was_declared_nothing_is_shaded(ax: Axes) -> None:
    paired.plot_paired(_paired().assign(smallest_effect=NAN), ax=ax)
    assert not ax.patches
    assert _marks(ax, paired.MEAN) == [(0.5, 0), (-0.1, 1)]


def test_published_points_inside_and_outside_differ_in_shape_and_color(ax: Axes) -> None:
    table = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "published": [93.0, 97.0, 98.0],
            "mean": [95.0, 97.1, 98.0],
            "lower": [94.0, 96.0, NAN],
            "upper": [96.0, 98.0, NAN],
            "inside": [False, True, False],
        }
    )
    published_points.plot_published_points(table, ax=ax)
    inside, outside = (
        _line(ax, label) for label in (published_points.INSIDE, published_points.OUTSIDE)
    )
    assert _marks(ax, published_points.INSIDE) == [(2, 97.0)]
    assert _marks(ax, published_points.OUTSIDE) == [(1, 93.0)]  # one run judges nothing
    assert inside.get_marker() != outside.get_marker()
    assert inside.get_color() != outside.get_color()
    (lines,) = ax.collections
    assert isinstance(lines, LineCollection)
    vertical = [np.asarray(one)[:, 1].tolist() for one in lines.get_segments() if len(one)]
    assert vertical == [[94.0, 96.0], [96.0, 98.0]]


def test_levels_stand_side_by_side_with_what_was_published(ax: Axes) -> None:
    rows = {"name": ["published", "+ softmax"], "value": [1.0, 2.0], "published": [0.9, NAN],
            "lower": [0.5, 1.5], "upper": [1.5, 2.5], "failed": ["", "1 failed"]}  # fmt: skip
    arms = [pd.DataFrame({**rows, "arm": name}) for name in ("plain", "batch norm")]
    levels.plot_levels(pd.concat(arms), ax=ax)
    for arm, heights in (("plain", [0.14, 1.14]), ("batch norm", [-0.14, 0.86])):
        marks = _marks(ax, arm)
        assert [x for x, _ in marks] == [1.0, 2.0]
        assert [y for _, y in marks] == pytest.approx(heights)
    assert _line(ax, "plain").get_marker() != _line(ax, "batch norm").get_marker()
    published = [line for line in ax.get_lines() if line.get_label() == style.PUBLISHED]
    assert [len(np.asarray(line.get_xdata())) for line in published] == [1, 1]
    assert _names(ax) == ["published", "+ softmax"]
    assert [text.get_text() for text in ax.texts] == ["1 failed", "1 failed"]


def _sweep(values: list[float]) -> pd.DataFrame:
    xs = [0.001, 0.1, 3.0]
    mean = {"kind": "mean", "n": 3, "lower": NAN, "upper": NAN, "seed": NAN}
    runs = {"kind": "run", "seed": 0.0}
    frames = [
        pd.DataFrame({"arm": arm, "x": xs, "value": values, "status": "complete", **kind})
        for arm in ("plain", "batch norm")
        for kind in (mean, runs)
    ]
    return pd.concat(frames, ignore_index=True)


def test_accuracies_over_decades_of_error_are_spread_near_100(ax: Axes) -> None:
    values = [11.0, 99.0, 90.0]
    sweep.plot_sweep(_sweep(values), percent=True, ax=ax)
    sweep.scale_levels(np.array(values), percent=True, ax=ax)
    assert _marks(ax, "plain, mean of 3 seeds") == [(0.001, 11.0), (0.1, 99.0), (3.0, 90.0)]
    transform = ax.yaxis.get_transform()
    heights = transform.transform(np.array([90.0, 99.0, 99.9]))
    assert np.diff(heights) == pytest.approx([np.log(10)] * 2)
    assert transform.inverted().transform(heights) == pytest.approx([90, 99, 99.9])
    assert set(ax.get_yticks()) <= set(sweep.ERROR_TICKS)


@pytest.mark.parametrize(
    ("wide", "percent"), [((60.0, 101.0), True), ((10.0, 95.0), True), ((-1.0, 95.0), False)]
)
def test_a_band_breaks_where_it_would_be_a_wall(
    ax: Axes, wide: tuple[float, float], percent: bool
) -> None:
    """At the first of three settings, of two arms."""
    table = _sweep([90.0, 91.0, 92.0])
    lower, upper = ([*map(float, ends)] * 4 for ends in ((wide[0], 90, 91), (wide[1], 92, 93)))
    sweep.plot_sweep(table.assign(lower=lower, upper=upper), percent=percent, ax=ax)
    for band in ax.collections:
        corners = np.concatenate([path.vertices for path in band.get_paths()])
        assert {*corners[:, 0]} == {0.1, 3.0}
        assert {*corners[:, 1]} == {90, 91, 92, 93}
    assert len(ax.collections) == 2


@pytest.mark.parametrize(
    ("values", "percent", "scale"),
    [
        ([98.0, 98.5, 98.2], True, "linear"),
        ([0.1, 2.0, 40.0], False, "log"),
        ([-0.1, 2.0, 40.0], False, "linear"),
        ([2.0, 3.0, 4.0], False, "linear"),
    ],
)
def test_the_scale_follows_the_values(
    ax: Axes, values: list[float], percent: bool, scale: str
) -> None:
    sweep.scale_levels(np.array(values), percent=percent, ax=ax)
    assert ax.get_yscale() == scale


def test_settings_have_a_tick_each(ax: Axes) -> None:
    sweep.setting_axis([0.001, 0.1, 3.0], ["0.001", "0.1", "3"], ax=ax)
    assert ax.get_xscale() == "log"
    assert list(ax.get_xticks()) == [0.001, 0.1, 3.0]
    words = Figure().subplots()
    sweep.setting_axis([0, 1], ["tanh", "relu"], ax=words)
    assert words.get_xscale() == "linear"
    assert [label.get_text() for label in words.get_xticklabels()] == ["tanh", "relu"]


def test_a_zero_keeps_its_distance_from_the_small_settings(ax: Axes) -> None:
    """On a linear scale 0 and 0.0001 would be written over each other."""
    values = [0, 0.0001, 0.0005, 0.005]
    sweep.setting_axis(values, [f"{value:g}" for value in values], ax=ax)
    zero, smallest, _, largest = ax.get_xaxis_transform().transform([(x, 0) for x in values])[:, 0]
    assert smallest - zero > (largest - zero) / 3
    near = Figure().subplots()
    sweep.setting_axis([0, 0.2, 0.5], ["0", "0.2", "0.5"], ax=near)
    assert near.get_xscale() == "linear"


@pytest.mark.parametrize(("largest", "between"), [(40.0, True), (4000.0, False)])
def test_over_many_decades_only_the_powers_of_ten_have_ticks(
    ax: Axes, largest: float, between: bool
) -> None:
    sweep.scale_levels(np.array([0.1, 2.0, largest]), percent=False, ax=ax)
    assert (2.0 in ax.get_yticks()) == between
    assert 1.0 in ax.get_yticks()


def test_failures_are_drawn_in_the_looks_of_their_arms(ax: Axes) -> None:
    table = pd.DataFrame(
        {"arm": ["plain", "plain", "other"], "x": [1, 2, 1], "failed": [0.0, 50.0, 100.0]}
    )
    sweep.plot_failures(table, ax=ax)
    first, second = ax.get_lines()
    assert list(np.asarray(first.get_ydata())) == [0, 50]
    assert (first.get_color(), second.get_color()) == (
        style.EXPERIMENTS[0].color,
        style.EXPERIMENTS[1].color,
    )


def test_svg_text_is_the_same_twice_and_free_of_dates() -> None:
    texts = []
    for _ in range(2):
        with style.figure(2) as figure:
            paired.plot_paired(_paired(), ax=figure.subplots())
            style.legend(figure)
            texts.append(style.svg(figure))
    assert texts[0] == texts[1]
    assert texts[0].startswith("<?xml")
    assert "date" not in texts[0].lower()
