"""Without AVX-512: what is switched off, and that every library heeds it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.avx2 import features, restricted

ASKED = """
import json, torch
from bnbench.kernels import tiles
print(json.dumps([tiles.LANES, torch.backends.cpu.get_cpu_capability()]))
"""


def test_later_instructions_are_switched_off() -> None:
    assert features("+avx2,+avx512f,-avx512er,+fma") == "+avx2,-avx512f,-avx512er,+fma"


def test_numba_and_pytorch_heed_it(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", ASKED], env=restricted(str(tmp_path)), check=True,
        stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    lanes, capability = json.loads(said)
    assert (lanes, capability) in {(8, "AVX2"), (8, "DEFAULT"), (4, "DEFAULT")}
