"""Architectures: counts by hand, shapes, placement, and equal weights in both arms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bnbench.config import BatchNormSettings, Experiment, InitializationSettings, ModelSettings
from bnbench.errors import BnbenchError
from bnbench.models import ARCHITECTURES, Network, build_model, resolve_model
from bnbench.training.initialization import initial_model


def settings(name: str, **changes: Any) -> ModelSettings:
    model = ModelSettings.model_validate({"name": name, **changes})
    experiment = Experiment(experiment="x", model=model)
    return resolve_model(experiment)


def trainable(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


# By hand: weights and biases of each layer, then a gamma and a beta a map or unit.
LENET5 = (25 * 6 + 6) + (150 * 16 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
MLP = (784 * 512 + 512) + (512 * 256 + 256) + (256 * 10 + 10)
CNN = (9 * 32 + 32) + (288 * 64 + 64) + (4096 * 10 + 10)


@pytest.mark.parametrize(
    ("name", "in_channels", "by_hand", "published"),
    [
        ("LeNet5", 1, LENET5, 61_706),
        ("LeNet5_BatchNorm", 1, LENET5 + 2 * (6 + 16), 61_750),
        ("MLP", 1, MLP, 535_818),
        ("MLP_BatchNorm", 1, MLP + 2 * (512 + 256), 537_354),
        ("CNN", 1, CNN, 59_786),
        ("CNN_BatchNorm", 1, CNN + 2 * (32 + 64), 59_978),
        ("CNN", 3, CNN + 2 * 9 * 32, 60_362),
        ("CNN_BatchNorm", 3, CNN + 2 * 9 * 32 + 2 * (32 + 64), 60_554),
    ],
)
def test_parameters(name: str, in_channels: int, by_hand: int, published: int) -> None:
    assert trainable(build_model(settings(name, in_channels=in_channels))) == by_hand == published


def test_lenet5_of_1998_has_the_article_s_parameters() -> None:
    """60,000 up to F6, by the article's own sums; ours has 850 more in its output layer."""
    model: Any = build_model(settings("LeNet5_1998"))
    counts = {name: trainable(layer) for name, layer in model.named_children()}
    assert counts == {
        "C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164, "output": 850,
    }  # fmt: skip
    assert sum(counts.values()) - 850 == 60_000


def test_the_table_s_convolution_is_a_whole_one_with_zeros() -> None:
    torch.manual_seed(0)
    model: Any = build_model(settings("LeNet5_1998"))
    table, whole = model.C3.affine, torch.zeros(16, 6, 5, 5)
    kernels = iter(table.weight.detach()[:, 0])
    # Table I, read row by row as marks in the columns of the maps 0 to 15.
    rows = ["X   XXX  XXXX XX", "XX   XXX  XXXX X", "XXX   XXX  X XXX", " XXX  XXXX  X XX",
            "  XXX  XXXX XX X", "   XXX  XXXX XXX"]  # fmt: skip
    for place in range(16):
        for seen in range(6):
            if rows[seen][place] == "X":
                whole[place, seen] = next(kernels)
    assert next(kernels, None) is None
    x = torch.randn(2, 6, 14, 14)
    torch.testing.assert_close(table(x), nn.functional.conv2d(x, whole, table.bias))


def test_lenet5_of_1998_squashes_and_subsamples() -> None:
    model: Any = build_model(settings("LeNet5_1998"))
    x = torch.randn(2, 6, 4, 4)
    model.S2.coefficient.data.copy_(torch.arange(6.0))
    model.S2.bias.data.fill_(0.5)
    blocks = x[..., ::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, ::2] + x[..., 1::2, 1::2]
    expected = blocks * torch.arange(6.0).view(6, 1, 1) + 0.5
    torch.testing.assert_close(model.S2(x), expected)
    torch.testing.assert_close(model.C1.activation(x), 1.7159 * torch.tanh(2 * x / 3))


def test_an_mlp_of_other_widths() -> None:
    """By hand: 784-30-20-10 and a scale and a shift for each of 50 units."""
    by_hand = (784 * 30 + 30) + (30 * 20 + 20) + (20 * 10 + 10)
    assert trainable(build_model(settings("MLP", widths=[30, 20]))) == by_hand
    assert trainable(build_model(settings("MLP_BatchNorm", widths=[30, 20]))) == by_hand + 2 * 50
    deep: Any = build_model(settings("MLP", widths=[5, 6, 7, 8]))
    assert [deep.fc3.affine.out_features, deep.fc4.affine.out_features] == [7, 8]
    one: Any = build_model(settings("MLP", widths=[3], activation="elu"))
    x = torch.randn(2, 1, 28, 28)
    hidden = x.flatten(1) @ one.fc1.affine.weight.T + one.fc1.affine.bias
    expected = torch.where(hidden > 0, hidden, hidden.exp() - 1) @ one.output.weight.T
    torch.testing.assert_close(one(x), expected + one.output.bias)


