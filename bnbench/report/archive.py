"""Runs kept beside a comparison: what it was made from, small enough for git."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from bnbench.report.files import writing
from bnbench.runs import Run, find_runs, written_whole


def archive(
    experiments: Iterable[Path],
    out: Path,
    *,
    with_answers: Collection[str] = (),
    with_losses: Collection[str] | None = None,
) -> list[Path]:
    """Copy configuration, manifest, epochs, evaluations and blocks of losses of each run.

    Parameters
    ----------
    experiments : iterable of Path
        Folders of experiments or of single runs.
    out : Path
        The copies go to ``<out>/runs/<experiment>/seed-<n>/``; they are read as the originals
        are. The losses of single batches stay, as weights do.
    with_answers : collection of str
        Experiments whose answers to the test file are kept, too (20 kB a run).
    with_losses : collection of str, optional
        Experiments whose blocks of losses are kept (6 kB a run); by default all.

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
            name = manifest.experiment
            answers = [run.predictions] if name in with_answers else []
            losses = [run.losses] if with_losses is None or name in with_losses else []
            for file in _kept(run, [*answers, *losses]):
                with written_whole(copy / file.relative_to(run.path)) as beside:
                    beside.write_bytes(file.read_bytes())
            copies.append(copy)
    return copies


def _kept(run: Run, chosen: Iterable[Path]) -> list[Path]:
    optional = [run.evaluations, *chosen, *run.probes()]
    return [run.config, run.manifest, run.epochs, *(file for file in optional if file.exists())]
