"""The rules of claims. Every file in this folder is imported, so that its rules are known."""

from __future__ import annotations

from bnbench.claims.rules.rule import RULES, ClaimTest
from bnbench.registry import import_folder

import_folder(__name__, __path__)

__all__ = ["RULES", "ClaimTest"]
