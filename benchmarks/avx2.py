"""The table of kernels as a processor without AVX-512 would make it.

``make bench`` prints it: Numba, PyTorch and the libraries below it are told to do without.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from numba.core.registry import cpu_target

from benchmarks.measurement import ROOT
from benchmarks.table import table_file

LATER = ("avx512", "avx10", "amx", "evex512")
"""Instructions that came after AVX2, by the start of their names."""


def features(there: str) -> str:
    """Switch the later ones off in LLVM's list of what a processor has."""
    return ",".join(f"-{one[1:]}" if one[1:].startswith(LATER) else one for one in there.split(","))


def restricted(cache: str) -> dict[str, str]:
    """The environment in which nothing uses them, with a cache of its own."""
    there = cpu_target.target_context.codegen()._get_host_cpu_features()
    return {
        **os.environ,
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": features(there),
        "NUMBA_CACHE_DIR": cache,
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    }


def main(path: Path) -> None:
    """Measure in a process of its own."""
    with TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.kernels", str(path.resolve())]
        subprocess.run(command, cwd=ROOT, env=restricted(cache), check=True)


if __name__ == "__main__":
    main(table_file())
