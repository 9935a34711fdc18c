"""Normalizations: each against its formula in NumPy's float64, and what a config may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnbench.config import Experiment, ModelSettings, NormalizationSettings
from bnbench.errors import BnbenchError
from bnbench.models import build_model, resolve_model
from bnbench.models.architecture import ARCHITECTURES, Network, register
from bnbench.models.layers import HiddenLayer
from bnbench.models.normalizations import (
    NORMALIZATIONS,
    Normalization,
    find_normalization,
    register_normalization,
)
from bnbench.training.check import check_experiment
from bnbench.training.initialization import initial_model
from bnbench.training.stack import check_stack

Array = NDArray[np.float64]
EPSILON = 0.5  # large, so that a formula that misplaces it is far off
OVER_BATCH = ["batch", "ghost", "batch_renorm"]


def layer(kind: str, before: nn.Conv2d | nn.Linear, **keys: Any) -> nn.Module:
    return find_normalization(kind)(kind=kind, epsilon=EPSILON, **keys).layer(before)


def maps(examples: int = 7) -> Tensor:
    return torch.randn(examples, 6, 3, 5, generator=torch.Generator().manual_seed(1)) * 3 + 2


def standardized(x: Array, axes: tuple[int, ...]) -> Array:
    mean = x.mean(axes, keepdims=True)
    return np.asarray((x - mean) / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + EPSILON))


def by_group(x: Array, groups: int) -> Array:
    examples, channels, *rest = x.shape
    grouped = x.reshape(examples, groups, channels // groups, *rest)
    return standardized(grouped, tuple(range(2, grouped.ndim))).reshape(x.shape)


def part_by_part(x: Array) -> Array:
    """Seven examples in parts of at least two: three, two, two."""
    return np.concatenate([standardized(part, (0, 2, 3)) for part in (x[:3], x[3:5], x[5:])])


def centred(x: Array) -> Array:
    return np.asarray(x - x.mean((0, 2, 3), keepdims=True))


def scaled(x: Array) -> Array:
    return np.asarray(x / np.sqrt(x.var((0, 2, 3), keepdims=True) + EPSILON))


FORMULAS: list[tuple[str, dict[str, Any], Any]] = [
    ("batch", {}, lambda x: standardized(x, (0, 2, 3))),
    ("batch", {"scaling": False}, centred),
    ("batch", {"centring": False}, scaled),
    ("group", {"groups": 3}, lambda x: by_group(x, 3)),
    ("layer", {}, lambda x: standardized(x, (1, 2, 3))),
    ("instance", {}, lambda x: standardized(x, (2, 3))),
    ("ghost", {"ghost_batch": 2}, part_by_part),
    ("none", {}, lambda x: x),
]


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("kind", "keys", "formula"), FORMULAS)
def test_formula(kind: str, keys: dict[str, Any], formula: Any, affine: bool) -> None:
    x, normalize = maps(), layer(kind, nn.Conv2d(1, 6, 1), affine=affine, **keys)
    y = formula(x.double().numpy())
    assert len(list(normalize.parameters())) == (2 if affine and kind != "none" else 0)
    if affine and kind != "none":
        gamma, beta = torch.arange(1.0, 7.0), torch.linspace(-1, 1, 6)
        parameters: Any = normalize
        parameters.weight.data.copy_(gamma)
        parameters.bias.data.copy_(beta)
        y = y * gamma.numpy()[:, None, None] + beta.numpy()[:, None, None]
    np.testing.assert_allclose(normalize(x).detach().numpy(), y, atol=2e-5)


def seeded(normalize: nn.Module, x: Tensor) -> Any:
    """What a layer gives where its random numbers, if it draws any, are the same."""
    torch.manual_seed(0)
    return normalize(x)


@pytest.mark.parametrize("kind", sorted(NORMALIZATIONS.keys() - {"instance"}))
def test_features_are_maps_of_one_pixel(kind: str) -> None:
    """A linear layer's outputs and a convolution's on images of one pixel are the same numbers."""
    of_features, of_maps = layer(kind, nn.Linear(1, 6)), layer(kind, nn.Conv2d(1, 6, 1))
    x = maps()[..., 0, 0]
    for _ in range(2):
        as_maps = seeded(of_maps, x[..., None, None])[..., 0, 0]
        torch.testing.assert_close(seeded(of_features, x), as_maps)
    as_maps = of_maps.eval()(x[..., None, None])[..., 0, 0]
    torch.testing.assert_close(of_features.eval()(x), as_maps)


@pytest.mark.parametrize("kind", sorted(NORMALIZATIONS))
def test_memory_that_nobody_wrote_is_not_read(kind: str) -> None:
    """PyTorch fills it with NaN where algorithms are to be deterministic."""
    normalize = layer(kind, nn.Conv2d(1, 6, 1))
    torch.use_deterministic_algorithms(True)
    try:
        y = normalize(maps())
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(tensor.isfinite().all() for tensor in (y, *normalize.buffers()))


def test_running_averages_of_one_part_are_batch_norm_s() -> None:
    ours: Any = layer("batch", nn.Linear(1, 6), scaling=False, momentum=0.3)
    theirs = nn.BatchNorm1d(6, momentum=0.3)
    for seed in range(3):
        x = torch.randn(5, 6, generator=torch.Generator().manual_seed(seed))
        ours(x), theirs(x)
    for name, buffer in theirs.named_buffers():
        torch.testing.assert_close(dict(ours.named_buffers())[name], buffer)


def test_ghost_batch_norm_updates_once_a_step_by_the_mean_of_its_parts() -> None:
    normalize: Any = layer("ghost", nn.Conv2d(1, 6, 1), ghost_batch=3, momentum=0.25)
    x = maps(6)
    normalize(x)
    parts = x.double().numpy().reshape(2, 3, 6, 15).transpose(0, 2, 1, 3).reshape(2, 6, 45)
    mean = 0.25 * parts.mean(2).mean(0)
    variance = 0.75 + 0.25 * parts.var(2, ddof=1).mean(0)
    assert normalize.num_batches_tracked == 1
    np.testing.assert_allclose(normalize.running_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(normalize.running_var, variance, rtol=1e-5)
    y = (x.double().numpy() - mean[:, None, None]) / np.sqrt(variance + EPSILON)[:, None, None]
    np.testing.assert_allclose(normalize.eval()(x).detach().numpy(), y, atol=1e-5)


def test_ghost_batch_norm_of_a_small_batch_is_batch_norm() -> None:
    ghost = layer("ghost", nn.Conv2d(1, 6, 1), ghost_batch=100)
    torch.testing.assert_close(ghost(maps()), layer("batch", nn.Conv2d(1, 6, 1))(maps()))


@pytest.mark.parametrize("warm_up", [0, 4])
def test_batch_renorm_step_by_step(warm_up: int) -> None:
    keys = {"momentum": 0.2, "most_scale": 1.5, "most_shift": 0.4, "warm_up_steps": warm_up}
    normalize = layer("batch_renorm", nn.Conv2d(1, 6, 1), **keys)
    mean, variance = np.zeros((6, 1, 1)), np.ones((6, 1, 1))
    for step in range(6):
        x = (maps() + step).double().numpy()
        share = min(1.0, step / warm_up) if warm_up else 1.0
        m, v = x.mean((0, 2, 3), keepdims=True)[0], x.var((0, 2, 3), keepdims=True)[0]
        s, running = np.sqrt(v + EPSILON), np.sqrt(variance + EPSILON)
        most = 1 + share * 0.5
        r = np.clip(s / running, 1 / most, most)
        d = np.clip((m - mean) / running, -share * 0.4, share * 0.4)
        np.testing.assert_allclose(
            normalize(torch.tensor(x, dtype=torch.float32)).detach().numpy(),
            (x - m) / s * r + d,
            atol=5e-5,
        )
        mean, variance = 0.8 * mean + 0.2 * m, 0.8 * variance + 0.2 * v * 105 / 104
    y = (maps().double().numpy() - mean) / np.sqrt(variance + EPSILON)
    np.testing.assert_allclose(normalize.eval()(maps()).detach().numpy(), y, atol=5e-5)


def test_no_gradient_flows_through_batch_renorm_s_correction() -> None:
    """At its bounds r and d are constants anyway: the gradient is batch norm's, times r."""
    free = layer("batch_renorm", nn.Linear(1, 6), most_scale=1e6, most_shift=1e6, warm_up_steps=0)
    x = maps()[..., 0, 0].requires_grad_()
    weights = torch.randn(7, 6, generator=torch.Generator().manual_seed(2))
    r = ((x.var(0, correction=0) + EPSILON) / (1 + EPSILON)).sqrt().detach()
    (ours,) = torch.autograd.grad((free(x) * weights).sum(), x)
    (theirs,) = torch.autograd.grad((layer("batch", nn.Linear(1, 6))(x) * weights * r).sum(), x)
    torch.testing.assert_close(ours, theirs)


