"""The verbs and the one boundary at which an error becomes a line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress

import typer

from bnbench.cli.claims import claims
from bnbench.cli.compare import compare
from bnbench.cli.data import data_app
from bnbench.cli.diff import diff
from bnbench.cli.list import list_runs
from bnbench.cli.models import models
from bnbench.cli.plan import plan
from bnbench.cli.predict import predict
from bnbench.cli.report import report
from bnbench.cli.reproduce import reproduce
from bnbench.cli.terminal import tell_problems
from bnbench.cli.train import train
from bnbench.cli.verify import verify
from bnbench.errors import BnbenchError

app = typer.Typer(
    name="bnbench",
    help="Replicate the LeNet-5 / MNIST batch-normalization benchmarks: as published, as"
    " corrected, over many seeds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # a paragraph is filled, not broken where its lines are
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS: dict[str, dict[str, Callable[..., None]]] = {
    "Run": {"reproduce": reproduce, "train": train, "plan": plan},
    "Look": {
        "list": list_runs, "compare": compare, "report": report, "claims": claims,
        "verify": verify, "diff": diff, "predict": predict, "models": models,
    },
}  # fmt: skip
for panel, verbs in VERBS.items():
    for name, verb in verbs.items():
        app.command(name, rich_help_panel=panel)(verb)
app.add_typer(data_app, name="data", rich_help_panel="Data")


def main() -> None:
    """Run the command line; a `BnbenchError` becomes lines on standard error and exit code 2."""
    os.environ["MPLBACKEND"] = "agg"  # figures go to files; a notebook's backend is not at hand
    if sys.argv[1:2] == ["plan"]:
        _only_looking()
    else:
        _run()


def _run() -> None:
    try:
        app()
    except BnbenchError as error:
        tell_problems(error)
        sys.exit(2)


def _only_looking() -> None:
    """Run a command that leaves nothing to be tidied up.

    Looking for garbage while PyTorch is imported, and taking it apart at the end, is a second of
    the two and a half that `plan` would take.
    """
    gc.disable()
    try:
        _run()
    except SystemExit as end:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
