from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.findings.published import published_sources, read_published

CONFIGS = Path(__file__).parents[3] / "configs"


def test_the_articles_numbers() -> None:
    regular = read_published("lenet5_article", "regular")
    normalized = read_published("lenet5_article", "batch_norm")
    # The text of the article: about 93 % and just over 98 %; just above 95 % and about 98.5 %.
    for run, ends in ((regular, (0.930, 0.981)), (normalized, (0.956, 0.986))):
        curve = run.accuracies["validation"]
        assert (curve[0], curve[-1]) == ends
    for run in (regular, normalized):
        for curve in run.accuracies.values():
            assert len(curve) == 10
            assert all(round(value, 3) == value and 0.9 < value < 1 for value in curve)
        assert (run.dataset, run.reading_error) == ("mnist", 0.0005)


@pytest.mark.parametrize(
    ("source", "arm", "message"),
    [
        ("lenet_article", "regular", "there is no published source 'lenet_article'; did you mean"),
        ("lenet5_article", "batchnorm", "there is no arm in lenet5_article 'batchnorm'; did you"),
        ("../../secret", "regular", "choose one of: lenet5_article"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(source: str, arm: str, message: str) -> None:
    with pytest.raises(BnbenchError, match=f"^lenet5.yaml:3:1: published: .*{message}"):
        read_published(source, arm, "lenet5.yaml:3:1: published")


def test_every_config_names_a_published_run_that_exists() -> None:
    named = 0
    for path in sorted(CONFIGS.rglob("*.yaml")):
        if path.parent.name == "studies":
            continue
        experiment = load_experiment(path)
        if experiment.published:
            read_published(experiment.published.source, experiment.published.arm)
            named += 1
    assert named >= 2


@pytest.mark.parametrize("source", published_sources())
def test_files_state_where_the_numbers_come_from(source: str) -> None:
    import bnbench.findings.published as package

    path = Path(package.__file__).with_name(f"{source}.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert {"title", "author", "dataset", "what_was_read", "reading_error"} <= content.keys()
