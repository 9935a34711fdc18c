"""``bnbench`` in this very process, which saves its start."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import tests.built  # noqa: F401
from bnbench.cli import app, main


def invoke(*words: object, input: str | None = None) -> Result:
    """Give a command line; what it raises is in the result."""
    return CliRunner().invoke(app, [str(word) for word in words], input=input)


def ended(patch: pytest.MonkeyPatch, *words: object) -> Any:
    """Give a command line to the whole program, which prints its complaints; its exit code."""
    patch.setattr(sys, "argv", ["bnbench", *map(str, words)])
    patch.setattr(os, "_exit", sys.exit)  # some commands leave nothing to be tidied up
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code
