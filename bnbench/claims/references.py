"""Whether the studies have what claims name: checked before anything is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bnbench.claims.reading import repeated_ids
from bnbench.claims.rules import RULES
from bnbench.claims.schema import Claim, ClaimTest, Place
from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.registry import unknown


def check_claims(claims: Iterable[Claim], studies: Mapping[str, Study]) -> None:
    """Check every name that claims use against the studies, in full and not their small variants.

    Parameters
    ----------
    claims : iterable of Claim
    studies : mapping of str to Study
        By name; all that claims may name, whether they have been run or not.

    Raises
    ------
    BnbenchError
        With one line a problem, at its place, with the nearest name: an unknown study, contrast
        or arm, a metric that the study does not measure there, or an id that two claims have.
    """
    claims = tuple(claims)
    problems = [
        problem
        for claim in claims
        for position, test in enumerate(claim.tests)
        if test.check is None
        for problem in reference_problems(test, claim.place_of_test(position), studies)
    ]
    problems += repeated_ids(claims)
    if problems:
        raise BnbenchError(*problems)


def reference_problems(
    test: ClaimTest, place: Place, studies: Mapping[str, Study]
) -> Iterator[BnbenchError]:
    """Find the names of a test that its study does not have."""
    if test.study not in studies:
        yield unknown("study", test.study, studies, place("study"))
        return
    kind, name, measured = _measured(test, studies[test.study])
    if name not in measured:
        of = f"{kind} in the study {test.study}"
        yield unknown(of, name, measured, place(kind))
    elif test.metric is not None and test.metric not in measured[name]:
        of = f"metric of {name} in the study {test.study}"
        yield unknown(of, test.metric, measured[name], place("metric"))


def _measured(test: ClaimTest, study: Study) -> tuple[str, str, dict[str, set[str]]]:
    """Give what kind of subject the test names, its name, and the metrics of each such subject."""
    if test.arm is None:
        assert test.contrast is not None
        best_only = RULES[test.rule].of_best is not None
        return "contrast", test.contrast, _metrics_of_contrasts(study, best_only=best_only)
    return "arm", test.arm, _metrics_of_arms(study)


def _metrics_of_contrasts(study: Study, *, best_only: bool) -> dict[str, set[str]]:
    metrics = {one.name: one.metrics for one in study.best}
    if not best_only:
        metrics |= {one.name: one.metrics for one in study.contrasts}
        metrics |= dict.fromkeys(study.ladder.changes, study.ladder.metrics) if study.ladder else {}
    return {name: {metric.text for metric in measured} for name, measured in metrics.items()}


def _metrics_of_arms(study: Study) -> dict[str, set[str]]:
    """Collect what the contrasts measure of each arm; of the others nothing is known."""
    metrics: dict[str, set[str]] = {label: set() for label in study.arms}
    for contrast in study.contrasts:
        for label in (contrast.treatment, contrast.baseline):
            metrics[label] |= {metric.text for metric in contrast.metrics}
    return metrics