def test_an_activation_by_pytorch_s_name() -> None:
    model: Any = build_model(settings("CNN", activation="SiLU"))
    x = torch.randn(3)
    torch.testing.assert_close(model.conv1.activation(x), x * torch.sigmoid(x))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("MLP", {"activation": "relo"}, r"model\.activation: .*'relo'; did you mean 'relu'\?"),
        ("MLP", {"activation": "RReLU"}, "there is no activation 'RReLU'"),
        ("CNN", {"widths": [3]}, r"model\.widths: CNN has layers of its own; remove this key"),
    ],
)
def test_what_an_architecture_does_not_take(name: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BnbenchError, match=said):
        settings(name, **changes)


def test_all_hidden_layers_of_lenet5_normalized() -> None:
    layers = BatchNormSettings(layers=("C1", "C3", "F5", "F6"))
    model = build_model(settings("LeNet5_BatchNorm", batch_norm=layers))
    assert trainable(model) == LENET5 + 2 * (6 + 16 + 120 + 84) == 62_158


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
@pytest.mark.parametrize("in_channels", [1, 3])
def test_logits_a_row_an_image(name: str, in_channels: int) -> None:
    model = build_model(settings(name, in_channels=in_channels), num_classes=7)
    size = ARCHITECTURES[name].network.image_size
    assert model(torch.zeros(5, in_channels, size, size)).shape == (5, 7)


@pytest.mark.parametrize("placement", ["before_activation", "after_activation", "after_pooling"])
def test_lenet5_is_the_function_of_its_formula(placement: str) -> None:
    """With batch norm after the activation, that is the article's."""
    torch.manual_seed(0)
    batch_norm = BatchNormSettings.model_validate({"placement": placement})
    model = build_model(settings("LeNet5_BatchNorm", batch_norm=batch_norm))
    images = torch.rand(8, 1, 32, 32)
    expected = lenet5_by_formula(model, images, placement)
    torch.testing.assert_close(model(images), expected)


