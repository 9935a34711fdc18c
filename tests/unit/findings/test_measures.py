"""Every quantity on small runs, counted by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bnbench.config import QUANTITIES, parse_metric
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun, read_finished_run
from bnbench.findings.levels import measure
from bnbench.metrics import metric as metrics
from bnbench.runs import EVALUATION_COLUMNS, Run
from bnbench.runs.losses import write_losses
from bnbench.runs.schedule import schedule
from tests.edits import edit_text
from tests.unit.conftest import MakeRun

CHANCE = 0.1135  # the share of the ones in MNIST's test file

STEPS = 20  # an epoch: 60,000 images in batches of 3,100
LOSSES = {  # of three epochs
    "train": [1.0] * 20 + [0.5] * 20 + [0.25] * 20,
    "validation": [0.75] * 4 + [0.375] * 4 + [0.1875] * 4,
}


def finished(run: Run) -> FinishedRun:
    return read_finished_run(run, run.read_manifest())


def of(run: Run, metric: str) -> float:
    return measure(parse_metric(metric), finished(run))


@pytest.fixture
def run(make_run: MakeRun) -> Run:
    """Losses are 0.95/epoch after each epoch's training."""
    return make_run("plain", 0, [0.90, 0.96, 0.98], train=[0.91, 0.98, 0.97], losses=LOSSES)


@pytest.fixture
def broken(make_run: MakeRun) -> Run:
    """A run of three epochs that diverged in its second."""
    return make_run("plain", 1, [0.96], losses=LOSSES, diverged_of=3)


def test_a_quantity_is_one_entry(run: Run) -> None:
    """Its name, its unit and its formula: what is entered in a test can be measured at once."""
    metrics.enter(
        metrics.Quantity("best", "best validation accuracy", "pp", "level", True, "",
                         lambda _, run: float(run.curve("validation_accuracy").max()))
    )  # fmt: skip
    try:
        assert of(run, "best") == 0.98
    finally:
        del QUANTITIES["best"]


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("validation_accuracy@1", 0.90),
        ("validation_accuracy@last", 0.98),
        ("validation_loss@2", 0.375),
        ("train_accuracy@2", 0.98),
        ("train_loss@1", 1.0),
        ("train_loss@last", 0.25),
        ("test_accuracy", 0.98),  # validation is the test file
        ("accuracy_gap", -0.01),
        ("loss_gap", 0.1875 - 0.95 / 3),
        ("train_trend", 1 / 3),  # two rises, one fall
        ("validation_trend", 1.0),
        ("accuracy_gap_at_loss@0.4", 0.02 - 0.03 * 9 / 19),  # the losses are 0.475 and 0.95 / 3
        ("loss_gap_at_loss@0.4", -0.1 - (0.95 / 3 - 0.2875) * 9 / 19),
        ("train_gain", 0.98 - 0.92),
        ("validation_gain", 0.98 - 0.90),
        ("area_under_error", (0.10 + 0.04 + 0.02) / 3),
        ("area_under_loss", (0.75 + 0.375 + 0.1875) / 3),
        ("epochs_to_accuracy@0.9", 1.0),
        ("epochs_to_accuracy@0.95", 1 + 5 / 6),
        ("epochs_to_accuracy@0.98", 3.0),
        ("epochs_to_accuracy@0.99", math.inf),
        ("seconds_to_accuracy@0.95", 3 * (1 + 5 / 6)),  # 3 s of training an epoch
        ("diverged", 0.0),
    ],
)
def test_quantities_of_a_complete_run(run: Run, metric: str, value: float) -> None:
    assert of(run, metric) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("validation_accuracy@1", 0.96),
        ("validation_accuracy@2", CHANCE),
        ("validation_accuracy@last", CHANCE),
        ("train_accuracy@last", CHANCE),
        ("train_loss@1", 1.0),
        ("train_loss@2", math.log(10)),
        ("validation_loss@last", math.log(10)),
        ("test_accuracy", CHANCE),
        ("accuracy_gap", 0.0),
        ("loss_gap", 0.0),
        ("validation_trend", -2 / math.sqrt(3 * 2)),  # two falls, one tie
        ("validation_gain", CHANCE - 0.96),
        ("area_under_error", (0.04 + 2 * (1 - CHANCE)) / 3),
        ("area_under_loss", (0.75 + 2 * math.log(10)) / 3),
        ("epochs_to_accuracy@0.95", math.inf),  # touched, and lost
        ("seconds_to_accuracy@0.95", math.inf),
        ("diverged", 1.0),
    ],
)
def test_quantities_of_a_diverged_run(broken: Run, metric: str, value: float) -> None:
    assert of(broken, metric) == pytest.approx(value, rel=1e-12)


