"""Where compiled kernels go: nobody else's folder, and always somewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest

from bnbench.kernels import cache
from bnbench.kernels.preparation import prepare


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    yield
    numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose cache folder is a file, and whose temporary folder is this one."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(cache, "user_cache_path", lambda *_, **__: tmp_path / "file")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_the_folder_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "asked"))
    cache.use_cache()
    assert cache.folder().parent == tmp_path / "asked"


def test_without_a_usable_home_the_temporary_folder(nowhere: Path) -> None:
    cache.use_cache()
    assert cache.folder().parent.parent == nowhere
    assert cache.folder().parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_write_is_not_used(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in it is run."""
    cache.use_cache()
    used = cache.folder().parent
    used.chmod(0o777)
    monkeypatch.setattr(tempfile, "mkdtemp", lambda prefix: str(nowhere / prefix))
    cache.use_cache()
    assert cache.folder().parent == nowhere / "bnbench-kernels-"


def test_a_planted_link_is_not_followed(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.use_cache()
    used = cache.folder().parent
    used.rename(nowhere / "elsewhere")
    used.symlink_to(nowhere / "elsewhere")
    monkeypatch.setattr(tempfile, "mkdtemp", lambda prefix: str(nowhere / prefix))
    cache.use_cache()
    assert cache.folder().parent == nowhere / "bnbench-kernels-"


def test_a_word_before_the_first_compilation_only() -> None:
    said: list[str] = []
    prepare(said.append)
    first = len(said)
    assert first <= 1
    prepare(said.append)
    assert len(said) == first
