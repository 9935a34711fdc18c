"""Numbers as a reader meets them: shares in percent, their differences in percentage points."""

from __future__ import annotations

import math

from bnbench.statistics import Interval

NOTHING = "–"
DECIMALS = {
    "pp": 2,
    "nats": 4,
    "epochs": 2,
    "seconds": 1,
    "steps": 0,
    "runs": 0,
    "tau": 3,
    "sd": 3,
    "degrees": 3,
}
ROUNDING = 1e-11
"""What a mean of differences that cancel out may be in place of 0; they have 12 digits."""

MOST_DECIMALS = 4
"""Of a number without a unit, which has as many as its size, or its interval, calls for."""


def in_unit(value: float, unit: str) -> float:
    """A value as it is shown in its unit: a share in percent, or in percentage points."""
    return 100 * value if unit == "pp" else value


def level(value: float, unit: str) -> str:
    """Write a level or a time; an infinite time is ``never``.

    Examples
    --------
    >>> level(0.98512, "pp"), level(0.0421, "nats"), level(math.inf, "epochs")
    ('98.51 %', '0.0421 nats', 'never')
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "never"
    return _level(value, unit, _decimals(unit, value))


def difference(value: float, unit: str) -> str:
    """Write a difference with its sign and unit.

    Examples
    --------
    >>> difference(0.0131, "pp"), difference(3155.1456, ""), difference(-2e-13, "pp")
    ('+1.31 pp', '+3,155', '+0.00 pp')
    """
    return NOTHING if math.isnan(value) else _difference(value, unit, _decimals(unit, value))


def size(value: float, unit: str) -> str:
    """Write how large a difference is, or would be, without its sign.

    Examples
    --------
    >>> size(-0.001, "pp")
    '0.10 pp'
    """
    return difference(abs(value), unit).lstrip("+")


def interval(ends: Interval, unit: str) -> str:
    """Write the ends of a difference's interval, in the unit that stands beside it.

    Examples
    --------
    >>> interval(Interval(-0.001, 0.0131, "t"), "pp")
    '[−0.10, +1.31]'
    """
    return _between(ends, unit, "+")


def level_interval(ends: Interval, unit: str) -> str:
    """Write the ends of a level's interval, in the unit that stands beside it.

    Examples
    --------
    >>> level_interval(Interval(0.981, 0.985, "t"), "pp")
    '[98.10, 98.50]'
    """
    return _between(ends, unit, "")


def level_estimate(value: float, ends: Interval, unit: str) -> str:
    """Write a level with its interval, where it has one."""
    if math.isnan(ends.low):
        return level(value, unit)
    return f"{_level(value, unit, _decimals_of(ends, unit))} {level_interval(ends, unit)}"


def estimate(value: float, ends: Interval, unit: str) -> str:
    """Write a difference with its interval, where it has one.

    Examples
    --------
    >>> estimate(0.005, Interval(-0.001, 0.0131, "t"), "pp")
    '+0.50 pp [−0.10, +1.31]'
    >>> estimate(1.5084, Interval(-0.1010, 3.1177, "t"), "")
    '+1.5 [−0.1, +3.1]'
    """
    if math.isnan(ends.low):
        return difference(value, unit)
    return f"{_difference(value, unit, _decimals_of(ends, unit))} {interval(ends, unit)}"


def level_unit(unit: str) -> str:
    """The unit of a level whose differences have another: those of percents are pp."""
    return "%" if unit == "pp" else unit


def _level(value: float, unit: str, decimals: int) -> str:
    return minus(f"{in_unit(value, unit):,.{decimals}f} {level_unit(unit)}".rstrip())


def _difference(value: float, unit: str, decimals: int) -> str:
    if abs(value) < ROUNDING:
        value = 0.0  # without a sign of its own
    return minus(f"{in_unit(value, unit):+,.{decimals}f} {unit}".rstrip())


def _between(ends: Interval, unit: str, sign: str) -> str:
    if math.isnan(ends.low):
        return NOTHING
    if math.isinf(ends.low) and math.isinf(ends.high):  # at any time, of a few seeds
        return "(no interval yet)"
    kind = f"{sign},.{_decimals_of(ends, unit)}f"
    low, high = (format(in_unit(end, unit), kind) for end in (ends.low, ends.high))
    return minus(f"[{low}, {high}]")


def _decimals(unit: str, value: float) -> int:
    """Count the decimals of a number: those of its unit, or three digits of one without."""
    return DECIMALS[unit] if unit in DECIMALS else _after_point(value, 3)


def _decimals_of(ends: Interval, unit: str) -> int:
    """Count the decimals of an interval: those of its unit, or two digits of its width.

    An end near zero has one digit of its own, so that its side of zero is seen.
    """
    if unit in DECIMALS:
        return DECIMALS[unit]
    nearest = min(abs(ends.low), abs(ends.high))
    return max(_after_point(ends.high - ends.low, 2), _after_point(nearest, 1) if nearest else 0)


def _after_point(value: float, digits: int) -> int:
    if value == 0 or not math.isfinite(value):
        return MOST_DECIMALS
    before = math.floor(math.log10(abs(value))) + 1
    return min(max(digits - before, 0), MOST_DECIMALS)


def ratio(value: float, ends: Interval) -> str:
    """Write a ratio or a probability with its interval, where it has one.

    Examples
    --------
    >>> ratio(1.5, Interval(1.2, math.inf, "percentile bootstrap"))
    '1.50 [1.20, ∞]'
    """
    if math.isnan(value):
        return NOTHING
    between = ratio_interval(ends)
    return number(value) if between == NOTHING else f"{number(value)} {between}"


def ratio_interval(ends: Interval) -> str:
    """Write the ends of an interval that has no unit."""
    return NOTHING if math.isnan(ends.low) else f"[{number(ends.low)}, {number(ends.high)}]"


def number(value: float) -> str:
    """Write a number without unit."""
    if math.isnan(value):
        return NOTHING
    return minus(f"{value:.2f}").replace("inf", "∞")


def p_value(p: float) -> str:
    """Write a p value with two digits.

    Examples
    --------
    >>> p_value(0.001953), p_value(1.0), p_value(2e-7)
    ('0.0020', '1.0', '< 0.0001')
    """
    if math.isnan(p):
        return NOTHING
    return f"{p:#.2g}" if p >= 0.0001 else "< 0.0001"


def p_equals(p: float) -> str:
    """Write a p value with its letter.

    Examples
    --------
    >>> p_equals(0.001953), p_equals(2e-7)
    ('p = 0.0020', 'p < 0.0001')
    """
    written = p_value(p)
    return f"p {written}" if written.startswith("<") else f"p = {written}"


def seeds(n: float) -> str:
    """Write how many seeds are needed.

    Examples
    --------
    >>> seeds(26.0), seeds(math.inf)
    ('26', 'over 10,000,000')
    """
    if math.isnan(n):
        return NOTHING
    return "over 10,000,000" if math.isinf(n) else f"{n:,.0f}"


def minus(text: str) -> str:
    """Write the minus of printed numbers in place of a hyphen."""
    return text.replace("-", "−")
