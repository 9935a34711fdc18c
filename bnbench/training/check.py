"""What must hold between the sections of an experiment before it is run."""

from __future__ import annotations

from functools import lru_cache

import torch

from bnbench.config import Experiment, ModelSettings, is_open_ended
from bnbench.data import find_dataset
from bnbench.errors import BnbenchError
from bnbench.models import build_model, find_architecture, resolve_model
from bnbench.models.input_size import AS_STORED, fitted_data
from bnbench.probes import check_looks, probes_of
from bnbench.training.batches import batches_in_epoch
from bnbench.training.initialization import initial_model
from bnbench.training.stack import check_stack
from bnbench.training.trial import try_model


def check_experiment(experiment: Experiment) -> None:
    """Check that the architecture, its layers and the data set exist and fit together."""
    problems = [
        problem
        for check in (_model, _dataset, _image_size, _keep_state, _stack, _probes)
        for problem in check(experiment)
    ]
    if problems:
        raise BnbenchError(*problems)


def _model(experiment: Experiment) -> list[str]:
    try:
        resolved = resolve_model(experiment)
    except BnbenchError as error:
        return list(error.problems)
    if resolved.normalization and not resolved.normalization.layers:
        name, place = experiment.model.name, experiment.place("model.normalization")
        return [f"{place}: {name} has no hidden layer to normalize; leave the section out"]
    try:
        _try(resolved)
    except BnbenchError as error:  # a layer that does not fit, or its normalization
        section = "model.normalization" if resolved.normalization else "model.name"
        return [f"{experiment.place(section)}: {error}"]
    return []


@lru_cache(maxsize=256)
def _try(settings: ModelSettings) -> None:
    """Let a few images pass, once for all experiments of a network."""
    try_model(settings)


def _dataset(experiment: Experiment) -> list[str]:
    data = experiment.data
    try:
        classes = find_dataset(data.dataset, experiment.place("data.dataset")).classes
    except BnbenchError as error:
        return list(error.problems)
    if data.class_shares is None or len(data.class_shares) == len(classes):
        return []
    return [
        f"{experiment.place('data.class_shares')}: has {len(data.class_shares)} shares, but"
        f" {data.dataset} has {len(classes)} classes; give one a class, 1 to keep all of it"
    ]


def _image_size(experiment: Experiment) -> list[str]:
    try:
        wanted = find_architecture(experiment.model.name).network.image_size
    except BnbenchError:
        return []  # said already
    given = AS_STORED if fitted_data(experiment).resize == "none" else 32
    if given == wanted:
        return []
    remedy = "pad" if wanted == AS_STORED else "bilinear or pad"
    return [
        f"{experiment.place('data.resize')}: {experiment.model.name} takes images of {wanted} x"
        f" {wanted} pixels, not {given} x {given}; set data.resize to {remedy}"
    ]


def _keep_state(experiment: Experiment) -> list[str]:
    """Refuse to keep a state that no longer run has."""
    training = experiment.training
    if not training.keep_state or is_open_ended(experiment):
        return []
    why = (
        "a stack of seeds" if training.stack
        else "a run with probes" if experiment.probes
        else f"the schedule {training.schedule.name}" if training.schedule else ""
    )  # fmt: skip
    return [
        f"{experiment.place('training.keep_state')}: {why} does not go on to more epochs with the"
        " same numbers; set it to false"
    ]


def _stack(experiment: Experiment) -> list[str]:
    """Try two seeds as one network, where that is configured: see `bnbench.training.stack`."""
    if experiment.training.stack is None:
        return []
    place = experiment.place("training.stack")
    if experiment.training.early_stopping:
        return [f"{place}: a rule of early stopping is of one seed, not of a stack; set it to null"]
    if experiment.model.dropout:
        return [
            f"{place}: seeds of one network would share dropout's random numbers; set it to null"
        ]
    if _model(experiment):
        return []  # said already
    try:
        resolved = resolve_model(experiment)
        models = [
            initial_model(resolved, experiment.training.initialization, seed) for seed in (0, 1)
        ]
        size = find_architecture(experiment.model.name).network.image_size
        check_stack(models, (experiment.model.in_channels, size, size))
    except BnbenchError as error:
        return [f"{place}: {experiment.model.name}: {error}; set it to null"]
    return []


def _probes(experiment: Experiment) -> list[str]:
    if _model(experiment):
        return []  # said already
    try:
        probes_of(experiment)
    except BnbenchError as error:
        return [str(error)]
    return []


def check_batches(experiment: Experiment, examples: int) -> None:
    """Refuse an epoch without a batch, or a batch that cannot be normalized.

    A single example in front of a normalized linear layer has the variance 0, and PyTorch raises
    an error in the middle of the epoch. (A convolution's batch norm has a map's pixels besides.)

    Parameters
    ----------
    examples : int
        Size of the training split.
    """
    size = experiment.training.batch_size
    steps = experiment.training.epochs * batches_in_epoch(examples, experiment.training)
    check_looks(experiment, examples, steps)
    if experiment.training.drop_last and examples < size:
        raise BnbenchError(
            f"{experiment.place('training.batch_size')}: {examples} examples are less than one"
            " batch, and training.drop_last leaves it out; choose a smaller batch_size"
        )
    last = 0 if experiment.training.drop_last else examples % size
    if size != 1 and last != 1:
        return
    if not _takes_one_example(experiment):
        which = "every batch" if size == 1 else f"the last of {examples} examples in batches"
        raise BnbenchError(
            f"{experiment.place('training.batch_size')}: {which} would be a single example in"
            " front of batch norm; choose another batch_size"
            + ("" if size == 1 else ", or training.drop_last: true")
        )


def _takes_one_example(experiment: Experiment) -> bool:
    size = find_architecture(experiment.model.name).network.image_size
    with torch.random.fork_rng(devices=[]):
        model = build_model(resolve_model(experiment)).train()
        try:
            model(torch.zeros(1, experiment.model.in_channels, size, size))
        except ValueError:  # PyTorch's, of a channel with one value
            return False
    return True
