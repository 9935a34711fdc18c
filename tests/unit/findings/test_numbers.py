from __future__ import annotations

import math

import pytest

from bnbench.findings import numbers
from bnbench.statistics import Interval

NAN = math.nan


def _interval(low: float, high: float) -> Interval:
    return Interval(low, high, "t")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.98512, "pp", "98.51 %"),
        (0.04213, "nats", "0.0421 nats"),
        (math.inf, "epochs", "never"),
        (2.345, "epochs", "2.35 epochs"),
        (1234.4, "steps", "1,234 steps"),
        (-0.5, "tau", "−0.500 tau"),
        (NAN, "pp", "–"),
    ],
)
def test_levels(value: float, unit: str, text: str) -> None:
    assert numbers.level(value, unit) == text


def test_differences_carry_a_sign_and_intervals_their_ends() -> None:
    assert numbers.difference(0.0131, "pp") == "+1.31 pp"
    assert numbers.difference(-0.002, "nats") == "−0.0020 nats"
    assert numbers.interval(_interval(-0.001, 0.0131), "pp") == "[−0.10, +1.31]"
    assert numbers.estimate(0.005, _interval(-0.001, 0.011), "pp") == "+0.50 pp [−0.10, +1.10]"
    assert numbers.estimate(0.005, _interval(NAN, NAN), "pp") == "+0.50 pp"
    assert numbers.interval(_interval(NAN, NAN), "pp") == "–"


@pytest.mark.parametrize(
    ("value", "ends", "text"),
    [
        (3155.1456, (2355.8, 3954.5), "+3,155 [+2,356, +3,954]"),
        (1.5084, (-0.101, 3.1177), "+1.5 [−0.1, +3.1]"),
        (-0.0866, (-0.1702, -0.0029), "−0.087 [−0.170, −0.003]"),  # its side of zero is seen
        (0.0, (0.0, 0.0), "+0.0000 [+0.0000, +0.0000]"),
    ],
)
def test_a_number_without_unit_has_the_digits_of_its_interval(
    value: float, ends: tuple[float, float], text: str
) -> None:
    assert numbers.estimate(value, _interval(*ends), "") == text


def test_a_number_without_unit_or_interval_has_three_digits() -> None:
    assert [numbers.level(one, "") for one in (3155.1, 0.4567, 0.00004)] == [
        "3,155",
        "0.457",
        "0.0000",
    ]


def test_an_interval_without_ends_is_none_yet() -> None:
    assert numbers.estimate(0.0056, _interval(-math.inf, math.inf), "pp") == (
        "+0.56 pp (no interval yet)"
    )


def test_ratios_may_be_infinite_or_unknown() -> None:
    assert numbers.ratio(1.5, _interval(1.2, math.inf)) == "1.50 [1.20, ∞]"
    assert numbers.ratio(1.5, _interval(NAN, NAN)) == "1.50"
    assert numbers.ratio(NAN, _interval(0, math.inf)) == "–"


@pytest.mark.parametrize(
    ("p", "text"), [(0.001953, "0.0020"), (1.0, "1.0"), (2e-7, "< 0.0001"), (NAN, "–")]
)
def test_p_values_have_two_digits(p: float, text: str) -> None:
    assert numbers.p_value(p) == text


def test_seeds_needed() -> None:
    assert [numbers.seeds(n) for n in (26.0, math.inf, NAN)] == ["26", "over 10,000,000", "–"]
