"""Cores by quota: control groups of both versions, laid out as Linux does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.execution import cores
from bnbench.execution.cores import available_cores, quota_cores


def quota(tmp_path: Path, membership: str, files: dict[str, str]) -> float | None:
    (tmp_path / "membership").write_text(membership, encoding="ascii")
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return quota_cores(tmp_path / "groups", tmp_path / "membership")


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/pod/job\n", {"pod/cpu.max": "400000 100000\n", "pod/job/cpu.max": "max 1\n"}, 4.0),
        ("0::/a/b\n", {"a/cpu.max": "2000 1000\n", "a/b/cpu.max": "9000 1000\n"}, 2.0),
        ("4:memory:/x\n3:cpu,cpuacct:/x\n",
         {"cpu/x/cpu.cfs_quota_us": "50000\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, 0.5),
        ("3:cpu:/\n",
         {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/\n", {"cpu.max": "nonsense"}, None),
        ("", {}, None),
    ],
)  # fmt: skip
def test_quota(
    tmp_path: Path, membership: str, files: dict[str, str], expected: float | None
) -> None:
    assert quota(tmp_path, membership, files) == expected


@pytest.mark.parametrize(("limit", "expected"), [(None, 8), (3.9, 3), (0.5, 1), (64.0, 8)])
def test_runs_fill_whole_cores_of_the_quota(
    monkeypatch: pytest.MonkeyPatch, limit: float | None, expected: int
) -> None:
    monkeypatch.setattr(cores, "allowed_cores", lambda: 8)
    monkeypatch.setattr(cores, "quota_cores", lambda: limit)
    assert available_cores() == expected
