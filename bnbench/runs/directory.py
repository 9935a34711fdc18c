"""One run, one directory: ``<results>/<experiment>/seed-<n>/``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOLCK, ENOSYS, EOPNOTSUPP
from pathlib import Path

from filelock import FileLock, Timeout

from bnbench.config import Experiment, load_stored
from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, entries, is_folder, there_is
from bnbench.runs.files import remove_unfinished
from bnbench.runs.manifest import Manifest, read_manifest
from bnbench.runs.packed import is_unpacked, opened

MOST_BYTES_OF_A_LOG = 128 * MEBIBYTE
"""Two and a half million batches, or 40 epochs of MNIST one image at a time."""


class _Named:
    """A file of a run, by its name in the run's directory."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: Run, _: object = None) -> Path:
        return run.path / self.name


@dataclass(frozen=True)
class Run:
    """The directory of one run and the names of the files in it."""

    path: Path

    config = _Named("config.yaml")
    """The resolved experiment."""
    manifest = _Named("manifest.json")
    """What the run was and how it ended."""
    batches = _Named("batches.csv")
    """One row a batch."""
    epochs = _Named("epochs.csv")
    """One row an epoch."""
    evaluations = _Named("evaluations.csv")
    """One row an evaluation within an epoch, where there are any."""
    losses = _Named("losses.npz")
    """The batches' losses in blocks; see `bnbench.runs.losses`."""
    predictions = _Named("test_predictions.npy")
    """Labels and predicted classes of the test file's images."""
    weights = _Named("weights.pt")
    """Parameters and buffers after the last epoch."""

    @property
    def measured(self) -> Path:
        """What losses of batches or probes said, in a copy without them; no run writes it."""
        return self.path / "measured.csv"

    def probe(self, kind: str) -> Path:
        """Name the file of what one kind of probe saw, ``probes/<kind>.npz``."""
        return self.path / "probes" / f"{kind}.npz"

    def probes(self) -> list[Path]:
        """List the files of probes that are there."""
        folder = self.path / "probes"
        return entries(folder, "*.npz") if is_folder(folder) else []

    def checkpoint(self, epochs: int, step: int) -> Path:
        """Name the file that a stopped run goes on from, after whole epochs and steps so far."""
        return self.path / f"checkpoint-{epochs:05d}-{step:09d}.pt"

    def checkpoints(self) -> list[Path]:
        """List the checkpoints that are there, the latest first."""
        found = self.path.glob("checkpoint-*.pt")
        return sorted((path for path in found if not path.is_dir()), reverse=True)

    def unclaimed(self) -> list[str]:
        """Name the files of a folder without a manifest: nobody knows whose they are."""
        if self.manifest.exists() or not self.path.is_dir():
            return []
        files = (path for path in self.path.iterdir() if path.is_file())
        return sorted(path.name for path in files if not path.name.startswith("."))

    def read_manifest(self) -> Manifest:
        """Read ``manifest.json``; see `bnbench.runs.manifest.read_manifest`."""
        return read_manifest(self.manifest)

    def place(self) -> Path:
        """Path; of a copy that `opened` has made, the names of its experiment and its seed."""
        if not is_unpacked(self.path):
            return self.path
        manifest = self.read_manifest()
        return Path(manifest.experiment, f"seed-{manifest.seed}")

    def read_experiment(self) -> Experiment:
        """Read ``config.yaml``; see `bnbench.config.load_stored`."""
        return load_stored(self.config)


FILES = tuple(file.name for file in vars(Run).values() if isinstance(file, _Named))
"""Names of the files that a run may write, but for checkpoints and what probes saw."""


def run_directory(results: Path, experiment: Experiment, seed: int) -> Run:
    """Name the directory of a run; nothing is created."""
    if not 0 <= seed < 1 << 63:  # what PyTorch's random streams take, and a manifest states
        raise BnbenchError(f"seed {seed}: must be a whole number from 0 to 2**63 - 1")
    return Run(results / experiment.experiment / f"seed-{seed}")


NO_LOCKS = (ENOSYS, ENOLCK, EOPNOTSUPP)
"""What a network file system answers that knows no locks."""


def cannot_lock(folder: Path, option: str) -> BnbenchError:
    """Say of a folder that two commands could write to it at once."""
    return BnbenchError(
        f"{folder}: its file system knows no locks, which keep two commands apart; give a folder"
        f" of another one by {option}"
    )


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold the run's directory, so that two commands never both write to it."""
    for path in (run.batches, run.epochs, run.evaluations, run.path / "probes"):
        if path.is_symlink():  # these are written in place; a folder of runs may come from anywhere
            raise BnbenchError(f"{path}: is a link, through which this run would write; remove it")
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run.path / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise BnbenchError(
            f"{run.path}: another process is working on this run; wait for it"
        ) from (None)
    except NotImplementedError:  # filelock's word for ENOSYS
        raise cannot_lock(run.path, "--results") from None
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise cannot_lock(run.path, "--results") from None
        raise BnbenchError(
            f"{run.path}: cannot be written ({error.strerror}); give another folder by --results"
        ) from None
    try:
        remove_unfinished(run.path)
        remove_unfinished(run.path / "probes")
        yield
    finally:
        lock.release()


def find_run(path: Path) -> Run:
    """Find the only run at or below a path."""
    run, *others = find_runs([path])
    if others:
        raise BnbenchError(f"{path}: holds {1 + len(others)} runs; name one, such as {run.path}")
    return run


def find_runs(paths: Iterable[Path]) -> list[Run]:
    """Find the runs at or below each path, in the order of their seeds.

    Parameters
    ----------
    paths : iterable of Path
        Directories of runs or of experiments, packed or not.
    """
    runs: list[Run] = []
    for path in map(opened_folder, paths):
        found = [Run(path)] if there_is(path / "manifest.json") else runs_of(path)
        if not found:
            raise no_run(path)
        runs += found
    return runs


def opened_folder(path: Path) -> Path:
    """Open a folder of runs, packed or not, and refuse one that is not there."""
    folder = opened(path)
    if not is_folder(folder):
        raise BnbenchError(f"{folder}: there is no such folder; `bnbench train` makes runs")
    return folder


def no_run(folder: Path) -> BnbenchError:
    """The error for a folder without a run."""
    below = min(folder.glob("*/seed-*/manifest.json"), default=None)
    but = f"; name one of its experiments, such as {below.parent.parent}" if below else ""
    return BnbenchError(f"{folder}: holds no run (a folder seed-<n> with a manifest.json){but}")


def runs_of(experiment: Path) -> list[Run]:
    """List the runs of an experiment's folder, in the order of their seeds."""
    runs = (Run(folder) for folder in entries(experiment, "seed-*"))
    return sorted((run for run in runs if there_is(run.manifest)), key=_seed_number)


def _seed_number(run: Run) -> tuple[int, str]:
    number = run.path.name.removeprefix("seed-")
    return (int(number) if number.isdecimal() else -1, run.path.name)
