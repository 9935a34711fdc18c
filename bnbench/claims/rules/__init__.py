"""The rules of claims. Every file in this folder is imported, so that its rules are known."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from bnbench.claims.rules.rule import RULES, ClaimTest

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["RULES", "ClaimTest"]
