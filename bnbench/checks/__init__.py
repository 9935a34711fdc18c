"""What is exact, checked without training: identities of the layers, and toy data.

A check is a function that measures one number, and says which one an article claims. A claim names
it by its function's name.
"""

from __future__ import annotations

from bnbench.checks.registry import CHECKS
from bnbench.claims import Check
from bnbench.registry import import_folder

import_folder(__name__, __path__)


def run_checks() -> dict[str, Check]:
    """Run every check, in seconds.

    Returns
    -------
    dict of str to Check
        By the function's name.
    """
    return {name: measure() for name, measure in CHECKS.items()}


__all__ = ["CHECKS", "run_checks"]
