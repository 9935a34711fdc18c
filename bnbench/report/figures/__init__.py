"""The figures of a study. Every file in this folder is imported, so that its kind is known."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from bnbench.report.figures.figure import KINDS, Kind, Picture, check_figures, draw_all

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["KINDS", "Kind", "Picture", "check_figures", "draw_all"]