def test_an_astronomic_loss_is_a_divergence(make_run: MakeRun) -> None:
    """A network at 26 % with a loss of 1e31 has failed, though every number of it is finite."""
    losses = LOSSES | {"train": [1.0] * 20 + [1e31] * 20 + [0.25] * 20}
    run = make_run("plain", 0, [0.96, 0.98, 0.26], losses=losses)
    assert (finished(run).status, finished(run).sound) == ("diverged", 1)
    assert finished(run).why_diverged == "its loss rose above 1,000,000 nats"
    assert of(run, "diverged") == 1
    assert of(run, "validation_accuracy@1") == 0.96
    assert of(run, "validation_accuracy@last") == CHANCE
    assert of(run, "train_loss@2") == pytest.approx(math.log(10))
    assert of(run, "epochs_to_accuracy@0.97") == math.inf


def test_a_run_that_diverged_in_its_first_epoch_has_never_been_above_chance(
    make_run: MakeRun,
) -> None:
    run = make_run("plain", 0, [], diverged_of=2)
    assert of(run, "validation_accuracy@1") == CHANCE
    assert of(run, "area_under_error") == pytest.approx(1 - CHANCE)
    assert of(run, "validation_trend") == 0.0  # constant


def test_a_run_that_diverged_names_the_commonest_class_of_its_data(make_run: MakeRun) -> None:
    shares = {"commonest_class": 0.8, "commonest_test_class": 0.75}
    held_out = {"settings": {"data": {"split": "held_out"}}}
    run = make_run(
        "plain", 0, [0.9], diverged_of=2, manifest={"dataset": shares | {"test_examples": 20}},
        **held_out,
    )  # fmt: skip
    assert of(run, "validation_accuracy@last") == 0.8
    assert finished(run).test_accuracy == 0.75


@pytest.mark.parametrize(("last", "has_failed"), [(0.2021, True), (0.098, True), (0.2022, False)])
def test_a_complete_run_near_chance_has_failed(
    make_run: MakeRun, last: float, has_failed: bool
) -> None:
    """A tenth of the way from 0.1135 to 1 is 0.20215."""
    run = make_run("plain", 0, [0.5, last])
    assert finished(run).failed is has_failed
    assert of(run, "diverged") == has_failed
    assert of(run, "validation_accuracy@last") == last  # measured, not replaced


def test_chance_is_that_of_the_number_of_classes(make_run: MakeRun) -> None:
    dataset = {"classes": 26}
    for last, has_failed in ((0.14, True), (0.15, False)):
        run = make_run(f"letters{last}", 0, [0.5, last], manifest={"dataset": dataset})
        assert finished(run).failed is has_failed
    settings = {"training": {"epochs": 2}}
    run = make_run("broken", 0, [0.5], settings=settings,
                   manifest={"status": "diverged", "dataset": dataset})  # fmt: skip
    assert of(run, "validation_accuracy@last") == pytest.approx(1 / 26 + 0.0135)
    assert of(run, "validation_loss@last") == pytest.approx(math.log(26))


def test_an_epoch_that_the_experiment_does_not_have(run: Run, broken: Run) -> None:
    for one in (run, broken):
        with pytest.raises(BnbenchError, match=r"^plain: has 3 epochs, so no train_loss@4; name"):
            of(one, "train_loss@4")


def test_one_epoch_has_no_trend(make_run: MakeRun) -> None:
    alone = make_run("plain", 0, [0.9])
    assert math.isnan(of(alone, "train_trend"))
    assert math.isnan(of(alone, "train_gain"))
    assert math.isnan(of(alone, "loss_gap_at_loss@0.1"))  # never so low
    assert math.isnan(of(alone, "loss_gap_at_loss@2"))  # lower at the first look


def test_the_test_accuracy_is_the_manifests_where_a_test_split_was_held_out(
    make_run: MakeRun,
) -> None:
    held_out = {"data": {"split": "held_out"}}
    final = {"final": {"test_accuracy": 0.93}}
    run = make_run("plain", 0, [0.9], settings=held_out, manifest=final)
    assert of(run, "test_accuracy") == 0.93
    without = make_run("plain", 1, [0.9], settings=held_out)
    with pytest.raises(BnbenchError, match=r"manifest.json: final.test_accuracy: is missing"):
        of(without, "test_accuracy")


