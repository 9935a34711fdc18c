"""A table in Markdown, for the terminal and for a file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch

from bnbench.runs import processor, versions, write_text

Rows = Sequence[Sequence[str]]


def table_file() -> Path:
    """The file that the benchmark writes its table to, which its command line begins with."""
    described = sys.modules["__main__"].__doc__
    parser = ArgumentParser(description=described, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="where the table is written, in Markdown")
    return cast(Path, parser.parse_known_args()[0].file)


def machine() -> str:
    """Name what speed depends on: the processor, its vectors, and versions."""
    vectors = torch.backends.cpu.get_cpu_capability()
    return (
        f"{processor()} with {vectors}, torch {versions()['torch']}, Python {versions()['python']}"
    )


def publish(header: Sequence[str], rows: Rows, context: str, path: Path) -> None:
    """Print a table with its context below, and write it to a file."""
    text = markdown(header, rows, context)
    print(text)
    write_text(path, text)


def markdown(header: Sequence[str], rows: Rows, context: str) -> str:
    """Lay a table out as GitHub reads it, with its context below and a final line end."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]
    return "\n".join([*lines, "", context, ""])
