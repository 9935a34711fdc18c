"""The figures that a study chooses: they stand together at the head of its part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bnbench.report.document import Picture, Section, pictures_of


def with_chosen_figures(section: Section, kinds: Sequence[str] | None) -> Section:
    """Move a study's chosen figures to its head, in the order of their kinds; drop the others.

    Parameters
    ----------
    section : Section
        Of the study, with each figure beside the tables that it is drawn of.
    kinds : sequence of str or None
        Of `bnbench.config.figures.FIGURES`; ``None``: every figure stays where it is.

    Returns
    -------
    Section
    """
    if kinds is None:
        return section
    pictures = list(pictures_of([section]))
    chosen = [picture for kind in kinds for picture in pictures if picture.kind == kind]
    bare = _without_pictures(section)
    return replace(bare, blocks=(*bare.blocks, *chosen))


def _without_pictures(section: Section) -> Section:
    return replace(
        section,
        blocks=tuple(block for block in section.blocks if not isinstance(block, Picture)),
        sections=tuple(map(_without_pictures, section.sections)),
    )