def write_evaluations(run: Run, rows: Sequence[tuple[int, int, float, float, float]]) -> None:
    lines = [",".join(EVALUATION_COLUMNS), *(",".join(map(str, row)) for row in rows)]
    run.evaluations.write_text("\n".join(lines) + "\n")


@pytest.fixture
def watched(make_run: MakeRun) -> Run:
    """Two epochs of 20 steps and 3 s, evaluated every 8 steps besides."""
    training = {"evaluate_every": 8}
    losses = {"validation": [0.9] * 4 + [0.45] * 4}
    run = make_run("plain", 2, [0.95, 0.98], losses=losses, settings={"training": training})
    write_evaluations(
        run,
        [
            (1, 8, 1.0, 0.80, 1.0),
            (1, 16, 0.8, 0.92, 2.0),
            (2, 24, 0.6, 0.94, 0.5),  # 0.95 at step 20 was a touch
            (2, 32, 0.5, 0.96, 1.5),
        ],
    )
    return run


@pytest.mark.parametrize(
    ("accuracy", "step", "seconds"),
    [
        (0.7, 8, 1.0),  # there at the first look
        (0.86, 12, 1.5),  # halfway from 0.80 at step 8 to 0.92 at step 16
        (0.95, 28, 4.0),  # halfway from 0.94 at 24, after 3.5 s, to 0.96 at 32, after 4.5 s
        (0.97, 36, 5.25),  # halfway to 0.98 at 40, after 6 s
        (0.985, math.inf, math.inf),
    ],
)
def test_times_are_read_between_fixed_evaluations(
    watched: Run, accuracy: float, step: float, seconds: float
) -> None:
    assert of(watched, f"epochs_to_accuracy@{accuracy}") == pytest.approx(step / STEPS)
    assert of(watched, f"seconds_to_accuracy@{accuracy}") == pytest.approx(seconds)


def test_areas_are_means_over_all_evaluations(watched: Run) -> None:
    errors = (0.20, 0.08, 0.05, 0.06, 0.04, 0.02)
    losses = (1.0, 0.8, 0.9, 0.6, 0.5, 0.45)
    assert of(watched, "area_under_error") == pytest.approx(sum(errors) / 6)
    assert of(watched, "area_under_loss") == pytest.approx(sum(losses) / 6)


def test_a_loss_within_an_epoch_that_is_no_number_counts_as_at_chance(watched: Run) -> None:
    edit_text(watched.evaluations, "24,0.6,", "24,inf,")
    losses = (1.0, 0.8, 0.9, math.log(10), 0.5, 0.45)
    assert of(watched, "area_under_loss") == pytest.approx(sum(losses) / 6)


def test_from_the_epoch_in_which_it_diverged_on_all_evaluations_are_at_chance(
    make_run: MakeRun,
) -> None:
    settings = {"training": {"evaluate_every": 8}}
    losses = {"validation": [0.9] * 4}
    run = make_run("plain", 3, [0.95], losses=losses, settings=settings, diverged_of=2)
    rows = [(1, 8, 1.0, 0.80, 1.0), (1, 16, 0.8, 0.92, 2.0), (2, 24, 0.6, 0.99, 0.5)]
    write_evaluations(run, rows)
    assert of(run, "area_under_error") == pytest.approx((0.20 + 0.08 + 0.05 + 3 * 0.8865) / 6)
    assert of(run, "area_under_loss") == pytest.approx((1.0 + 0.8 + 0.9 + 3 * math.log(10)) / 6)


def test_without_evaluations_the_ends_of_the_epochs_are_all_there_is(watched: Run) -> None:
    watched.evaluations.unlink()
    assert finished(watched).lacks_evaluations
    assert of(watched, "epochs_to_accuracy@0.97") == pytest.approx(1 + 2 / 3)
    assert of(watched, "area_under_error") == pytest.approx((0.05 + 0.02) / 2)


@pytest.mark.parametrize(
    ("threshold", "step"),
    [
        (1.0, 50),  # the first window: fifty losses of 1
        (0.99, 51),  # one of 0.5 among them
        (0.75, 75),
        (0.5, 100),
        (0.499, math.inf),
    ],
)
def test_steps_to_a_loss_averaged_over_fifty_steps(
    make_run: MakeRun, threshold: float, step: float
) -> None:
    run = make_run("plain", 0, [0.9] * 5, losses={"train": [1.0] * 50 + [0.5] * 50})
    assert of(run, f"steps_to_loss@{threshold}") == step


