"""Runs kept beside a comparison: what it was made from, small enough for git."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from bnbench.report.files import writing
from bnbench.runs import Run, find_runs, written_whole


def archive(
    experiments: Iterable[Path], out: Path, *, with_answers: Collection[str] = ()
) -> list[Path]:
    """Copy configuration, manifest, epoch and evaluation log of each run.

    Parameters
    ----------
    experiments : iterable of Path
        Folders of experiments or of single runs.
    out : Path
        The copies go to ``<out>/runs/<experiment>/seed-<n>/``; they are read as the originals
        are, but for what takes the losses of batches, which stay, as weights do.
    with_answers : collection of str
        Experiments whose answers to the test file are kept, too (20 kB a run).

    Returns
    -------
    list of Path
        The folders of the copies.
    """
    copies = []
    with writing(out):
        for run in find_runs(experiments):
            manifest = run.read_manifest()
            if not manifest.finished:  # left out of the comparison, too
                continue
            copy = out / "runs" / manifest.experiment / f"seed-{manifest.seed}"
            for file in _kept(run, with_answers=manifest.experiment in with_answers):
                with written_whole(copy / file.relative_to(run.path)) as beside:
                    beside.write_bytes(file.read_bytes())
            copies.append(copy)
    return copies


def _kept(run: Run, *, with_answers: bool) -> list[Path]:
    optional = [run.evaluations, *([run.predictions] if with_answers else []), *run.probes()]
    return [run.config, run.manifest, run.epochs, *(file for file in optional if file.exists())]
