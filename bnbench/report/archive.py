"""Runs kept beside a report: what it was made from, packed small enough for git."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from bnbench.report.files import writing
from bnbench.runs import PACKED, Manifest, Run, find_runs, pack
from bnbench.runs.measured import measured_file

LOOKED_INTO = 3
"""Seeds of an experiment of which all that probes saw is kept: as many as a figure draws one by
one. A run of the study inside has 80 kB of it."""

Measured = Mapping[str, float]
"""Metric -> value."""


def archive(
    folders: Iterable[Path],
    out: Path,
    *,
    with_answers: Collection[str] = (),
    with_losses: Collection[str] | None = None,
    measured: Mapping[Path, Measured] | None = None,
) -> None:
    """Pack configuration, manifest, epochs, evaluations and blocks of losses of each run.

    What is packed already of an experiment is replaced as a whole; other experiments stay.

    Parameters
    ----------
    folders : iterable of Path
        Of experiments or of single runs.
    out : Path
        An experiment goes to ``<out>/runs/<experiment>.tar.xz``; see `bnbench.runs.packed`. The
        losses of single batches stay where they are, as weights do.
    with_answers : collection of str
        Experiments whose answers to the test file are kept, too (20 kB a run, unpacked).
    with_losses : collection of str, optional
        Experiments whose blocks of losses are kept (6 kB a run); by default all.
    measured : mapping of Path to mapping, optional
        What probes measured, by the run's folder. It takes the place of the probes' files, but for
        the first seeds of each experiment; by default all the files are kept.
    """
    found = [(run, run.read_manifest()) for run in find_runs(folders)]
    finished = [(run, manifest) for run, manifest in found if manifest.finished]
    whole = _first_seeds(finished)
    kept: dict[str, dict[str, bytes]] = {}
    for run, manifest in finished:  # others are left out of the comparison, too
        name, seed = manifest.experiment, f"seed-{manifest.seed}"
        chosen = [run.predictions] if name in with_answers else []
        chosen += [run.losses] if with_losses is None or name in with_losses else []
        instead = None if run.path in whole else (measured or {}).get(run.path)
        files = _files(run, chosen if instead is not None else [*chosen, *run.probes()])
        if instead is not None:
            files[run.measured.name] = measured_file(instead)
        kept.setdefault(name, {}).update({f"{seed}/{file}": files[file] for file in files})
    with writing(out):
        for experiment, files in kept.items():
            pack(files, out / "runs" / f"{experiment}{PACKED}")


def _first_seeds(runs: Iterable[tuple[Run, Manifest]]) -> set[Path]:
    """Choose the runs of the smallest seeds of each experiment."""
    seeds: dict[str, dict[int, Path]] = {}
    for run, manifest in runs:
        seeds.setdefault(manifest.experiment, {})[manifest.seed] = run.path
    return {of[seed] for of in seeds.values() for seed in sorted(of)[:LOOKED_INTO]}


def _files(run: Run, chosen: Sequence[Path]) -> dict[str, bytes]:
    optional = [run.evaluations, run.measured, *chosen]
    files = [run.config, run.manifest, run.epochs, *(file for file in optional if file.exists())]
    return {file.relative_to(run.path).as_posix(): file.read_bytes() for file in files}
