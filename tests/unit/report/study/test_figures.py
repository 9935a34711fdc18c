"""The kinds of figures, and which of them a study may choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.errors import BnbenchError
from bnbench.report.figures import KINDS, check_figures
from tests.unit.config.test_study import GRID, LADDER, PLAIN, folder, load

__all__ = ["folder"]

LEVELS = "contrasts: {x: {treatment: a, baseline: c, metrics: [test_accuracy]}}\n"
SWEPT = GRID + LEVELS
PLAIN_PAIR = "experiments: {a: {config: plain.yaml}, c: {config: batch_norm.yaml}}\n" + LEVELS


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (PLAIN_PAIR, {"paired", "curves"}),
        (PLAIN_PAIR.replace("test_accuracy", "diverged"), {"curves"}),
        (SWEPT, {"sweep"}),
        (SWEPT.replace("test_accuracy", "diverged"), set()),
        (SWEPT.replace("[test_accuracy]", "[test_accuracy], tuning_seeds: 2"), {"paired"}),
        (LADDER, {"settings", "paired"}),
    ],
)
def test_a_study_chooses_among_the_figures_that_it_has(
    folder: Path, text: str, kinds: set[str]
) -> None:
    assert load(folder, text).figures is None
    assert load(folder, text + "figures: []\n").figures == ()
    for kind in KINDS:
        if kind in kinds:
            check_figures(load(folder, f"{text}figures: [{kind}]\n"))
        else:
            with pytest.raises(BnbenchError, match=f"figures.0: the study has no {kind} figure"):
                check_figures(load(folder, f"{text}figures: [{kind}]\n"))


def test_the_published_figure_needs_a_published_curve(folder: Path) -> None:
    with_curve = PLAIN + "published: {source: lenet5_article, arm: regular}\n"
    (folder / "plain.yaml").write_text(with_curve, encoding="utf-8")
    check_figures(load(folder, PLAIN_PAIR + "figures: [published]"))


def test_wrong_figures_are_named_all_at_once(folder: Path) -> None:
    with pytest.raises(BnbenchError) as caught:
        check_figures(load(folder, PLAIN_PAIR + "figures: [pared, curves, curves, settings]\n"))
    place = folder / "study.yaml"
    assert str(caught.value).splitlines() == [
        f"{place}:5:11: figures.0: there is no figure 'pared'; did you mean 'paired'?",
        f"{place}:5:26: figures.2: curves stands here a second time; remove one",
        f"{place}:5:34: figures.3: the study has no settings figure, which is of a contrast in"
        " levels over a grid of words; leave it out",
    ]
