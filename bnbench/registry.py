"""Names that a config may use, and the nearest one where it uses another."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

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
