"""IDX files by any of the names and places that they go by."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.data import find_dataset, locate

FILES = find_dataset("mnist").files


@pytest.mark.parametrize("where", ["MNIST/raw", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [True, False])
def test_found_by_any_name(tmp_path: Path, where: str, suffix: str, dotted: bool) -> None:
    folder = tmp_path / where
    folder.mkdir(parents=True, exist_ok=True)
    for place, file in enumerate(FILES):
        assert locate(find_dataset("mnist"), tmp_path) is None, place
        name = file.name.replace("-idx", ".idx") if dotted else file.name
        (folder / f"{name}{suffix}").touch()
    found = locate(find_dataset("mnist"), tmp_path)
    assert found is not None
    assert found.resolve() == folder.resolve()