def experiment(name: str = "LeNet5", **normalization: Any) -> Experiment:
    model = {"name": name, "normalization": normalization}
    return Experiment.model_validate({"experiment": "x", "model": model})


def test_noise_has_the_moments_of_the_paper_s_algorithm() -> None:
    """By closed forms: E a = 0, Var a = E s^2 + Var m, each over channels, and within one."""
    torch.manual_seed(0)
    noise = layer("noisy_batch", nn.Linear(3, 2000), normalized=False).train()
    ones = noise(torch.ones(400, 2000)).double().numpy()  # s + m
    within = ones.var(axis=0, ddof=1)
    assert within.mean() == pytest.approx(0.1**2 + 0.2**2 / 12, rel=0.01)
    assert ones.mean() == pytest.approx(1.125, abs=0.01)
    between = ones.mean(axis=0).var(ddof=1) - within.mean() / 400
    assert between == pytest.approx((1.0**2 + 0.25**2) / 12, rel=0.05)
    assert np.abs(ones.mean(axis=0) - 1.125).max() < 0.5 + 0.125 + 0.03  # bounds of mu, sigma
    assert noise.eval()(torch.ones(2, 2000)).equal(torch.ones(2, 2000))


def test_noisy_batch_norm_without_noise_is_batch_norm() -> None:
    x = maps()
    quiet = layer("noisy_batch", nn.Conv2d(1, 6, 1), shift=0, scale=1, spread=0)
    assert quiet(x).detach().numpy() == pytest.approx(standardized(x.numpy(), (0, 2, 3)), abs=1e-5)


