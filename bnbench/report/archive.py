"""Runs kept beside a report: what it was made from, packed small enough for git."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from bnbench.report.files import writing
from bnbench.runs import PACKED, Run, find_runs, pack


def archive(
    folders: Iterable[Path],
    out: Path,
    *,
    with_answers: Collection[str] = (),
    with_losses: Collection[str] | None = None,
) -> list[Path]:
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

    Returns
    -------
    list of Path
        The files.
    """
    kept: dict[str, dict[str, bytes]] = {}
    for run in find_runs(folders):
        manifest = run.read_manifest()
        if not manifest.finished:  # left out of the comparison, too
            continue
        name, seed = manifest.experiment, f"seed-{manifest.seed}"
        answers = [run.predictions] if name in with_answers else []
        losses = [run.losses] if with_losses is None or name in with_losses else []
        for file in _kept(run, [*answers, *losses]):
            place = f"{seed}/{file.relative_to(run.path).as_posix()}"
            kept.setdefault(name, {})[place] = file.read_bytes()
    with writing(out):
        for experiment, files in kept.items():
            pack(files, out / "runs" / f"{experiment}{PACKED}")
    return [out / "runs" / f"{experiment}{PACKED}" for experiment in kept]


def _kept(run: Run, chosen: Iterable[Path]) -> list[Path]:
    optional = [run.evaluations, run.measured, *chosen, *run.probes()]
    return [run.config, run.manifest, run.epochs, *(file for file in optional if file.exists())]
