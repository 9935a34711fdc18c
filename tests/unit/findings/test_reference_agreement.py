"""New runs against a reference: intervals by hand, and chance by counting."""

from __future__ import annotations

import lzma
import shutil
from collections.abc import Callable, Sequence
from math import comb, sqrt
from pathlib import Path

import pytest

from bnbench.cli.against import judge_runs
from bnbench.errors import BnbenchError
from bnbench.findings.reference_agreement import (
    METRICS,
    ReferenceAgreement,
    ReferenceCheck,
    agreement_with,
)
from bnbench.runs import Run, find_runs
from bnbench.statistics import Interval

Make = Callable[..., Run]
T_2 = 4.302653  # Student's quantile at 0.975, two degrees of freedom, as in printed tables
IMAGE = 1 / 10_000  # of the validation split of `make_run`


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return tmp_path / "reference"


@pytest.fixture
def make(make_run: Make, tmp_path: Path) -> Callable[..., list[Run]]:
    """Write runs from their accuracies after epochs 1 and 2, at seeds 0, 1, ..."""

    def make(where: str, name: str, curves: Sequence[tuple[float, float]]) -> list[Run]:
        results = tmp_path / where
        return [make_run(name, seed, curve, results=results) for seed, curve in enumerate(curves)]

    return make


KNOWN = [(0.90, 0.95), (0.91, 0.96), (0.92, 0.97)]
HALF = T_2 * 0.01 * sqrt(1 / 2 + 1 / 3) + IMAGE  # of two further runs; the sd is 0.01


def test_an_accuracy_and_where_two_further_runs_lie(
    make: Callable[..., list[Run]], reference: Path
) -> None:
    make("reference/runs", "a", KNOWN)
    runs = make("new", "a", [(0.90, 0.90), (0.92, 0.92)])
    first, last = agreement_with(runs, reference).checks
    assert (first.what, first.metric.text, first.n, first.reference_n) == (
        "a", "validation_accuracy@1", 2, 3,
    )  # fmt: skip
    assert first.interval.low == pytest.approx(0.91 - HALF, abs=1e-8)
    assert first.interval.high == pytest.approx(0.91 + HALF, abs=1e-8)
    assert first.mean == pytest.approx(0.91)
    assert first.inside
    assert last.metric.text == "validation_accuracy@last"
    assert last.interval.low == pytest.approx(0.96 - HALF, abs=1e-8)  # 0.9206, above 0.91
    assert not last.inside


def write_tables(reference: Path) -> None:
    (reference / "values.csv").write_text("study,label,experiment\ns,with,b\ns,without,a\n")
    pair = "s,with,without,validation_accuracy@1\n"
    (reference / "contrasts.csv").write_text("study,treatment,baseline,metric\n" + 2 * pair)


@pytest.mark.parametrize("packed", [False, True])
def test_a_paired_difference_of_the_reference_s_contrasts(
    make: Callable[..., list[Run]], reference: Path, *, packed: bool
) -> None:
    make("reference/runs", "a", KNOWN)
    make("reference/runs", "b", [(0.92, 0.96), (0.94, 0.97), (0.96, 0.98)])  # + 0.02, 0.03, 0.04
    write_tables(reference)
    if packed:
        values = reference / "values.csv"
        values.with_suffix(".csv.xz").write_bytes(lzma.compress(values.read_bytes()))
        values.unlink()
    runs = [*make("new", "a", [(0.90, 0.95)] * 2), *make("new", "b", [(0.98, 0.96)] * 2)]
    by_name = {(one.what, one.metric.epoch): one for one in agreement_with(runs, reference).checks}
    assert len(by_name) == 6  # two experiments and their difference, twice
    difference = by_name["b − a", 1]
    assert difference.paired
    assert difference.interval.low == pytest.approx(0.03 - HALF, abs=1e-8)
    assert difference.interval.high == pytest.approx(0.03 + HALF, abs=1e-8)
    assert difference.mean == pytest.approx(0.08)
    assert not difference.inside
    assert by_name["b − a", None].inside  # 0.01 at each seed of the reference, and here


def test_equal_reference_runs_leave_room_for_an_image(
    make: Callable[..., list[Run]], reference: Path
) -> None:
    make("reference/runs", "a", [(0.90, 0.95)] * 3)
    first, last = agreement_with(make("new", "a", [(0.9001, 0.9502)]), reference).checks
    assert first.inside
    assert not last.inside


def agreement(n: int, outside: int) -> ReferenceAgreement:
    interval = Interval(0.0, 1.0, "prediction")
    means = [2.0] * outside + [0.5] * (n - outside)
    judged = [ReferenceCheck("a", False, METRICS[0], interval, 3, mean, 1) for mean in means]
    return ReferenceAgreement(tuple(judged), ())


@pytest.mark.parametrize("n", [1, 6, 40, 300])
def test_as_many_outside_as_chance_puts_there(n: int) -> None:
    allowed = agreement(n, 0).allowed

    def at_most(count: int) -> float:
        return sum(comb(n, k) * 0.05**k * 0.95 ** (n - k) for k in range(count + 1))

    assert at_most(allowed) >= 0.99 > at_most(allowed - 1)
    assert agreement(n, allowed).consistent
    assert agreement(n, 0).expected == pytest.approx(n / 20)
    assert n == allowed or not agreement(n, allowed + 1).consistent


def test_what_cannot_be_judged_is_said(make: Callable[..., list[Run]], reference: Path) -> None:
    make("reference/runs", "a", KNOWN)
    make("reference/runs", "single", KNOWN[:1])
    make("reference/runs", "longer", [(*curve, 0.98) for curve in KNOWN])
    runs = [
        run for name in ("a", "single", "longer", "unknown") for run in make("new", name, KNOWN)
    ]
    result = agreement_with(runs, reference)
    assert {one.what for one in result.checks} == {"a"}
    assert result.notes == (
        "single: has one seed in the reference, which gives no interval",
        "longer: is of another configuration than the reference",
        "unknown: is not in the reference",
    )
    with pytest.raises(BnbenchError, match=r"unknown: is not in the reference\n.*: has nothing"):
        agreement_with(find_runs([runs[-1].path]), reference)


def test_a_reference_s_table_that_is_none(make: Callable[..., list[Run]], reference: Path) -> None:
    make("reference/runs", "a", KNOWN)
    write_tables(reference)
    new = make("new", "a", KNOWN)
    for name in ("values.csv", "values.csv.xz"):
        (reference / name).write_bytes(b"\xff\xfe")
        with pytest.raises(BnbenchError, match=r"values\.csv or contrasts\.csv is no table"):
            agreement_with(new, reference)


def test_what_the_command_says(
    make: Callable[..., list[Run]],
    reference: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make("new/reference/runs", "a", KNOWN)
    make("new", "a", KNOWN)
    own = tmp_path / "new" / "reference"
    agreed = judge_runs([], tmp_path / "new", own)  # its own runs are not judged a second time
    assert agreed.problems == ()
    assert "0 of 2 outside" in capsys.readouterr().out
    shutil.copytree(own, reference)
    shifted = make("shifted", "a", [(0.5, 0.5), (0.51, 0.51)])
    (problem,) = judge_runs([shifted[0].path.parent], tmp_path, reference).problems
    assert problem.startswith("2 of 2 outside")
    out = capsys.readouterr().out
    assert out.count("OUTSIDE") == 2
    assert "by chance 0.1 on average" in out
    with pytest.raises(BnbenchError, match="absent: "):
        judge_runs([], tmp_path, tmp_path / "absent")
    with pytest.raises(BnbenchError, match="holds no run"):
        judge_runs([], tmp_path / "absent", reference)
