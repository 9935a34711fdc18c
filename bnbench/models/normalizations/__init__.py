"""Normalizations by name. Every file in this folder is imported, so that it can register one."""

from bnbench.models.normalizations.kind import (
    NORMALIZATIONS,
    Normalization,
    find_normalization,
    register_normalization,
)
from bnbench.registry import import_folder

import_folder(__name__, __path__)

__all__ = [
    "NORMALIZATIONS",
    "Normalization",
    "find_normalization",
    "register_normalization",
]
