"""``bnbench animate``: what a probe saw of runs, as a moving picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folders
from bnbench.cli.options import Results
from bnbench.cli.terminal import say, saying


def animate(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="A run, such as lenet5/seed-0, or up to three side by side.",
            autocompletion=complete_run,
        ),
    ],
    probe: Annotated[str, typer.Option("--probe", help="activations, path or trajectory.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The file: a .gif, or an .mp4, which needs ffmpeg; by default PROBE.gif.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file if it exists.")
    ] = False,
    results: Results = RESULTS,
) -> None:
    """Make a moving picture of what a probe measured while a run was trained; at most 5 MB.

    Example: bnbench animate inside/plain/seed-0 --probe activations
    """
    from bnbench.export.files import refuse_existing
    from bnbench.plots.animation import animation, check_suffix
    from bnbench.report.animations import scene_of
    from bnbench.runs import find_run, write_bytes

    scene = scene_of([find_run(folder) for folder in run_folders(runs, results)], probe)
    path = out or Path(f"{probe}.gif")
    check_suffix(path)
    refuse_existing(path, overwrite=overwrite)
    with saying("drawing"):
        content = animation(scene, path.suffix)
    write_bytes(path, content)
    say(f"{path}: {len(content) / 1e6:.1f} MB")
