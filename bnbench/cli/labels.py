"""Short labels of experiments: what all of them were changed by is said once."""

from __future__ import annotations

from collections.abc import Iterable

from bnbench.words import spoken


def short_labels(experiments: Iterable[str]) -> tuple[str, dict[str, str]]:
    """Shorten experiments' names, which carry their overrides.

    Returns
    -------
    shared : str
        The overrides that several experiments have in common, such as ``epochs 1``; else empty.
    labels : dict of str to str
        Name -> label, such as ``lenet5 · learning rate 0.01``.

    Examples
    --------
    >>> short_labels(["a@training.epochs=1", "b@model.dropout=0.5,training.epochs=1"])[0]
    'epochs 1'
    """
    parted = {name: _parted(name) for name in experiments}
    shared: list[str] = []
    if len(parted) > 1:
        first, *others = (overrides for _, overrides in parted.values())
        shared = [item for item in first if all(item in overrides for overrides in others)]
    labels = {
        name: " · ".join([base, *(_spoken(item) for item in overrides if item not in shared)])
        for name, (base, overrides) in parted.items()
    }
    return ", ".join(map(_spoken, shared)), labels


def base_name(experiment: str) -> str:
    """The name of an experiment without its overrides; a point of a grid is no override.

    Examples
    --------
    >>> base_name("lenet5@training.epochs=1"), base_name("rates/plain@0.1")
    ('lenet5', 'rates/plain@0.1')
    """
    return _parted(experiment)[0]


def _parted(name: str) -> tuple[str, list[str]]:
    from bnbench.config.label import Label  # it takes pydantic

    base = Label.parse(name).group
    overrides = name[len(base) + 1 :].split(",")
    return (base, overrides) if all("=" in item for item in overrides) else (name, [])


def _spoken(override: str) -> str:
    key, _, value = override.partition("=")
    return f"{spoken(key.rpartition('.')[2])} {value}"
