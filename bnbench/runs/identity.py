"""What makes a run the one it is, and in what a run that is there differs from it."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Literal

from bnbench.config import Experiment, configuration_hash, differing_keys, is_open_ended
from bnbench.errors import BnbenchError
from bnbench.runs.directory import Run
from bnbench.runs.hashes import changed_since, left_out
from bnbench.runs.manifest import TORCH, Manifest, versions

State = Literal["cached", "resume", "run", "other"]


@dataclass(frozen=True)
class Identity:
    """Everything that decides a run's numbers here, apart from the kind of processor.

    Attributes
    ----------
    dataset_hash : str
        SHA-256 over the data set's files.
    device : str
        What ``training.device`` comes to here: ``cpu``, ``cuda`` or ``mps``.
    code : mapping of str to tuple of str
        Each module that computes the numbers -> its hash, and earlier ones that gave the same.
    """

    experiment: Experiment
    seed: int
    dataset_hash: str
    device: str
    code: Mapping[str, tuple[str, ...]]
    kernels: str = TORCH
    """What ``training.kernels`` comes to here."""


@dataclass(frozen=True)
class Found:
    """What is in a run's directory, seen from the run that is wanted there.

    Attributes
    ----------
    state : str
        ``cached``: this very run, finished, with the files that it left; ``resume``: this very
        run, stopped after a whole epoch, or one of fewer epochs that goes on; ``run``: nothing that
        could be used; ``other``: another run, finished or to be gone on with, or this one with
        files that were edited or removed since: it is never overwritten unasked.
    reason : str
        Why, in a few words.
    """

    state: State
    reason: str


def look(run: Run, wanted: Identity, *, archived: bool = False) -> Found:
    """Find out what there is to do for a run.

    Parameters
    ----------
    archived : bool, default False
        Whether a copy without weights and losses of batches will do, as a report keeps it.
    """
    if unclaimed := run.unclaimed():
        return Found("other", f"having no manifest.json, but {', '.join(unclaimed)}")
    if not run.manifest.exists():
        return Found("run", "not there yet")
    manifest = run.read_manifest()
    if not manifest.finished and not run.checkpoints():
        return Found("run", f"{manifest.status} before its first whole epoch")
    differences = _differences(run, manifest, wanted)
    if manifest.finished and not differences:
        changes = changed_since(run, manifest, wanted.experiment)
        spared = left_out(run, manifest) if archived else ()
        differences = [
            f"{name} ({change} since it ended)"
            for name, change in changes.items()
            if name not in spared
        ]
    if manifest.status == "complete" and _goes_further(run, wanted, differences):
        epochs = wanted.experiment.training.epochs
        return Found("resume", f"complete after epoch {manifest.final.epochs}, goes on to {epochs}")
    if differences:
        return Found("other", "; ".join(differences))
    if manifest.finished:
        return Found("cached", manifest.status)
    return Found("resume", manifest.status)


def _goes_further(run: Run, wanted: Identity, differences: list[str]) -> bool:
    """Tell whether a complete run is the beginning of the one that is wanted."""
    of_length = len(differences) == 1 and differences[0].startswith("training.epochs:")
    if not (of_length and is_open_ended(wanted.experiment) and run.checkpoints()):
        return False
    return run.read_experiment().training.epochs < wanted.experiment.training.epochs


def is_finished(run: Run, wanted: Identity) -> bool:
    """Tell whether this very run has been done, so that it need not be done again.

    Another run in its place, finished or to be gone on with, is never overwritten unasked.
    """
    found = look(run, wanted)
    if found.state == "other":
        raise holds_another(run, found)
    return found.state == "cached"


def holds_another(run: Run, found: Found, alike: Sized = ()) -> BnbenchError:
    """The error for a directory that holds another run than the one that is wanted there.

    Parameters
    ----------
    alike : sized
        Runs beside it of which the same is to be said.
    """
    too = f" ({len(alike)} more beside it)" if alike else ""
    return BnbenchError(
        f"{run.path}: holds a run that differs in {found.reason}{too};"
        f" give another --results folder, or --fresh to replace {'them' if alike else 'it'}"
    )


def _differences(run: Run, manifest: Manifest, wanted: Identity) -> list[str]:
    differences = []
    if manifest.configuration_hash != configuration_hash(wanted.experiment):
        keys = differing_keys(run.read_experiment(), wanted.experiment)
        differences += keys or ["configuration"]
    if manifest.seed != wanted.seed:
        differences.append(f"seed: {manifest.seed} there, {wanted.seed} here")
    if manifest.dataset.sha256 != wanted.dataset_hash:
        differences.append("the data set's files")
    if (found := manifest.machine.device_kind) != wanted.device:
        differences.append(f"device: {found} there, {wanted.device} here")
    if (found := manifest.machine.kernels) != wanted.kernels:
        differences.append(f"training.kernels: {found} there, {wanted.kernels} here")
    differences += [
        f"{name} {manifest.versions.get(name)} there, {version} here"
        for name, version in versions().items()
        if manifest.versions.get(name) != version and name != "python"
    ]
    return differences + _changed_code(manifest.code, wanted.code)


def _changed_code(theirs: Mapping[str, str], ours: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Name the modules that have changed since, in one entry.

    A module that no number depends on any more is not: what stopped importing it has changed.
    """
    names = sorted(name for name, equal in ours.items() if theirs.get(name, "") not in equal)
    return [f"the code of {', '.join(names)}"] if names else []
