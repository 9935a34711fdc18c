"""The figures of a study. Every file in this folder is imported, so that its kind is known."""

from __future__ import annotations

from bnbench.registry import import_folder
from bnbench.report.figures.figure import KINDS, Picture, check_figures, draw_all

import_folder(__name__, __path__)

__all__ = ["KINDS", "Picture", "check_figures", "draw_all"]
