"""``bnbench train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import complete_experiment, complete_setting
from bnbench.cli.options import MOST_SEEDS, RunOptions, with_run_options
from bnbench.errors import BnbenchError, each

if TYPE_CHECKING:
    from bnbench.config import Experiment


@with_run_options
def train(
    how: RunOptions,
    experiments: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Experiments by name, such as lenet5, or their YAML files.",
            autocompletion=complete_experiment,
        ),
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config",
            "-c",
            help="An experiment, as an option; repeatable.",
            autocompletion=complete_experiment,
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds",
            "-n",
            min=1,
            max=MOST_SEEDS,
            help="Run each experiment with the seeds 0 ... N-1.",
        ),
    ] = 1,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, help="Run this seed instead; repeatable."),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            "-o",
            metavar="KEY=VALUE",
            help="Change one setting.",
            autocompletion=complete_setting,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the experiment, and of its folder.")
    ] = None,
) -> None:
    """Train experiments with one or more seeds, and log them under the results folder.

    Finished runs are recognised and not run again.

    Example: bnbench train lenet5 lenet5_batchnorm --seeds 3
    """
    from bnbench.cli.head_start import head_start
    from bnbench.cli.signals import unless_stopped
    from bnbench.config import load_experiment
    from bnbench.config.loading import read_overrides

    read_overrides(override or ())  # a value that the shell has split is no experiment
    chosen = list(dict.fromkeys(seed)) if seed else list(range(seeds))
    configs = [*(experiments or ()), *(config or ())]
    if not configs:
        raise BnbenchError("name an experiment, such as lenet5, or a YAML file")
    if name is not None and len(configs) > 1:
        raise BnbenchError("--name: names one experiment; train the others by themselves")

    def load(path: Path) -> Experiment:
        return load_experiment(path, override or [], how.device, how.stack, name)

    def plan_and_run() -> int:
        loaded = each(load, configs)
        head_start(how, loaded, chosen)
        from bnbench.cli.running import Running, run_plan, say_means, say_runs  # it takes PyTorch

        running = Running.of(how)
        plan = running.plan([(loaded, chosen)])
        code = run_plan(plan, running)
        if how.as_json:
            say_runs(plan.runs)
        else:
            say_means(plan.runs, how.results)
        return code

    raise typer.Exit(unless_stopped(plan_and_run))
