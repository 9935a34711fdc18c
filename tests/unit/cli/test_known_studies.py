"""Which studies claims may name, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.cli.studies import known_studies
from bnbench.config import load_study
from bnbench.findings.registration import register


def test_a_small_variant_that_was_registered_is_no_other_study(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    for small in (True, False):
        register(load_study(root / "configs/studies/bias.yaml", small=small), tmp_path, {})
    names = [study.name for study in known_studies([], tmp_path)]
    assert names.count("bias") == 1
    assert len(names) == len(set(names))
