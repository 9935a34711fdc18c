"""The command line: parse, one call, print. Heavy packages are imported inside the verbs."""

from bnbench.cli.app import app, main

__all__ = ["app", "main"]
