"""Seeds added in blocks until a study's questions are decided, or a limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bnbench.claims import questions
from bnbench.claims.rules.deciding import fewest_seeds
from bnbench.claims.verdict import DECIDED
from bnbench.cli.terminal import tell
from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings import find


def run_until_decided(
    load: Callable[[int], Study], results: Path, at_most: int, run: Callable[[Study], int]
) -> tuple[Study, int]:
    """Run a study with more and more seeds.

    Parameters
    ----------
    load : callable
        The study with so many seeds.
    at_most : int
        Seeds.
    run : callable
        Registers a study, and runs what it lacks; an exit code, above 1 if it was stopped.

    Returns
    -------
    Study, int
        As it was run last, and its exit code.
    """
    for seeds in looks(at_most):
        study = load(seeds)
        _check(study)
        code = run(study)
        if code > 1:
            break
        found, asked = find(study, results), questions(study)
        undecided = sum(test.judge(found).verdict not in DECIDED for test in asked)
        tell(f"{seeds} seeds: {undecided} of {len(asked)} questions undecided")
        if not undecided:
            break
    return study, code


def looks(at_most: int) -> Iterator[int]:
    """Yield the numbers of seeds at which a study is looked at: a quarter more each time.

    >>> list(looks(30))
    [6, 8, 10, 12, 15, 18, 22, 27, 30]
    """
    seeds = min(fewest_seeds(), at_most)
    while seeds < at_most:
        yield seeds
        seeds += max(2, seeds // 4)
    yield at_most


def _check(study: Study) -> None:
    if study.best:
        raise BnbenchError(
            f"{study.path}: chooses by tuning seeds, whose number is fixed beforehand; give --seeds"
            " in place of --until-decided"
        )
    if not questions(study):
        raise BnbenchError(
            f"{study.path}: asks nothing that seeds could decide; add `brief:` or `answered_by:`,"
            " or give --seeds in place of --until-decided"
        )
