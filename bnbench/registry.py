"""Names that a config may use, and the nearest one where it uses another."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

from bnbench.errors import BnbenchError


def unknown(kind: str, name: str, known: Iterable[str], place: str = "") -> BnbenchError:
    """Build the error for a `name` that is not among the `known` ones, with a suggestion.

    Parameters
    ----------
    kind : str
        What the name stands for, such as ``"architecture"``.
    name : str
        The name that was given.
    known : iterable of str
        The names that exist.
    place : str, default ""
        Where it was written (``file:line:column: key``), put in front of the message.

    Returns
    -------
    BnbenchError
        To be raised by the caller.
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(names)}"
    return BnbenchError(f"{place + ': ' if place else ''}there is no {kind} {name!r}; {remedy}")


def import_own(module: str) -> None:
    """Import a file that may be the user's own, such as an architecture.

    Raises
    ------
    BnbenchError
        If it cannot be imported: its file and line, and what Python says, in one line.
    """
    try:
        import_module(module)
    except BnbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - a file of one's own raises what it likes
        spec = find_spec(module)
        file = spec.origin if spec and spec.origin else module
        raise BnbenchError(
            f"{file}:{_line_in(file, error)}: {type(error).__name__}: {error}; mend the file, or"
            " move it away"
        ) from None


def _line_in(file: str, error: Exception) -> int:
    """Find the last line of a file that was at work."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 0
    lines = [
        one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == file
    ]
    return (lines or [0])[-1] or 0
