"""The names of metrics."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bnbench.config import QUANTITIES, parse_metric
from bnbench.errors import BnbenchError
from bnbench.metrics import Metric


def test_what_follows_the_name() -> None:
    assert parse_metric("validation_accuracy@3").epoch == 3
    assert parse_metric("validation_accuracy@last").epoch is None
    assert parse_metric("epochs_to_accuracy@0.985").threshold == 0.985
    assert math.isnan(parse_metric("test_accuracy").threshold)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("validation_loss@last", "validation loss after the last epoch"),
        ("train_accuracy@2", "training accuracy after epoch 2"),
        ("epochs_to_accuracy@0.985", "epochs to accuracy 98.5 %"),
        ("steps_to_loss@0.2", "steps to training loss 0.2"),
        ("test_accuracy", "test accuracy"),
    ],
)
def test_in_words(text: str, title: str) -> None:
    assert parse_metric(text).title == title


def test_epochs_to_a_loss_have_no_per_cent() -> None:
    """Whoever adds such a metric: a threshold is of what `at` says, whatever the unit."""
    quantity = replace(QUANTITIES["epochs_to_accuracy"], title="epochs to loss", at="loss")
    assert Metric("epochs_to_loss@0.1", quantity, threshold=0.1).title == "epochs to loss 0.1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("validation_acuracy@1", "did you mean 'validation_accuracy'"),
        ("accuracy", "there is no metric 'accuracy'; did you mean test_accuracy, or"),
        ("validation_accuracy", "must be validation_accuracy followed by @1 or @last"),
        ("validation_accuracy@0", "@1 or @last"),
        ("validation_accuracy@" + 5000 * "9", "@1 or @last"),
        ("validation_accuracy@١", "@1 or @last"),
        ("epochs_to_accuracy@0.9_7", "@ and a positive number"),
        ("epochs_to_accuracy@fast", "@ and a positive number"),
        ("epochs_to_accuracy@97", "a positive number, 1 at most: 0.97 is 97 %"),
        ("epochs_to_accuracy@inf", "@ and a positive number"),
        ("test_accuracy@1", "@1: takes no @ and nothing behind it; write test_accuracy$"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(BnbenchError, match=rf"^here: .*{said}"):
        parse_metric(text, "here")


def test_the_quantities_of_probes_name_a_layer_and_looks() -> None:
    metric = parse_metric("C3.activation_drift@2")
    assert (metric.layer, metric.epoch, metric.looks) == ("C3", 2, "epoch")
    assert metric.title == "C3: drift of pre-activations in epoch 2"
    assert parse_metric("gradient_ratio@first").title.endswith("last layer before training")
    for text, problem in (
        ("activation_drift@last", "must begin with a layer's name and a dot"),
        ("C3.test_accuracy", "is of no layer"),
        ("C3.gradient_norm@0", "followed by @1, @last, @first or @all"),
        ("C3.gradient_nrm@1", "did you mean 'gradient_norm'"),
    ):
        with pytest.raises(BnbenchError, match=problem):
            parse_metric(text)
