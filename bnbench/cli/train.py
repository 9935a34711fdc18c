"""``bnbench train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.options import RunOptions, with_run_options


@with_run_options
def train(
    config: Annotated[
        list[Path],
        typer.Option("--config", "-c", help="Experiment YAML; repeat for several experiments."),
    ],
    how: RunOptions,
    seeds: Annotated[
        int, typer.Option("--seeds", "-n", min=1, help="Run each experiment at seeds 0 ... N-1.")
    ] = 1,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, max=2**63 - 1, help="Run this seed instead; repeatable."),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", "-o", metavar="KEY=VALUE", help="Change one setting."),
    ] = None,
) -> None:
    """Train experiments, at one or more seeds, and log them under the results folder.

    Finished runs are recognised and not run again.

    Example: bnbench train -c configs/lenet5.yaml -c configs/lenet5_batchnorm.yaml --seeds 3
    """
    from bnbench.cli.running import train_experiments

    chosen = list(dict.fromkeys(seed)) if seed else list(range(seeds))
    raise typer.Exit(train_experiments(config, chosen, override or [], how))
