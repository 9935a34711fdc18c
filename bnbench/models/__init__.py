"""Architectures by name. Every file in this folder is imported, so that it can register one."""

from bnbench.models.architecture import (
    ARCHITECTURES,
    Architecture,
    Network,
    build_model,
    find_architecture,
    register,
    resolve_model,
)
from bnbench.registry import import_folder

import_folder(__name__, __path__)

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Network",
    "build_model",
    "find_architecture",
    "register",
    "resolve_model",
]
