"""Short labels of experiments: what all of them were changed by is said once."""

from __future__ import annotations

from collections.abc import Sequence


def short_labels(experiments: Sequence[str]) -> tuple[str, list[str]]:
    """Shorten experiments' names, which carry their overrides.

    Returns
    -------
    shared : str
        The overrides that several experiments have in common, such as ``epochs 1``; else empty.
    labels : list of str
        One a name, such as ``lenet5 · learning rate 0.01``.

    Examples
    --------
    >>> short_labels(["a@training.epochs=1", "b@model.dropout=0.5,training.epochs=1"])
    ('epochs 1', ['a', 'b · dropout 0.5'])
    """
    parted = [_parted(name) for name in experiments]
    shared = [
        one for one in parted[0][1] if all(one in others for _, others in parted)
    ] if len(set(experiments)) > 1 else []  # fmt: skip
    labels = [
        " · ".join([base, *(_spoken(one) for one in overrides if one not in shared)])
        for base, overrides in parted
    ]
    return ", ".join(map(_spoken, shared)), labels


def _parted(name: str) -> tuple[str, list[str]]:
    base, _, suffix = name.partition("@")
    overrides = suffix.split(",")
    return (base, overrides) if all("=" in one for one in overrides) else (name, [])


def _spoken(override: str) -> str:
    key, _, value = override.partition("=")
    return f"{key.rpartition('.')[2].replace('_', ' ')} {value}"
