"""What a complete run computed last: its weights, and its answers to the test file."""

from __future__ import annotations

from collections.abc import Iterator

from bnbench.config import Experiment
from bnbench.data import find_dataset
from bnbench.foreign import there_is
from bnbench.runs import Manifest, Run, read_predictions


def check_weights(run: Run, manifest: Manifest, experiment: Experiment) -> Iterator[str]:
    """Compare the weights' names, shapes and types with the architecture's.

    Yields
    ------
    str
        One line a tensor that is missing, not expected, of another shape or type, or not finite.
    """
    from bnbench.training import load_weights  # it takes PyTorch, which archived copies do not need
    from bnbench.training.soundness import form, untrained

    classes = len(find_dataset(manifest.dataset.name).classes)
    expected = untrained(experiment, classes).state_dict()
    weights = load_weights(run)
    for name in sorted(expected.keys() | weights.keys(), key=str):
        found, wanted = form(weights.get(name)), form(expected.get(name))
        if found != wanted:
            yield f"{run.weights}: {name}: is {found}, not {wanted}"
        elif not weights[name].isfinite().all():
            yield f"{run.weights}: {name}: holds a number that is not finite"


def check_predictions(run: Run, manifest: Manifest, _: Experiment) -> Iterator[str]:
    """Read the answers to the test file's images, which runs of the first release have not."""
    if there_is(run.predictions):
        read_predictions(run, manifest)
    return iter(())
