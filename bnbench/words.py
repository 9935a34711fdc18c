"""Words as a reader meets them: sentences, and how many there are of what."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby


def capitalized(text: str) -> str:
    """Begin a text with a capital letter, unless its first word is the name of a layer.

    Examples
    --------
    >>> capitalized("direction: supported"), capitalized("fc3: supported")
    ('Direction: supported', 'fc3: supported')
    """
    named = any(map(str.isdigit, text.partition(" ")[0]))
    return text if named else text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Make a sentence of a text; see `capitalized`."""
    return f"{capitalized(text)}."


def spoken(name: str) -> str:
    """Write a name of a file or of a key as words."""
    return name.replace("_", " ")


def counted(count: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "run"), counted(2, "epoch"), counted(2, "pair of runs")
    ('1 run', '2 epochs', '2 pairs of runs')
    """
    first, of, others = noun.partition(" of ")
    return f"{count:,} {first}{'s' * (count != 1)}{of}{others}"


def listed_seeds(seeds: Iterable[int]) -> str:
    """List seeds, such as ``seeds 0, 1``; see `seed_ranges`."""
    listed = seed_ranges(seeds)
    return f"seed{'' if listed.isdecimal() else 's'} {listed}"


def seed_ranges(seeds: Iterable[int]) -> str:
    """Write seeds in few characters.

    Examples
    --------
    >>> seed_ranges([3, 0, 1, 2, 7, 8])
    '0-3, 7, 8'
    """
    parts: list[str] = []
    for _, group in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0]):
        run = [str(seed) for _, seed in group]
        parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else run
    return ", ".join(parts)
