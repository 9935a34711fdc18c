"""Edits of a run's files, as a person or a program without good intentions might make them."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch

from bnbench.runs import Run


def set_cell(path: Path, line: int, column: str, new: str) -> str:
    """Change a cell of a CSV file, its lines counted from 1, and say what stood there."""
    rows = [row.split(",") for row in path.read_text(encoding="utf-8").splitlines()]
    at = rows[0].index(column)
    old, rows[line - 1][at] = rows[line - 1][at], new
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return old


def edit_text(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, wherever it stands."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit_line(path: Path, line: int, old: str, new: str) -> None:
    """Replace a text in a line, counted from 1."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_text("".join(lines), encoding="utf-8")


def edit_manifest(run: Run, **changes: Any) -> None:
    """Change fields of a manifest; a dict changes entries, but of ``files``.

    A seal shows every edit; with ``seal=None`` there is none, as in manifests of earlier releases.
    """
    content = json.loads(run.manifest.read_text(encoding="utf-8"))
    for name, value in changes.items():
        both = name != "files" and isinstance(value, dict) and name in content
        content[name] = {**content[name], **value} if both else value
    if content.get("seal") is None:
        content.pop("seal", None)
    run.manifest.write_text(json.dumps(content), encoding="utf-8")


def saved(content: object) -> bytes:
    """Give what `torch.save` writes."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def content_of(checkpoint: Path) -> Any:
    return torch.load(io.BytesIO(checkpoint.read_bytes()[:-32]), weights_only=True)


def whole(payload: bytes) -> bytes:
    """Put its hash behind it, as in a checkpoint that is whole."""
    return payload + hashlib.sha256(payload).digest()


class Hostile:
    """Unpickled, it makes a file."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.made,)
