"""Is a run what it says? Its files read again, the run done again, two runs side by side."""

from bnbench.verification.difference import Difference, differing_facts, differing_numbers
from bnbench.verification.inspection import Inspection, inspect, without_manifest
from bnbench.verification.rerun import Rerun, repeat, rerun
from bnbench.verification.tolerance import KINKED_STEPS, STEPS, TOLERANCE, promised_steps

__all__ = [
    "KINKED_STEPS",
    "STEPS",
    "TOLERANCE",
    "Difference",
    "Inspection",
    "Rerun",
    "differing_facts",
    "differing_numbers",
    "inspect",
    "promised_steps",
    "repeat",
    "rerun",
    "without_manifest",
]
