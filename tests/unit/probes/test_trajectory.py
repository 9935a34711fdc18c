"""The way of a linear network under a quadratic loss: its plane by NumPy's own decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bnbench.errors import BnbenchError
from bnbench.probes import Seen
from bnbench.probes.trajectory import PLACES
from tests.unit.probes.conftest import look
from tests.unit.probes.test_loss_probes import Array, hessian, show


def walked(places: Array, **keys: object) -> tuple[list[Seen], Any]:
    """Look after each of the moves of eight weights."""
    model = nn.Linear(4, 2, bias=False)
    kept: dict[str, Tensor] = {}
    seen = []
    for place in places:
        with torch.no_grad():
            model.weight.copy_(torch.tensor(place).view(2, 4))
        seen.append(look(view := show(model, kept), "trajectory", points=5, **keys))
        kept = seen[-1].keep
    return seen, view


def test_the_way_and_the_loss_in_the_plane_of_two_principal_directions() -> None:
    places = np.random.default_rng(0).normal(size=(6, 8)) * [3, 2, 1, 1, 0.5, 0.2, 0.2, 0.2]
    seen, view = walked(places)
    moved = places[:-1] - places[-1]
    _, sizes, directions = np.linalg.svd(moved)
    plane = directions[:2] * np.sign(directions[:2] @ moved[0])[:, None]
    found = {name: np.asarray(one) for name, one in seen[-1].numbers.items()}
    np.testing.assert_allclose(found["way"][:5], moved @ plane.T, rtol=1e-4, atol=1e-5)
    assert found["way"][5].tolist() == [0, 0]
    assert np.isnan(found["way"][6:]).all()
    share = (sizes[:2] ** 2).sum() / (sizes**2).sum()
    assert found["plane_share"] == pytest.approx(share, rel=1e-5)
    h = hessian(view)
    for row, along in enumerate(found["axes"][0]):
        for column, across in enumerate(found["axes"][1]):
            place = places[-1] + along * plane[0] + across * plane[1]
            assert found["losses"][row, column] == pytest.approx(place @ h @ place / 2, rel=1e-3)
    assert (found["axes"].min(axis=1) < found["way"][:6].min(axis=0)).all()
    assert (found["axes"].max(axis=1) > found["way"][:6].max(axis=0)).all()
    widths = np.ptp(found["axes"], axis=1)
    assert widths[0] == pytest.approx(widths[1])


def test_a_look_before_there_is_a_way_and_one_that_did_not_move() -> None:
    seen, _ = walked(np.ones((2, 8)))
    for one, places in zip(seen, (1, 2), strict=True):
        found = {name: np.asarray(each) for name, each in one.numbers.items()}
        assert found["way"].shape == (PLACES + 1, 2)
        assert (found["way"][:places] == 0).all()
        assert np.isnan(found["plane_share"])
        assert np.isnan(found["losses"]).all()
        assert np.isnan(found["axes"]).all()


def test_of_a_long_way_every_second_place_is_let_go() -> None:
    seen, _ = walked(np.arange(2 * PLACES + 1)[:, None] * np.eye(8)[:1])
    way = np.asarray(seen[-1].numbers["way"])
    along = way[np.isfinite(way[:, 0]), 0]
    assert along[0] == pytest.approx(2 * PLACES)  # the first place stays
    assert along[-1] == 0
    assert PLACES / 2 < len(along) <= PLACES + 1
    assert seen[-1].numbers["plane_share"] == pytest.approx(1)


def test_a_network_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bnbench.probes.trajectory.MOST_PARAMETERS", 7)
    with pytest.raises(BnbenchError, match="has 8 parameters, and a trajectory takes 7 at most"):
        walked(np.ones((1, 8)))