def test_fewer_steps_than_a_window_reach_nothing(make_run: MakeRun) -> None:
    assert of(make_run("plain", 0, [0.9] * 2), "steps_to_loss@100") == math.inf


def test_without_losses_the_steps_to_a_loss_are_not_known(run: Run) -> None:
    run.batches.unlink()
    assert math.isnan(of(run, "steps_to_loss@2"))


def test_a_copy_without_batches_has_the_same_steps_to_a_loss(make_run: MakeRun) -> None:
    rng = np.random.default_rng(1)
    losses = np.exp(-np.arange(200) / 60) + rng.uniform(0, 0.5, 200)
    run = make_run("plain", 0, [0.9] * 10, losses={"train": losses.astype(np.float32).tolist()})
    batches = finished(run).read_batches().of_training()
    moving = np.convolve(batches["loss"], [1 / 50] * 50, "valid")
    write_losses(run, schedule(run.read_experiment(), run.read_manifest().dataset))
    run.batches.unlink()
    for threshold in (1.2, 0.8, 0.5, 0.32, 0.01):
        reached = np.flatnonzero(moving <= threshold)
        expected = reached[0] + 50 if reached.size else math.inf
        assert of(run, f"steps_to_loss@{threshold}") == expected


def test_what_is_read_is_checked(run: Run) -> None:
    run.batches.write_text(run.batches.read_text()[:-5])
    with pytest.raises(BnbenchError, match=r"batches\.csv: line 73: was cut off"):
        of(run, "steps_to_loss@2")


def test_a_diverged_run_takes_infinitely_many_steps_to_a_loss_that_it_had(
    make_run: MakeRun,
) -> None:
    run = make_run("plain", 0, [0.9] * 4, diverged_of=5)
    assert (finished(run).read_batches()["loss"][:80] <= 2).all()
    assert of(run, "steps_to_loss@2") == math.inf


WRONG_LOOKS: tuple[dict[str, Any], ...] = (
    {"step": np.arange(7.0)},
    {"step": np.arange(7)[::-1]},
    {"step": np.ones((7, 1), int)},
    {"step": np.array(["1"] * 7)},
    {"C1.gradient_norm": np.array(["a"] * 7)},
    {"C1.gradient_norm": np.ones(7, complex)},
)
"""Of seven looks, none of which bnbench writes so."""


def test_what_a_probe_saw_is_averaged_over_the_looks_of_an_epoch(make_run: MakeRun) -> None:
    """Looks after steps 0, 10, ..., 60; an epoch has 20 steps, and a look at its end is its own."""
    probes = {"probes": [{"kind": "gradients", "every": 10}]}
    run = make_run("plain", 0, [0.9, 0.9, 0.9], settings=probes)
    run.probe("gradients").parent.mkdir()
    seen: dict[str, Any] = {
        "C1.gradient_norm": np.array([100, 1, 2, 4, np.nan, 16, 32], np.float32)
    }
    np.savez(run.probe("gradients"), step=np.arange(0, 70, 10), **seen)
    at = {"first": 100, "1": 1.5, "2": 4, "3": 24, "last": 24, "all": 11}
    for when, value in at.items():
        assert of(run, f"C1.gradient_norm@{when}") == value
    with pytest.raises(BnbenchError, match=r"no metric of the probe gradients 'C3\.gradient_norm'"):
        of(run, "C3.gradient_norm@last")
    np.savez(run.probe("gradients"), step=np.arange(3), **seen)
    with pytest.raises(BnbenchError, match=r"gradients\.npz: "):
        of(run, "C1.gradient_norm@last")
    for wrong in WRONG_LOOKS:
        np.savez(run.probe("gradients"), **{"step": np.arange(7), **seen, **wrong})
        with pytest.raises(BnbenchError, match=r"gradients\.npz: "):
            of(run, "C1.gradient_norm@last")
    run.probe("gradients").write_bytes(b"PK\x03\x04")
    with pytest.raises(BnbenchError, match=r"gradients\.npz: "):
        of(run, "C1.gradient_norm@last")
    run.probe("gradients").unlink()
    assert math.isnan(of(run, "C1.gradient_norm@last"))
