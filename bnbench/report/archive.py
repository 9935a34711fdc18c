"""Runs kept beside a comparison: what it was made from, small enough for git."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bnbench.report.files import writing
from bnbench.runs import find_runs, write_text


def archive(experiments: Iterable[Path], out: Path) -> list[Path]:
    """Copy configuration, manifest and epoch log of each run; batch logs and weights stay.

    Parameters
    ----------
    experiments : iterable of Path
        Folders of experiments or of single runs.
    out : Path
        The copies go to ``<out>/runs/<experiment>/seed-<n>/``; `bnbench.report.compare` reads
        them as it reads the originals, but for the losses of batches.

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
            for file in (run.config, run.manifest, run.epochs):
                write_text(copy / file.name, file.read_text(encoding="utf-8"))
            copies.append(copy)
    return copies
