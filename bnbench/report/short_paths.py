"""The same path in an SVG, in fewer letters: by steps, and along an axis by one number."""

from __future__ import annotations

import re
from collections.abc import Iterator

PART = re.compile(r"([MLQCz])([^MLQCz]*)")

Point = tuple[int, int]
"""In units of the last decimal: steps from one to the next are exact, and no error adds up."""


def shortened(path: str, decimals: int = 2) -> str:
    """Write a path of the commands M, L, Q, C and z, with absolute numbers, by steps.

    Parameters
    ----------
    decimals : int
        To which the points are rounded: 1 or 2.

    Examples
    --------
    >>> shortened("M 10 20 L 30.5 20 L 30.5 25 L 29.5 26.25 z")
    'M10 20h20.5v5l-1 1.25z'
    """
    written, before = "", ""
    for command, numbers in _steps(path, 10**decimals):
        letter = "" if command == before and command in "hvl" else command
        written += letter + _joined(numbers, decimals, first=bool(letter))
        before = command
    return written


def _steps(path: str, per_unit: int) -> Iterator[tuple[str, list[int]]]:
    at = start = (0, 0)
    for command, text in PART.findall(path):
        numbers = [round(float(number) * per_unit) for number in text.split()]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M":
            yield "M", numbers
            start = points[-1]
        elif command == "z":
            yield "z", []
            points = [start]
        elif command == "L":
            yield _line(at, points[-1])
        else:
            yield (
                command.lower(),
                [to - of for point in points for to, of in zip(point, at, strict=True)],
            )
        at = points[-1]


def _line(at: Point, to: Point) -> tuple[str, list[int]]:
    right, down = to[0] - at[0], to[1] - at[1]
    if not down:
        return "h", [right]
    return ("l", [right, down]) if right else ("v", [down])


def _joined(numbers: list[int], decimals: int, *, first: bool) -> str:
    """Write numbers one after the other: a blank where neither a sign nor a point parts them."""
    written, before = "", "" if first else "0"
    for text in (_text(number, decimals) for number in numbers):
        parted = not before or text[0] == "-" or (text[0] == "." and "." in before)
        written += text if parted else f" {text}"
        before = text
    return written


def _text(number: int, decimals: int) -> str:
    whole, rest = divmod(abs(number), 10**decimals)
    text = f"{whole or ''}.{rest:0{decimals}}".rstrip("0") if rest else str(whole)
    return f"-{text}" if number < 0 else text
