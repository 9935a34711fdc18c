"""Studies written down before their first run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bnbench.claims import Claim, article_claims, tests_of
from bnbench.config import Study
from bnbench.findings.registration import register


def register_all(
    studies: Iterable[Study], own: Sequence[Claim], results: Path, *, any_time: bool
) -> dict[str, dict[str, str]]:
    """Write down what studies ask, as far as that was not done before.

    Parameters
    ----------
    own : sequence of Claim
        Those that studies bring along; the articles' are judged beside them.

    Returns
    -------
    dict of str to dict of str to str
        Experiment -> the studies that have it, with the hashes of their questions.
    """
    claims = [*article_claims(), *own]
    registered: dict[str, dict[str, str]] = {}
    for study in studies:
        known = register(study, results, tests_of(study, claims), any_time=any_time)
        for experiment in study.experiments:
            registered.setdefault(experiment.experiment, {})[study.name] = known.sha256
    return registered
