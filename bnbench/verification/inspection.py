"""One run on disk, read again file by file: every problem in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bnbench.config import Experiment, hash_of_states
from bnbench.data import find_dataset
from bnbench.errors import BnbenchError, in_one_line
from bnbench.runs import Manifest, Run, changed_files
from bnbench.runs.hashes import left_out
from bnbench.runs.manifest import read_possibly_edited
from bnbench.runs.problems import problems_of_configuration
from bnbench.runs.schedule import schedule
from bnbench.verification.logs import check_epochs, check_logs, check_looks, check_measured
from bnbench.verification.tensors import check_predictions, check_weights


@dataclass(frozen=True)
class Inspection:
    """What was found in a run's directory.

    Attributes
    ----------
    status : str
        As its manifest says; empty where that cannot be read.
    problems : tuple of str
        One line each: the file, and what is wrong with it.
    absent : tuple of str
        Names of files that an archived copy does not have, so that nothing is known of them.
    sealed : bool
        Whether the manifest has a seal: those of earlier releases do not show an edit.
    """

    run: Run
    status: str
    problems: tuple[str, ...]
    absent: tuple[str, ...] = ()
    sealed: bool = False


def inspect(run: Run) -> Inspection:
    """Read all files of a run, and check each by itself and against the others.

    A run that is not finished is held to less: its manifest, its configuration, and that it can
    be gone on with. So is an archived copy, which has neither ``batches.csv`` nor ``weights.pt``
    (see `bnbench.report.archive`): what is there is checked, what is not is named.
    """
    try:
        manifest, edited = read_possibly_edited(run.manifest)
    except BnbenchError as error:
        return Inspection(run, "", error.problems)
    absent = left_out(run, manifest) if manifest.status in _CHECKS else ()
    # What cannot be read is met twice: by its hash, and by what it holds.
    problems = dict.fromkeys(map(in_one_line, _problems(run, manifest, edited, absent)))
    return Inspection(run, manifest.status, (*problems,), absent, sealed=manifest.seal is not None)


def without_manifest(folders: Iterable[Path]) -> list[Inspection]:
    """Find folders of seeds that no command would take for a run."""
    return [
        Inspection(run, "", (in_one_line(f"{run.manifest}: is missing"),))
        for folder in folders
        for run in map(Run, sorted(folder.glob("seed-*")))
        if run.path.is_dir() and not run.manifest.exists()
    ]


def _problems(
    run: Run, manifest: Manifest, edited: str | None, absent: tuple[str, ...]
) -> Iterator[str]:
    if edited:
        yield edited
    try:
        yield from _changes(run, manifest, absent)
    except BnbenchError as error:
        yield from error.problems
    try:
        experiment = run.read_experiment()
    except BnbenchError as error:
        yield from error.problems
        return
    if disagreeing := [*problems_of_configuration(run, manifest, experiment)]:
        yield from disagreeing
        return
    checks = _CHECKS.get(manifest.status, (_check_checkpoints,))
    for check in _ARCHIVED if absent else checks:
        try:
            yield from check(run, manifest, experiment)
        except BnbenchError as error:
            yield from error.problems


def _changes(run: Run, manifest: Manifest, absent: tuple[str, ...]) -> Iterator[str]:
    changes = changed_files(run, manifest.files) if manifest.files else {}
    for name, change in changes.items():
        if name not in absent:
            yield f"{run.path / name}: {_CHANGES[change]}"


def _check_checkpoints(run: Run, manifest: Manifest, experiment: Experiment) -> Iterator[str]:
    if not run.checkpoints():
        return
    from bnbench.training.checkpoint import load_checkpoint, owner_of  # it takes PyTorch
    from bnbench.training.soundness import flaw, pattern

    data, refused = manifest.dataset.sha256, dict[Path, str]()
    owner = owner_of(hash_of_states(experiment), manifest.seed, data, manifest.versions)
    classes = len(find_dataset(manifest.dataset.name).classes)
    batches = schedule(experiment, manifest.dataset).train_batches
    wanted = pattern(experiment, classes, batches, manifest.machine.device_kind)
    load_checkpoint(run, owner, partial(flaw, wanted=wanted), refused.__setitem__)
    yield from (f"{path}: {why}" for path, why in refused.items())


_CHANGES = {
    "missing": "is missing; the manifest lists it",
    "changed": "was changed; its SHA-256 is not the manifest's",
    "new": "is not among the files that the manifest lists",
}
Check = Callable[[Run, Manifest, Experiment], Iterator[str]]
_CHECKS: dict[str, tuple[Check, ...]] = {
    "complete": (check_logs, check_looks, check_weights, check_predictions),
    "diverged": (check_logs, check_looks),
}
_ARCHIVED: tuple[Check, ...] = (check_epochs, check_looks, check_measured, check_predictions)
