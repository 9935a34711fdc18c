"""Architectures by name. Every file in this folder is imported, so that it can register one."""

from pkgutil import iter_modules

from bnbench.models.architecture import (
    ARCHITECTURES,
    Architecture,
    Network,
    build_model,
    find_architecture,
    register,
    resolve_model,
)
from bnbench.registry import import_own

for _module in iter_modules(__path__):
    import_own(f"{__name__}.{_module.name}")

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Network",
    "build_model",
    "find_architecture",
    "register",
    "resolve_model",
]
