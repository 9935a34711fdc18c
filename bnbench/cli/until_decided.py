"""Seeds added in blocks until a study's questions are decided, or a limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from bnbench.claims import questions
from bnbench.claims.rules.deciding import fewest_seeds
from bnbench.claims.verdict import DECIDED
from bnbench.cli.terminal import tell
from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings import find

Load = Callable[[Sequence[Path], int], list[Study]]
"""Loads studies by their files, each with so many seeds."""

Run = Callable[[Sequence[Study]], int]
"""Registers studies, and runs what they lack; an exit code, above 1 if it was stopped."""


def run_until_decided(
    paths: Iterable[Path], load: Load, run: Run, results: Path, at_most: int
) -> tuple[list[Study], int]:
    """Run one study after the other, each with more and more seeds.

    It returns each study as it was run last, and the worst exit code.
    """
    done, worst = [], 0
    for path in paths:
        study, code = _run_one(path, load, run, results, at_most)
        done.append(study)
        worst = max(worst, code)
        if code > 1:
            break
    return done, worst


def _run_one(path: Path, load: Load, run: Run, results: Path, at_most: int) -> tuple[Study, int]:
    for seeds in looks(at_most):
        (study,) = load([path], seeds)
        _check(study)
        code = run([study])
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
