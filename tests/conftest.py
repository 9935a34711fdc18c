"""Fixtures that several parts of the test tree share."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from bnbench.config import Study

# Nothing that is imported for the tests is ever garbage, and to look through it again and again
# takes a tenth of their time.
gc.disable()

mpl.use("Agg")

# Under nohup, or in the background of a script, a shell has its children ignore Ctrl-C, and the
# commands that tests interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, so that a red run is never a matter of luck; and no deadline, since
# the machines are noisy.
settings.register_profile("bnbench", derandomize=True, deadline=None)
settings.load_profile("bnbench")

ROOT = Path(__file__).parents[1]


def pytest_collection_finish() -> None:
    """Compile the kernels of a new checkout once: side by side, each process would do it."""
    gc.freeze()
    gc.enable()
    if "PYTEST_XDIST_WORKER" in os.environ:
        from bnbench.kernels import cache, loops  # noqa: F401 - the loops tell Numba its folder
        from bnbench.kernels.preparation import prepare

        with FileLock(f"{cache.folder()}.lock"):
            prepare(lambda _: None)


def pytest_unconfigure() -> None:
    """Let libraries that look for leaks find none."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def studies(root: Path) -> dict[str, Study]:
    """Our studies in full, by name."""
    from bnbench.config import load_study

    paths = sorted((root / "configs/studies").glob("*.yaml"))
    return {path.stem: load_study(path) for path in paths}


@pytest.fixture(scope="session")
def small_studies(studies: dict[str, Study]) -> list[Study]:
    """The small variants of those that have one."""
    from bnbench.config import load_study

    return [load_study(one.path, small=True) for one in studies.values() if one.has_small]


@pytest.fixture(scope="session")
def reference_runs(root: Path) -> Path:
    """The reference's runs as folders."""
    from bnbench.runs import opened

    return opened(root / "results/reference/runs")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The default data folder, with real MNIST in it."""
    from bnbench.data import data_folder, fetch, find_dataset

    folder = data_folder(None)
    fetch(find_dataset("mnist"), folder)
    return folder


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, and count, what needs a GPU where there is none."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """Each kind of device that is promised."""
    return str(request.param)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may go through, as pytest's are not; see `tests.closed`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
