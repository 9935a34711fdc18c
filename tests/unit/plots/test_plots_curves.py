"""The figures' artists against the table that they are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bnbench.plots import style
from bnbench.plots.accuracy import plot_experiments, plot_splits
from bnbench.plots.difference import plot_difference
from bnbench.plots.loss import plot_loss

SEEDS = {0: [0.90, 0.95, 0.96], 1: [0.92, 0.94, 0.97], 7: [0.91, 0.93]}  # seed 7 diverges
NAN = float("nan")
FLOOR = "least loss possible behind a softmax (1.4612)"


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def _rows(kind: str, accuracy: list[float], **columns: Any) -> pd.DataFrame:
    epochs = range(1, len(accuracy) + 1)
    return pd.DataFrame({"kind": kind, "epoch": epochs, "accuracy": accuracy, **columns})


def _table(seeds: dict[int, list[float]] = SEEDS, **columns: Any) -> pd.DataFrame:
    """Three seeds with a diverged one, a mean with a band, a published curve."""
    ended = {7: ["complete", "diverged"]}
    runs = [
        _rows("run", accuracy, seed=seed, status=ended.get(seed, "complete"))
        for seed, accuracy in seeds.items()
    ]
    count = len(seeds)
    band = {"n": [count, count, max(count - 1, 1)], "lower": NAN, "upper": NAN}
    if count > 1:
        band |= {"lower": [0.88, 0.92, 0.94], "upper": [0.93, 0.96, 0.98]}
    mean = _rows("mean", [0.91, 0.94, 0.965], **band)
    published = _rows("published", [0.89, 0.93, 0.95, 0.96])
    return pd.concat([*runs, mean, published]).assign(**columns)


def _two_experiments() -> pd.DataFrame:
    parts = [
        _table(experiment=name, split=split, images=images)
        for name in ("plain", "normalized")
        for split, images in (("train", 60_000), ("validation", 10_000))
    ]
    return pd.concat(parts, ignore_index=True)


def _lines(ax: Axes, label: str) -> list[Line2D]:
    return [line for line in ax.get_lines() if line.get_label() == label]


def _line(ax: Axes, label: str) -> Line2D:
    (line,) = _lines(ax, label)
    return line


def _xs(line: Line2D) -> list[float]:
    return [float(x) for x in np.asarray(line.get_xdata())]


def _ys(line: Line2D) -> list[float]:
    return [float(y) for y in np.asarray(line.get_ydata())]


def _labels(ax: Axes) -> set[str]:
    return set(ax.get_legend_handles_labels()[1])


def test_every_kind_of_row_is_drawn_where_the_table_says(ax: Axes) -> None:
    table = _table(experiment="plain", split="validation", images=10_000)
    plot_experiments(table, split="validation", ax=ax)
    mean = _line(ax, "plain, mean of 2 to 3 seeds")
    assert _xs(mean) == [1, 2, 3]
    assert _ys(mean) == [0.91, 0.94, 0.965]
    thin = [_ys(line) for line in _lines(ax, style.ONE_SEED)]
    assert thin == list(SEEDS.values())
    assert max(line.get_linewidth() for line in _lines(ax, style.ONE_SEED)) < mean.get_linewidth()
    published = _line(ax, f"plain: {style.ARTICLES_RUN}")
    assert _ys(published) == [0.89, 0.93, 0.95, 0.96]
    assert published.is_dashed()
    assert published.get_color() in style.PUBLISHED_COLORS


def test_the_band_is_the_tables_own(ax: Axes) -> None:
    plot_experiments(_table(experiment="plain", split="train", images=10), split="train", ax=ax)
    (band,) = ax.collections
    assert isinstance(band, PolyCollection)
    assert band.get_label() == style.BAND
    corners = np.asarray(band.get_paths()[0].vertices)
    assert set(corners[:, 0]) == {1, 2}  # two runs, at epoch 3, make no band
    for x, lower, upper in ((1, 0.88, 0.93), (2, 0.92, 0.96)):
        heights = corners[corners[:, 0] == x, 1]
        assert (heights.min(), heights.max()) == (lower, upper)


def test_no_line_of_a_seed_hides_the_band(ax: Axes) -> None:
    """Of thirty seeds the interval is as narrow as the paper that is left around the mean."""
    plot_experiments(_table(experiment="plain", split="train", images=10), split="train", ax=ax)
    mean = _line(ax, "plain, mean of 2 to 3 seeds")
    below = [line.get_zorder() for line in ax.lines if line.get_zorder() < mean.get_zorder()]
    assert len(below) == len(SEEDS) + 1  # and the paper
    assert max(below) < ax.collections[0].get_zorder() < mean.get_zorder()


def test_a_band_that_is_as_wide_as_half_of_what_is_possible_is_not_drawn(ax: Axes) -> None:
    table = _table(experiment="plain", split="train", images=10)
    table.loc[(table["kind"] == "mean") & (table["epoch"] == 2), "lower"] = 0.4
    plot_experiments(table, split="train", ax=ax)
    (band,) = ax.collections
    assert isinstance(band, PolyCollection)
    assert set(np.asarray(band.get_paths()[0].vertices)[:, 0]) == {1}


def test_a_cross_is_where_a_run_diverged(ax: Axes) -> None:
    plot_experiments(_table(experiment="plain", split="train", images=10), split="train", ax=ax)
    cross = _line(ax, style.DIVERGED)
    assert (_xs(cross), _ys(cross)) == ([2], [0.93])
    assert cross.get_marker() == "x"


def test_one_seed_has_neither_band_nor_thin_line(ax: Axes) -> None:
    table = _table({3: [0.91, 0.94, 0.965]}, experiment="plain", split="train", images=10)
    plot_experiments(table.assign(n=1), split="train", ax=ax)
    assert _labels(ax) == {"plain, one seed", f"plain: {style.ARTICLES_RUN}"}
    assert not ax.collections


def test_without_a_published_run_none_is_drawn(ax: Axes) -> None:
    table = _table(experiment="plain", split="train", images=10)
    plot_experiments(table[table["kind"] != "published"], split="train", ax=ax)
    assert not [label for label in _labels(ax) if style.ARTICLES_RUN in label]


def test_experiments_differ_in_everything_but_the_meaning(ax: Axes) -> None:
    table = _two_experiments()
    plot_experiments(table, split="validation", ax=ax)
    plain, normalized = (
        _line(ax, f"{name}, mean of 2 to 3 seeds") for name in ("plain", "normalized")
    )
    assert plain.get_color() != normalized.get_color()
    assert plain.get_linestyle() != normalized.get_linestyle()
    assert plain.get_marker() != normalized.get_marker()
    published = [_line(ax, f"{name}: {style.ARTICLES_RUN}") for name in ("plain", "normalized")]
    assert [line.get_marker() for line in published] == [
        plain.get_marker(),
        normalized.get_marker(),
    ]
    assert len({line.get_color() for line in published}) == 2
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "accuracy (% of 10,000 validation images)"


def test_where_numbers_of_images_differ_none_is_named(ax: Axes) -> None:
    table = _two_experiments()
    table.loc[table["experiment"] == "plain", "images"] = 500
    plot_experiments(table, split="train", ax=ax)
    assert ax.get_ylabel() == "accuracy (% of the training images)"


def test_both_splits_of_one_experiment(ax: Axes) -> None:
    table = _two_experiments()
    plot_splits(table[table["experiment"] == "plain"], ax=ax)
    assert {
        "60,000 training images, mean of 2 to 3 seeds",
        "10,000 validation images, mean of 2 to 3 seeds",
    } <= _labels(ax)
    assert ax.get_ylabel() == "accuracy (% of images)"
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_the_difference_has_a_zero_line_and_a_unit(ax: Axes) -> None:
    table = _table(experiment="normalized", baseline="plain")
    plot_difference(table.rename(columns={"accuracy": "difference"}), ax=ax)
    assert ax.get_ylabel() == "difference in validation accuracy (pp)"
    mean = _line(ax, "normalized − plain, mean of 2 to 3 seeds")
    assert _ys(mean) == [0.91, 0.94, 0.965]
    zero = [line for line in ax.get_lines() if set(_ys(line)) == {0}]
    assert len(zero) == 1
    assert mean.get_color() == style.EXPERIMENTS[1].color  # the treatment's, as in other figures


def _losses(*, floor: tuple[str, ...]) -> pd.DataFrame:
    parts = []
    for name in ("plain", "normalized"):
        batches = pd.DataFrame(
            {"kind": "batch", "seed": 0, "batch": [1, 2, 3], "loss": [2.3, 1.9, 1.8]}
        )
        curve = _table({0: [2.0, 1.8, 1.7]}).rename(columns={"epoch": "batch", "accuracy": "loss"})
        curve = curve[curve["kind"] != "published"]
        parts.append(pd.concat([batches, curve]).assign(experiment=name, split="train"))
        if name in floor:
            row = {
                "kind": ["floor"],
                "loss": np.log1p(9 / np.e),
                "experiment": name,
                "split": "train",
            }
            parts.append(pd.DataFrame(row))
    return pd.concat(parts, ignore_index=True)


def test_the_loss_shows_single_batches_below_their_averages(ax: Axes) -> None:
    plot_loss(_losses(floor=("plain", "normalized")), split="train", ax=ax)
    raw = _lines(ax, style.ONE_BATCH)
    assert [_ys(line) for line in raw] == [[2.3, 1.9, 1.8]] * 2
    mean = _line(ax, "plain, one seed")
    assert _ys(mean) == [0.91, 0.94, 0.965]
    assert raw[0].get_zorder() < mean.get_zorder()
    floor = _line(ax, FLOOR)
    assert _ys(floor) == pytest.approx([1.46115] * 2, abs=1e-5)
    assert floor.get_linestyle() == ":"
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "optimizer step (one training batch each)",
        "cross-entropy (nats),\nlog scale above the floor",
    )


def test_the_scale_above_the_floor_is_logarithmic(ax: Axes) -> None:
    plot_loss(_losses(floor=("plain", "normalized")), split="train", ax=ax)
    floor = np.log1p(9 / np.e)
    losses = np.array([0, 0.01, 0.03, 0.07]) + floor  # with the offset: 0.01, 0.02, 0.04, 0.08
    heights = ax.yaxis.get_transform().transform(losses)
    assert np.diff(heights) == pytest.approx([np.log(2)] * 3)
    assert ax.yaxis.get_transform().inverted().transform(heights) == pytest.approx(losses)
    assert all(1.4612 < tick < 2.4612 for tick in ax.get_yticks())


@pytest.mark.parametrize("floor", [(), ("plain",)])
def test_without_a_floor_the_loss_scale_is_logarithmic(ax: Axes, floor: tuple[str, ...]) -> None:
    plot_loss(_losses(floor=floor), split="train", ax=ax)
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "cross-entropy (nats),\nlog scale"
    assert (FLOOR in _labels(ax)) == bool(floor)


def test_the_axis_of_losses_ends_before_those_of_a_run_that_diverges(ax: Axes) -> None:
    table = _losses(floor=())
    table.loc[table["kind"] == "batch", "loss"] = [2.3, 1e9, 1e36] * 2
    plot_loss(table, split="train", ax=ax)
    assert 1000 <= ax.get_ylim()[1] < 2000


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([2.3, 0.5, 0.0], "log"), ([2e4, 3e5, 1e9], "log"), ([0.0, 0.0, 0.0], "linear")],
)
def test_losses_of_zero_and_none_below_the_end_of_the_axis_are_drawn(
    ax: Axes, losses: list[float], scale: str
) -> None:
    """A float32 of a right and certain answer is 0, which is nowhere on a logarithmic scale."""
    rows = {"kind": "batch", "seed": 0, "batch": [1, 2, 3], "loss": losses, "n": 1}
    table = pd.DataFrame(rows | {"experiment": "plain", "split": "train"})
    table = table.assign(lower=NAN, upper=NAN, status="complete")
    plot_loss(table, split="train", ax=ax)
    low, high = ax.get_ylim()
    assert low < high
    assert ax.get_yscale() == scale
    assert ("log scale" in ax.get_ylabel()) == (scale == "log")


@pytest.mark.parametrize(("highest", "whole"), [(0.12, True), (0.97, False)])
def test_what_learns_nothing_lies_flat_at_the_bottom(ax: Axes, highest: float, whole: bool) -> None:
    table = _table({3: [0.1, 0.11, highest]}, experiment="plain", split="train", images=10)
    rows = table[table["kind"] == "run"]
    plot_experiments(pd.concat([rows, rows.assign(kind="mean", n=1)]), split="train", ax=ax)
    assert (ax.get_ylim() == (0, 1)) == whole


@pytest.mark.parametrize(("lower", "upper"), [(-0.2, 0.2), (0.8, 1.2)])
def test_a_band_ends_where_accuracies_do(ax: Axes, lower: float, upper: float) -> None:
    table = _table({3: [0.91, 0.94, 0.965]}, experiment="plain", split="train", images=10)
    plot_experiments(table.assign(upper=upper, lower=lower, n=3), split="train", ax=ax)
    (band,) = ax.collections
    heights = np.concatenate([path.vertices for path in band.get_paths()])[:, 1]
    assert (heights.min(), heights.max()) == (max(lower, 0), min(upper, 1))


def test_runs_of_one_epoch_are_dots_and_bars_side_by_side_over_that_epoch(ax: Axes) -> None:
    table = _two_experiments()
    plot_experiments(table[table["epoch"] == 1], split="train", ax=ax)
    assert _labels(ax).isdisjoint({style.ONE_SEED, style.BAND})
    for name, place in (("plain", 0.95), ("normalized", 1.05)):
        (mean,) = (line for line in ax.get_lines() if str(line.get_label()).startswith(f"{name},"))
        assert _xs(mean) == pytest.approx([place])
    bars = {tuple(_xs(bar)): tuple(_ys(bar)) for bar in _lines(ax, style.BAR)}
    assert bars == {(0.95, 0.95): (0.88, 0.93), (1.05, 1.05): (0.88, 0.93)}
    assert all(dot.get_marker() == "." for dot in _lines(ax, style.SEED_DOTS))
    assert sum(_ys(dot)[0] == 0.91 for dot in _lines(ax, style.SEED_DOTS)) == 2
    first, last = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if first <= tick <= last] == [1]
