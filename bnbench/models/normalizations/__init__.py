"""Normalizations by name. Every file in this folder is imported, so that it can register one."""

from pkgutil import iter_modules

from bnbench.models.normalizations.kind import (
    NORMALIZATIONS,
    Normalization,
    find_normalization,
    register_normalization,
)
from bnbench.registry import import_own

for _module in iter_modules(__path__):
    import_own(f"{__name__}.{_module.name}")

__all__ = [
    "NORMALIZATIONS",
    "Normalization",
    "find_normalization",
    "register_normalization",
]
