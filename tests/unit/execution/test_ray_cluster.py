"""Which cluster: what is refused before anything is asked of it."""

from __future__ import annotations

import sys

import pytest

from bnbench.errors import BnbenchError
from bnbench.execution.ray_cluster import RayCluster


def refusal(cluster: RayCluster) -> str:
    with pytest.raises(BnbenchError) as caught, cluster.connected():
        pass
    return str(caught.value)


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'bnbench[ray]'" in refusal(RayCluster())


def test_one_and_a_half_gpus_are_refused() -> None:
    assert "--gpus-per-run" in refusal(RayCluster(gpus_per_run=1.5))


def test_ray_s_client_is_refused() -> None:
    pytest.importorskip("ray", reason="Ray is an optional extra: pip install 'bnbench[ray]'")
    assert "Ray's client tells nothing" in refusal(RayCluster("ray://127.0.0.1:10001"))


@pytest.mark.parametrize("address", ["auto", "nonsense"])
def test_where_there_is_no_cluster(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    pytest.importorskip("ray", reason="Ray is an optional extra: pip install 'bnbench[ray]'")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    said = refusal(RayCluster(address))
    assert said.startswith(f"--ray-address {address}: ")
    assert len(said.splitlines()) == 1
