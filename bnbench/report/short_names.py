"""Names of contrasts for a figure's rows: what all rows share is said once, in its caption."""

from __future__ import annotations

from collections.abc import Sequence

from bnbench.findings.names import against

Pair = tuple[str, str]
"""Titles of treatment and baseline."""


def short_names(pairs: Sequence[Pair]) -> tuple[list[str], Pair | None]:
    """Name pairs of arms, and what all treatments have in place of what all baselines have.

    Parts of a title stand between commas. A title that lists with "and" is one part.

    Examples
    --------
    >>> short_names([
    ...     ("batch norm, SGD, rate 0.3", "plain, SGD, rate 0.3"),
    ...     ("batch norm, Adam, rate 0.01", "plain, Adam, rate 0.03"),
    ... ])
    (['SGD, rate 0.3', 'Adam, rate 0.01 against 0.03'], ('batch norm', 'plain'))
    """
    own = [tuple(_without(a, b) for a, b in (pair, pair[::-1])) for pair in pairs]
    treatment, baseline = (
        [part for part in sides[0] if all(part in side for side in sides)]
        for sides in zip(*own, strict=True)
    )
    names = [_name(pair, (treatment, baseline)) for pair in pairs]
    if treatment and baseline and all(names) and len({*names}) == len({*pairs}):
        return names, (", ".join(treatment), ", ".join(baseline))
    names = [_name(pair, ([], [])) or against(pair) for pair in pairs]
    return (names if len({*names}) == len({*pairs}) else [against(pair) for pair in pairs]), None


def _parts(title: str) -> list[str]:
    return [title] if " and " in title else title.split(", ")


def _without(title: str, other: str) -> list[str]:
    return [part for part in _parts(title) if part not in _parts(other)]


def _name(pair: Pair, shared: tuple[list[str], list[str]]) -> str:
    """Name what both sides have, and in what else they differ; nothing where this says too little.

    `shared` is left out: parts of all treatments, and of all baselines.
    """
    treatment, baseline = (
        ", ".join(part for part in _without(*sides) if part not in known)
        for sides, known in zip((pair, pair[::-1]), shared, strict=True)
    )
    both = ", ".join(part for part in _parts(pair[0]) if part in _parts(pair[1]))
    if not (treatment or baseline):
        return both if shared[0] else ""
    if not (treatment and baseline and (both or shared[0])):
        return ""
    differs = f"{treatment} against {_after_same_words(treatment, baseline)}"
    return f"{both}, {differs}" if both else differs


def _after_same_words(first: str, second: str) -> str:
    """Leave out of the second the words with which both begin, up to a number."""
    others = second.split()
    for one, other in zip(first.split()[:-1], others[:-1], strict=False):
        if one != other or any(map(str.isdigit, one)):
            break
        others = others[1:]
    return " ".join(others)
