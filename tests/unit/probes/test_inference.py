"""Running statistics and company, held against NumPy's moments and loops over images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bnbench.probes import View
from tests.unit.probes.conftest import MakeView, look

BATCH = 10


def numbers(view: View, **keys: object) -> dict[str, Any]:
    return {name: np.asarray(one) for name, one in look(view, "inference", **keys).numbers.items()}


@pytest.fixture
def view(make_view: MakeView) -> View:
    return make_view("MLP_BatchNorm", batch_norm={"layers": ["fc1"]})


def first_inputs(view: View) -> np.ndarray:
    """What the first batch norm layer is given, (N, F)."""
    state = {name: one.double().numpy() for name, one in view.model.state_dict().items()}
    x = view.images.double().numpy().reshape(len(view.images), -1)
    given: np.ndarray = x @ state["fc1.affine.weight"].T + state["fc1.affine.bias"]
    return given


def test_population_statistics_are_means_over_batches(view: View) -> None:
    """Of a network whose running statistics are still 0 and 1."""
    batches = first_inputs(view).reshape(-1, BATCH, 512)
    mean, variance = batches.mean(axis=1).mean(axis=0), batches.var(axis=1, ddof=1).mean(axis=0)
    view.model.get_submodule("fc1.batch_norm").reset_running_stats()  # type: ignore[operator]
    view.model.get_submodule("fc1.batch_norm").momentum = 1e-12  # type: ignore[assignment]
    found = numbers(view, batch=BATCH)
    error = np.sqrt(np.mean(mean**2 / variance))
    assert found["running_mean_error"] == pytest.approx(error, rel=1e-3)
    error = np.sqrt(np.mean((1 / variance - 1) ** 2))
    assert found["running_variance_error"] == pytest.approx(error, rel=1e-3)


def test_an_image_alone_and_in_company(view: View) -> None:
    found = numbers(view, batch=BATCH)
    assert found["single_flips"] == 0
    assert 0 <= found["single_difference"] < 1e-4
    model, images = view.model.train(), view.images
    with torch.no_grad():
        one = [model(batch).argmax(1) for batch in torch.split(images, BATCH)]
        turned = torch.cat([images[-5:], images[:-5]])
        other = torch.cat([model(batch).argmax(1) for batch in torch.split(turned, BATCH)])
    back = torch.cat([other[5:], other[:5]])
    share = float((torch.cat(one) != back).float().mean())
    assert found["company_flips"] == pytest.approx(share)
    right = float((torch.cat(one) == view.labels).float().mean())
    assert found["batch_accuracy"] == pytest.approx(right)


def test_the_error_of_a_batchs_mean_falls_with_the_root_of_its_size(view: View) -> None:
    x = first_inputs(view)
    apart = (x - x.mean(axis=0)) / x.std(axis=0)
    found = numbers(view, batch=BATCH)
    for place, size in enumerate((1, 2, 4, 8)):
        means = apart.reshape(-1, size, x.shape[1]).mean(axis=1)
        error = np.sqrt((means**2).mean())
        assert found["mean_errors"][place] == pytest.approx(error, rel=1e-3)
    known = found["mean_errors"][:5]
    slope = np.polyfit(np.log([1, 2, 4, 8, 16]), np.log(known), 1)[0]
    assert found["mean_error_slope"] == pytest.approx(slope, rel=1e-3)
    assert -0.7 < slope < -0.4


def test_without_batch_norm_there_are_no_statistics(make_view: MakeView) -> None:
    found = numbers(make_view("MLP"), batch=BATCH)
    assert np.isnan([found["running_mean_error"], found["mean_error_slope"]]).all()
    assert (found["company_flips"], found["running_accuracy_loss"]) == (0, 0)
