"""Is a run what it says? Its files read again, the run done again, two runs side by side.

What takes PyTorch, or pandas, is imported when it is used.
"""

from typing import TYPE_CHECKING

from bnbench.registry import on_demand

if TYPE_CHECKING:
    from bnbench.verification.difference import (
        Difference,
        batches_are_kept,
        differing_facts,
        differing_numbers,
    )
    from bnbench.verification.inspection import Inspection, inspect, without_manifest
    from bnbench.verification.repetition import Rerun, repeat, rerun

__all__ = [
    "Difference",
    "Inspection",
    "Rerun",
    "batches_are_kept",
    "differing_facts",
    "differing_numbers",
    "inspect",
    "repeat",
    "rerun",
    "without_manifest",
]
__getattr__ = on_demand(
    __name__,
    {
        "difference": ("Difference", "batches_are_kept", "differing_facts", "differing_numbers"),
        "inspection": ("Inspection", "inspect", "without_manifest"),
        "repetition": ("Rerun", "repeat", "rerun"),
    },
)
