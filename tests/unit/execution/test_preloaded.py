"""The process that is copied for every run: what it has loaded, and that it can be copied."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bnbench.kernels.preparation import prepare

PROGRAM = """
import bnbench.execution.preloaded, os, threading
from bnbench.kernels import cross_entropy, gather, loops
from bnbench.training import code
assert threading.active_count() == 1
print(*(len(one.signatures) for one in (loops.layer, gather._gather, cross_entropy._compute)))
print(code._hash.cache_info().currsize > 20, code._tree.cache_info().currsize)
if not (child := os.fork()):
    import torch  # a copy goes backward, which a process with autograd's threads could not
    (torch.ones(3, requires_grad=True) ** 2).sum().backward()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


def run() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")[:3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not copied here")
def test_compiled_loops_and_hashes_are_there_before_a_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    prepare(str)
    assert run() == ["1 1 1", "True 0", "0"]
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert run() == ["0 0 0", "True 0", "0"]  # nothing was compiled there, and nothing is