def lenet5_by_formula(model: Any, x: Tensor, placement: str) -> Tensor:
    """Convolution, tanh, pooling, twice, batch norm in its place; then three linear layers."""

    def normalize(y: Tensor) -> Tensor:
        mean = y.mean(dim=(0, 2, 3), keepdim=True)
        variance = ((y - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
        return (y - mean) / (variance + 1e-5).sqrt()

    order: dict[str, tuple[Callable[[Tensor], Tensor], ...]] = {
        "before_activation": (normalize, torch.tanh, halve),
        "after_activation": (torch.tanh, normalize, halve),
        "after_pooling": (torch.tanh, halve, normalize),
    }
    for layer in (model.C1.affine, model.C3.affine):
        x = nn.functional.conv2d(x, layer.weight, layer.bias)
        for operation in order[placement]:
            x = operation(x)
    x = x.flatten(1)
    for layer in (model.F5.affine, model.F6.affine):
        x = torch.tanh(x @ layer.weight.T + layer.bias)
    logits: Tensor = x @ model.output.weight.T + model.output.bias
    return logits


def halve(maps: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(maps, 2)


@pytest.mark.parametrize("placement", ["before_activation", "after_activation", "after_pooling"])
def test_placement_in_a_layer_that_does_not_pool(placement: str) -> None:
    batch_norm = BatchNormSettings.model_validate({"placement": placement})
    model = build_model(settings("MLP_BatchNorm", activation="sigmoid", batch_norm=batch_norm))
    hidden: Any = model.fc1
    x = torch.randn(16, 784)
    y = hidden.affine(x)
    first, second = (
        (hidden.batch_norm, torch.sigmoid)
        if placement == "before_activation"
        else (torch.sigmoid, hidden.batch_norm)
    )
    torch.testing.assert_close(hidden(x), second(first(y)))


@pytest.mark.parametrize("name", ["LeNet5_BatchNorm", "MLP_BatchNorm", "CNN_BatchNorm"])
def test_batch_norm_has_the_configured_constants(name: str) -> None:
    batch_norm = BatchNormSettings(epsilon=0.5, momentum=0.25)
    model = build_model(settings(name, batch_norm=batch_norm)).train()
    norms = [
        module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    assert [(norm.eps, norm.momentum) for norm in norms] == [(0.5, 0.25)] * 2
    size = ARCHITECTURES[name].network.image_size
    model(torch.rand(4, 1, size, size))
    assert norms[0].running_var is not None
    assert (norms[0].running_var >= 0.75).all()  # 3/4 of the initial 1, and some of the batch's


PAIRS = [(name, f"{name}_BatchNorm") for name in ("LeNet5", "MLP", "CNN")]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("placement", ["before_activation", "after_activation", "after_pooling"])
@pytest.mark.parametrize("weights", ["xavier_uniform", "pytorch_default", "normal"])
def test_both_arms_of_a_seed_start_from_the_same_weights(
    pair: tuple[str, str], bias: bool, placement: str, weights: str
) -> None:
    batch_norm = BatchNormSettings.model_validate({"preceding_bias": bias, "placement": placement})
    initialization = InitializationSettings.model_validate({"weights": weights, "bias": None})
    plain = initial_model(settings(pair[0]), initialization, seed=3)
    normalized = initial_model(settings(pair[1], batch_norm=batch_norm), initialization, seed=3)
    other = initial_model(settings(pair[0]), initialization, seed=4)
    theirs = dict(normalized.named_parameters())
    shared = {name for name, _ in plain.named_parameters()} & theirs.keys()
    assert ("fc1.affine.bias" in shared) == (bias and pair[0] == "MLP")
    assert len([name for name in shared if name.endswith("weight")]) >= 3
    for name, parameter in plain.named_parameters():
        assert name not in shared or torch.equal(parameter, theirs[name]), name
    assert not torch.equal(plain.output.weight, other.output.weight)  # type: ignore[union-attr, arg-type]


def test_scale_multiplies_the_weights_and_normal_has_its_deviation() -> None:
    mlp = settings("MLP")
    usual = initial_model(mlp, InitializationSettings(), seed=1).state_dict()
    tenfold = initial_model(mlp, InitializationSettings(scale=10), seed=1).state_dict()
    for name, value in usual.items():
        factor = 10 if name.endswith("weight") else 1
        assert torch.equal(tenfold[name], factor * value), name
    normal = initial_model(mlp, InitializationSettings(weights="normal", scale=5), seed=1)
    weights = normal.state_dict()["fc1.affine.weight"].double()
    assert weights.std().item() == pytest.approx(0.05, rel=0.01)
    assert (weights.abs() < 0.05).double().mean().item() == pytest.approx(0.6827, abs=0.005)


def test_initial_weights_are_those_of_the_article_s_code() -> None:
    """Seed, build the modules in the article's order, initialize them in that order."""
    torch.manual_seed(5)
    by_hand = nn.ModuleList(
        [
            nn.Conv2d(1, 6, 5),
            nn.BatchNorm2d(6),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.BatchNorm2d(16),
            nn.AvgPool2d(2),
            nn.Linear(400, 120),
            nn.Linear(120, 84),
            nn.Linear(84, 10),
        ]
    )
    weighted = [module for module in by_hand if isinstance(module, nn.Conv2d | nn.Linear)]
    for module in weighted:
        nn.init.xavier_uniform_(module.weight)
        assert module.bias is not None
        nn.init.constant_(module.bias, 0.01)
    model: Any = initial_model(settings("LeNet5_BatchNorm"), InitializationSettings(), seed=5)
    ours = [model.C1.affine, model.C3.affine, model.F5.affine, model.F6.affine, model.output]
    for module, theirs in zip(weighted, ours, strict=True):
        assert torch.equal(module.weight, theirs.weight)
        assert module.bias is not None
        assert torch.equal(module.bias, theirs.bias)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(BnbenchError, match=r"model\.name: there is no architecture 'LeNet6'; did"):
        settings("LeNet6")
    with pytest.raises(BnbenchError, match="no hidden layer 'C2'; did you mean 'C"):
        settings("LeNet5_BatchNorm", batch_norm=BatchNormSettings(layers=("C2",)))
    with pytest.raises(BnbenchError, match=r"LeNet5 has no batch norm; set model\.name to"):
        settings("LeNet5", batch_norm=BatchNormSettings())


def test_an_architecture_is_entered_in_one_file() -> None:
    from bnbench.models import register

    @register("OneLayer")
    class OneLayer(Network):
        image_size = 28
        hidden_layers = ()
        activation = "relu"

        def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
            super().__init__(settings, num_classes)
            self.output = nn.Linear(784, num_classes)

        def forward(self, images: Tensor) -> Tensor:
            return self.output(images.flatten(1))  # type: ignore[no-any-return]

    try:
        assert trainable(build_model(settings("OneLayer"))) == 7850
    finally:
        del ARCHITECTURES["OneLayer"]
