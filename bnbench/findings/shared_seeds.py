"""Which seeds two arms share: without one there is no pair, and so no contrast."""

from __future__ import annotations

from collections.abc import Collection


def why_unpaired(
    treatment: str, here: Collection[int], baseline: str, there: Collection[int]
) -> str | None:
    """Say why the finished runs of two arms make no pair, and what makes some.

    Parameters
    ----------
    treatment, baseline : str
        Names of the arms.
    here, there : collection of int
        Seeds of their finished runs.

    Returns
    -------
    str or None
        ``None`` where a seed is shared, and where an arm has no run yet: that is not run, not
        mixed up.
    """
    if not here or not there or set(here) & set(there):
        return None
    return (
        f"{treatment} has {listed_seeds(here)}, {baseline} has {listed_seeds(there)}: none is"
        " shared, so there is no difference; run both with the same seeds"
    )


def listed_seeds(seeds: Collection[int]) -> str:
    """List seeds, such as ``seeds 0, 1``."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, sorted(seeds)))}"
