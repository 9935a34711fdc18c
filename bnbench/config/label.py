"""The label of an arm, or the name of a contrast: alone, or at a point of a grid."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """A label in its two parts.

    Attributes
    ----------
    group : str
        As the study's file names the arm or the contrast.
    point : str
        Values of the grid's keys; empty without a grid.
    """

    group: str
    point: str

    @classmethod
    def parse(cls, text: str) -> Label:
        """Take a label apart.

        Examples
        --------
        >>> Label.parse("plain@0.1")
        Label(group='plain', point='0.1')
        >>> Label.parse("plain").point
        ''
        """
        group, _, point = text.partition("@")
        return cls(group, point)


class AtPoint:
    """What a study's file names, and each point of a grid has: a contrast, a change, a finding."""

    name: str

    @property
    def group(self) -> str:
        """The name in the study's file."""
        return Label.parse(self.name).group

    @property
    def point(self) -> str:
        """The point of a grid at which it stands; empty for none."""
        return Label.parse(self.name).point
