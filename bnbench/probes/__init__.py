"""Looks into a network while it trains. Every file in this folder can register a kind of probe."""

from importlib import import_module
from pkgutil import iter_modules

from bnbench.probes.probe import (
    PROBES,
    Probe,
    Seen,
    View,
    check_looks,
    columns,
    find_probe,
    probes_of,
    register_probe,
)

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "PROBES",
    "Probe",
    "Seen",
    "View",
    "check_looks",
    "columns",
    "find_probe",
    "probes_of",
    "register_probe",
]
