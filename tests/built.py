"""The command line built once in a process, where Typer would build all commands for each call."""

from __future__ import annotations

from functools import cache

import typer.main
import typer.testing

from bnbench.cli.app import app

_built = cache(typer.main.get_command)
typer.main.get_command = _built
typer.testing._get_command = _built  # type: ignore[attr-defined]


def build() -> None:
    """Build it now, for copies of this process."""
    _built(app)
