"""``bnbench`` in this very process, which saves its start."""

from __future__ import annotations

from typer.testing import CliRunner, Result

import tests.built  # noqa: F401
from bnbench.cli import app


def invoke(*words: object, input: str | None = None) -> Result:
    """Give a command line; what it raises is in the result."""
    return CliRunner().invoke(app, [str(word) for word in words], input=input)
