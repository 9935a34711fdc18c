"""Looks into a network while it trains. Every file in this folder can register a kind of probe."""

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
from bnbench.registry import import_folder

import_folder(__name__, __path__)

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
