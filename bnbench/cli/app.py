"""The verbs and the one boundary at which an error becomes a line and an exit code."""

from __future__ import annotations

import errno
import gc
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer

from bnbench.cli.animate import animate
from bnbench.cli.check_model import check_model
from bnbench.cli.claims import claims
from bnbench.cli.compare import compare
from bnbench.cli.data import data_app
from bnbench.cli.demo import demo
from bnbench.cli.diff import diff
from bnbench.cli.doctor import doctor
from bnbench.cli.export import export
from bnbench.cli.help import PlainCommand, PlainGroup
from bnbench.cli.list import list_runs
from bnbench.cli.merge import merge
from bnbench.cli.models import models
from bnbench.cli.new import new
from bnbench.cli.plan import plan
from bnbench.cli.predict import predict
from bnbench.cli.report import report
from bnbench.cli.reproduce import reproduce
from bnbench.cli.rm import rm
from bnbench.cli.schema import schema
from bnbench.cli.terminal import say, tell, tell_problems
from bnbench.cli.train import train
from bnbench.cli.verify import verify
from bnbench.cli.watch import watch
from bnbench.errors import BnbenchError
from bnbench.registry import ALLOW_IMPORT

app = typer.Typer(
    name="bnbench",
    cls=PlainGroup,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # a paragraph is filled, not broken where its lines are
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS: dict[str, dict[str, Callable[..., None]]] = {
    "Begin": {"demo": demo, "doctor": doctor, "new": new, "schema": schema},
    "Run": {"reproduce": reproduce, "train": train, "plan": plan},
    "Look": {
        "list": list_runs, "watch": watch, "compare": compare, "report": report, "claims": claims,
        "verify": verify, "diff": diff, "predict": predict, "models": models,
        "check-model": check_model, "animate": animate, "export": export,
    },
    "Tidy": {
        "merge": merge, "rm": rm,
    },
}  # fmt: skip
OF_A_STREAM = frozenset({errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC})
OF_THE_FILE_SYSTEM = OF_A_STREAM | {
    errno.EACCES, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT,
    errno.ENOTDIR, errno.EPERM, errno.EROFS, errno.ESTALE,
}  # fmt: skip
"""What a file system says of a file that its owner can put right, whichever command meets it."""
ONLY_LOOKING = frozenset(
    {"claims", "compare", "diff", "list", "models", "plan", "report", "schema", "verify"}
)
"""Commands that leave nothing to be tidied up at the end: each file that they write is closed."""
SELDOM = (100_000, 50, 100)
"""Python looks for garbage after 700 new objects, and an import of PyTorch makes half a million."""
for panel, verbs in VERBS.items():
    for name, verb in verbs.items():
        app.command(name, cls=PlainCommand, rich_help_panel=panel)(verb)
app.add_typer(data_app, name="data", rich_help_panel="Data")

START = """bnbench runs the articles' experiments again. Three commands to start with:

  bnbench demo             a whole small study in less than a minute, offline
  bnbench reproduce        the first article's question, in minutes
  bnbench train lenet5     one network

bnbench --help lists all commands."""


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version, and end.")] = False,
    allow_import: Annotated[
        bool,
        typer.Option(
            "--allow-import", help="Let configs name code to import, such as my_package.models:Net."
        ),
    ] = False,
) -> None:
    """Run the articles' batch-norm experiments again: as published and corrected, with many seeds.

    Exit codes: 0 done; 1 a run ended with an error or a check did not hold; 2 a mistake in what was
    asked; 129, 130 and 143 stopped by SIGHUP, SIGINT and SIGTERM.
    """
    if version:
        from bnbench.runs import versions

        say(f"bnbench {versions()['bnbench']}")
        raise typer.Exit
    if allow_import:
        os.environ[ALLOW_IMPORT] = "1"
    if context.invoked_subcommand is None:
        say(START)


def main() -> None:
    """Run the command line; a `BnbenchError` becomes lines on standard error and exit code 2."""
    os.environ["MPLBACKEND"] = "agg"  # figures go to files; a notebook's backend is not at hand
    _tell_what_takes_long()
    if sys.argv[1:2] and sys.argv[1] in ONLY_LOOKING:
        _only_looking()
    else:
        _run()


def _tell_what_takes_long() -> None:
    """Let the other folders say what they are waiting for, on standard error."""

    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.getMessage())

    logger = logging.getLogger("bnbench")
    logger.setLevel(logging.INFO)
    logger.handlers = [Telling()]


def _run() -> None:
    try:
        try:
            app(prog_name="bnbench")
        finally:
            sys.stdout.flush()  # else a full disk would be found at the very end, by nobody
    except BnbenchError as error:
        tell_problems(error)
        sys.exit(2)
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except OSError as error:
        if (problem := _of_the_file_system(error)) is None:
            raise
        _drop_output()
        tell_problems(problem)
        sys.exit(2)


def _of_the_file_system(error: OSError) -> BnbenchError | None:
    """Say what a file system has said, whichever command met it; nothing else is the user's."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return BnbenchError("too many open files; give fewer --jobs, or raise `ulimit -n`")
    if error.filename is not None and error.errno in OF_THE_FILE_SYSTEM:
        return BnbenchError(f"{error.filename}: {error.strerror}")
    if error.filename is None and error.errno in OF_A_STREAM:
        return BnbenchError(f"the output cannot be written ({error.strerror})")
    return None


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would complain of it at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _only_looking() -> None:
    """Run a command that leaves nothing to be tidied up.

    To look for garbage as often as Python does while packages are imported, and to take these apart
    at the end, is up to a third of the time of such a command.
    """
    gc.set_threshold(*SELDOM)
    try:
        _run()
    except SystemExit as end:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
