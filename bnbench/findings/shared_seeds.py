"""Which seeds two arms share: without one there is no pair, and so no contrast."""

from __future__ import annotations

from collections.abc import Collection

from bnbench.words import listed_seeds


def why_unpaired(
    treatment: str,
    treatment_seeds: Collection[int],
    baseline: str,
    baseline_seeds: Collection[int],
) -> str | None:
    """Say why the finished runs of two arms make no pair, and what makes some.

    Parameters
    ----------
    treatment, baseline : str
        Names of the arms.
    treatment_seeds, baseline_seeds : collection of int
        Seeds of their finished runs.

    Returns
    -------
    str or None
        ``None`` where a seed is shared, and where an arm has no run yet: that is not run, not
        mixed up.
    """
    if not treatment_seeds or not baseline_seeds or set(treatment_seeds) & set(baseline_seeds):
        return None
    return (
        f"{treatment} has {listed_seeds(treatment_seeds)},"
        f" {baseline} has {listed_seeds(baseline_seeds)}: none is shared,"
        " so there is no difference; run both with the same seeds"
    )
