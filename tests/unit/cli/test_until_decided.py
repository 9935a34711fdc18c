"""How many seeds a study is looked at with, and when it stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bnbench.claims.rules.deciding import fewest_seeds
from bnbench.cli.reproduce_summary import adjusted_together
from bnbench.cli.until_decided import looks, run_until_decided
from bnbench.config import Study, load_study
from bnbench.errors import BnbenchError
from bnbench.findings import find
from bnbench.findings.registration import register
from tests.studies import BRIEF, STUDY, write_study
from tests.unit.conftest import MakeRun


@pytest.fixture
def load(root: Path, tmp_path: Path) -> Callable[[int], Study]:
    path = write_study(root, tmp_path, "training.epochs=1")
    return lambda seeds: load_study(path, seeds=seeds)


@pytest.mark.parametrize("at_most", [2, 5, 6, 7, 30, 60])
def test_looks_end_at_the_limit(at_most: int) -> None:
    seeds = list(looks(at_most))
    assert seeds == sorted(set(seeds))
    assert seeds[-1] == at_most
    assert seeds[0] == min(6, at_most)


@pytest.mark.parametrize(("lead", "stops"), [(0.02, 6), (0.0, 10)])
def test_it_stops_once_decided_or_at_the_limit(
    lead: float,
    stops: int,
    load: Callable[[int], Study],
    make_run: MakeRun,
    tmp_path: Path,
) -> None:
    done: list[int] = []

    def run(studies: Sequence[Study]) -> int:
        (study,) = studies
        register(study, tmp_path / "results", {}, any_time=True)
        for seed in set(study.seeds) - set(done):
            noise = 0.001 * (seed % 3)
            make_run(study.arms["plain"].experiment, seed, [0.9])
            make_run(study.arms["batch_norm"].experiment, seed, [0.9 + lead + noise])
            done.append(seed)
        return 0

    files, results = [tmp_path / "s.yaml"], tmp_path / "results"
    (study,), code = run_until_decided(files, lambda _, seeds: [load(seeds)], run, results, 10)
    assert (len(study.seeds), code) == (stops, 0)


@pytest.mark.parametrize(
    ("family", "brief", "together"),
    [("confirmatory", BRIEF, 1), ("confirmatory", "", 2), ("exploratory", BRIEF, 1)],
)
def test_what_is_adjusted_together_takes_more_seeds(
    family: str, brief: str, together: int, load: Callable[[int], Study], tmp_path: Path
) -> None:
    metrics = "[validation_accuracy@last, validation_accuracy@1]"
    changed = STUDY.replace("[validation_accuracy@last]", f"{metrics}, family: {family}")
    (tmp_path / "s.yaml").write_text(changed + brief)
    assert adjusted_together(find(load(3), tmp_path / "results")) == together


@pytest.mark.parametrize(("tests", "seeds"), [(1, 6), (2, 7), (4, 8), (25, 10)])
def test_holm_multiplies_the_smallest_p(tests: int, seeds: int) -> None:
    """Of n seeds that all agree p is 2 in 2**n."""
    assert fewest_seeds(tests) == seeds
    assert tests * 2 / 2**seeds < 0.05 <= tests * 2 / 2 ** (seeds - 1)


def test_what_needs_a_fixed_number_of_seeds_is_refused(
    load: Callable[[int], Study], tmp_path: Path
) -> None:
    (tmp_path / "s.yaml").write_text(STUDY.replace("metrics:", "tuning_seeds: 2, metrics:"))
    with pytest.raises(BnbenchError, match="--seeds in place"):
        run_until_decided(
            [tmp_path / "s.yaml"],
            lambda _, seeds: [load(seeds)],
            lambda _: pytest.fail("it ran"),
            tmp_path / "results",
            10,
        )
    assert not (tmp_path / "results").exists()