def test_kind_batch_is_the_batch_norm_architecture_to_the_bit() -> None:
    named = Experiment(experiment="x", model=ModelSettings(name="LeNet5_BatchNorm"))
    initialization = named.training.initialization
    theirs, ours = (
        initial_model(resolve_model(one), initialization, seed=1)
        for one in (named, experiment(kind="batch"))
    )
    images = torch.rand(4, 1, 32, 32)
    assert torch.equal(ours(images), theirs(images))
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(one, theirs.state_dict()[key]) for key, one in ours.state_dict().items())


@pytest.mark.parametrize("kind", sorted(NORMALIZATIONS))
def test_in_a_network(kind: str) -> None:
    """Both arms of a seed start from equal weights; stacked, a seed gives what it gives alone."""
    one = experiment(kind=kind)
    check_experiment(one)
    settings, initialization = resolve_model(one), one.training.initialization
    plain = resolve_model(Experiment(experiment="x", model=ModelSettings(name="LeNet5")))
    models = [initial_model(settings, initialization, seed) for seed in (0, 1)]
    for name, parameter in initial_model(plain, initialization, 0).named_parameters():
        assert torch.equal(dict(models[0].named_parameters())[name], parameter)
    c1: Any = models[0].C1
    assert isinstance(c1, HiddenLayer)
    assert c1.normalization is not None
    if kind == "noisy_batch":
        with pytest.raises(BnbenchError, match="draw random numbers"):
            check_stack(models, (1, 32, 32))
    else:
        check_stack(models, (1, 32, 32))


@pytest.mark.parametrize(
    ("said", "settings"),
    [
        ("model.normalization.kind: there is no normalization 'grup'; did", {"kind": "grup"}),
        ("normalization.group: there is no such key; did you mean 'groups'", {"group": 2}),
        ("model.normalization.groups: must be 1 or more, not 0", {"groups": 0}),
        ("model.normalization: C1: 4 groups do not divide its 6 channels", {"groups": 4}),
        ("model.normalization: F5: instance norm", {"kind": "instance", "layers": ["F5"]}),
        ("normalization.layers: there is no hidden layer 'C2'", {"layers": ["C2"]}),
        ("both false", {"kind": "batch", "centring": False, "scaling": False}),
        ("LeNet5_BatchNorm has batch norm in its name", {"name": "LeNet5_BatchNorm"}),
    ],
)
def test_what_does_not_fit_is_one_line(said: str, settings: dict[str, Any]) -> None:
    with pytest.raises(BnbenchError) as caught:
        check_experiment(experiment(**{"kind": "group", **settings}))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_without_hidden_layers_is_not_normalized() -> None:
    """A study of it found that batch norm makes no difference: both arms were one network."""

    @register("Soft")
    class Soft(Network):
        image_size = 32
        hidden_layers = ()
        activation = "relu"

    try:
        with pytest.raises(BnbenchError, match="Soft has no hidden layer to normalize; leave"):
            check_experiment(experiment("Soft", kind="batch"))
    finally:
        del ARCHITECTURES["Soft"]


def test_one_of_one_s_own_is_entered_in_one_file() -> None:
    @register_normalization("halving")
    class Halving(Normalization):
        by: float = 2.0

        def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:  # noqa: ARG002
            return nn.Threshold(-1e9, self.by)

    try:
        model: Any = build_model(resolve_model(experiment(kind="halving", by=4.0)))
        assert model.C1.normalization.value == 4.0
    finally:
        del NORMALIZATIONS["halving"]


def test_settings_are_plain_data() -> None:
    """A config file says again what was read, keys of the kind included."""
    given = NormalizationSettings.model_validate({"kind": "group", "groups": 3})
    assert given.model_dump()["groups"] == 3
