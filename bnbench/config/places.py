"""Where a key was written: the one search for the nearest place that is known."""

from __future__ import annotations

from collections.abc import Mapping


def place_of(places: Mapping[str, str], key: str, file: str, section: str = "") -> str:
    """Say where a key was written, as ``file:line:column: key``.

    Parameters
    ----------
    places : mapping of str to str
        Dotted key -> ``file:line:column``; a key that was left out stands where its section does.
    key : str
        Dotted.
    file : str
        Named where not even the section was written.
    section : str, default ""
        Put in front of the key, such as ``model.``.
    """
    nearest = key
    while nearest and nearest not in places:
        nearest = nearest.rpartition(".")[0]
    return f"{places.get(nearest, file)}: {section}{key}"
