"""Whether a manifest says the same as the run's configuration and folder."""

from __future__ import annotations

from bnbench.config import Experiment, configuration_hash
from bnbench.errors import BnbenchError
from bnbench.runs import Manifest, Run


def check_configuration(run: Run, manifest: Manifest) -> Experiment:
    """Read a run's configuration and check that the manifest says the same."""
    experiment = run.read_experiment()
    pairs = {
        "experiment": (manifest.experiment, experiment.experiment),
        "configuration_hash": (manifest.configuration_hash, configuration_hash(experiment)),
        "dataset.name": (manifest.dataset.name, experiment.data.dataset),
        "dataset.validation_is_test_file": (
            manifest.dataset.validation_is_test_file,
            experiment.data.split == "published",
        ),
        "machine.threads": (manifest.machine.threads, experiment.training.threads),
    }
    if run.path.name.startswith("seed-"):
        pairs["seed"] = (f"seed-{manifest.seed}", run.path.name)
    lines = [
        f"{run.manifest}: {name}: is {said}, but by {run.config.name} and the folder {found}"
        for name, (said, found) in pairs.items()
        if said != found
    ]
    if lines:
        raise BnbenchError(*lines)
    return experiment
