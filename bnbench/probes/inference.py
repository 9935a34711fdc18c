"""Batch norm in use: the running statistics, and an image alone or in company."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from bnbench.models import Network
from bnbench.probes.probe import Probe, Seen, View, register_probe

SIZES = (1, 2, 4, 8, 16, 32, 64)
"""Batches whose statistics are held against those of all images."""
ALONE = 16
"""Images that are classified one by one, too."""
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d


@register_probe("inference")
class Inference(Probe):
    """Running averages and population statistics, and how an image's batch changes its class.

    The population statistics are those of PreciseBN (Wu and Johnson 2021, as fvcore computes them):
    with the weights fixed, the mean over the probe's batches of each batch's mean, and of its
    variance with the divisor n - 1.

    ========================== ===================================================================
    ``running_mean_error``     root mean square, over channels of all layers, of (running mean -
                               population's mean) / population's sd
    ``running_variance_error`` the same of running variance / population's variance - 1
    ``running_accuracy``       accuracy on the probe's images, with the running averages
    ``population_accuracy``    with the population statistics
    ``batch_accuracy``         with the statistics of each batch
    ``running_accuracy_loss``  ``population_accuracy`` - ``running_accuracy``
    ``single_flips``           share of 16 images that get another class alone than in a batch, with
                               the running averages
    ``single_difference``      largest difference between their logits alone and in a batch
    ``company_flips``          share of images that get another class in another batch, with the
                               statistics of each batch
    ``mean_errors``            (looks, 7): root mean square, over batches of 1, 2, 4 ... 64 images
                               and channels of the first layer with batch norm, of (batch mean -
                               mean over all images) / sd over all images
    ``mean_error_slope``       slope of log(``mean_errors``) against log(batch size), by least
                               squares; -1/2 where images are independent. Images that are
                               neighbours in the file may be alike: then it is nearer to 0
    ========================== ===================================================================

    Without batch norm that keeps running averages, everything about statistics is NaN.
    """

    quantities: ClassVar[tuple[str, ...]] = (
        "running_mean_error", "running_variance_error", "running_accuracy", "population_accuracy",
        "batch_accuracy", "running_accuracy_loss", "single_flips", "single_difference",
        "company_flips", "mean_error_slope",
    )  # fmt: skip

    batch: Annotated[int, Field(ge=2)] = 64
    """Images of each batch."""

    @torch.no_grad()
    def look(self, view: View) -> Seen:
        """See `Inference`."""
        model, layers = view.model, _batch_norms(view.model)
        whole = len(view.images) // self.batch * self.batch or len(view.images)
        images, labels = view.images[:whole], view.labels[:whole]
        batches = torch.split(images, self.batch)
        running = {name: (_mean(layer).clone(), _variance(layer).clone()) for name, layer in layers}
        in_batches = torch.cat([model(batch) for batch in batches])
        turned = torch.split(images.roll(self.batch // 2, 0), self.batch)
        company = torch.cat([model(batch) for batch in turned])
        population, first = _population(model, layers, batches)
        _set(layers, running)
        model.eval()
        by_running = torch.cat([model(batch) for batch in batches])
        alone = torch.cat([model(image[None]) for image in images[:ALONE]])
        _set(layers, population)
        by_population = torch.cat([model(batch) for batch in batches])
        together = by_running[:ALONE]
        answers = company.argmax(1).roll(-(self.batch // 2), 0)
        errors = _mean_errors(first) if first is not None else np.full(len(SIZES), np.nan)
        accuracies = [
            _accuracy(logits, labels) for logits in (by_running, by_population, in_batches)
        ]
        return Seen(
            {
                **_statistics_errors(running, population),
                "running_accuracy": accuracies[0],
                "population_accuracy": accuracies[1],
                "batch_accuracy": accuracies[2],
                "running_accuracy_loss": accuracies[1] - accuracies[0],
                "single_flips": float((alone.argmax(1) != together.argmax(1)).float().mean()),
                "single_difference": float((alone - together).abs().max()),
                "company_flips": float((answers != in_batches.argmax(1)).float().mean()),
                "mean_errors": errors,
                "mean_error_slope": _slope(errors),
            }
        )


Statistics = dict[str, tuple[Tensor, Tensor]]
"""Layer -> means and variances, (C,) each."""
Layers = list[tuple[str, BatchNorm]]


def _batch_norms(model: Network) -> Layers:
    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, BatchNorm) and module.track_running_stats
    ]


def _mean(layer: BatchNorm) -> Tensor:
    assert layer.running_mean is not None
    return layer.running_mean


def _variance(layer: BatchNorm) -> Tensor:
    assert layer.running_var is not None
    return layer.running_var


def _set(layers: Layers, statistics: Statistics) -> None:
    for name, layer in layers:
        mean, variance = statistics[name]
        _mean(layer).copy_(mean)
        _variance(layer).copy_(variance)


def _population(
    model: Network, layers: Layers, batches: Sequence[Tensor]
) -> tuple[Statistics, Tensor | None]:
    """Average the batches' statistics; give the images' values in the first layer, too."""
    sums: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name, _ in layers}
    first: list[Tensor] = []
    for batch in batches:
        with _inputs(layers) as inputs:
            model(batch)
        for name, x in inputs.items():
            values = x.transpose(0, 1).flatten(1)
            sums[name].append((values.mean(dim=1), values.var(dim=1)))
        if layers:
            first.append(inputs[layers[0][0]])
    statistics = {
        name: (torch.stack([mean for mean, _ in found]).mean(0),
               torch.stack([variance for _, variance in found]).mean(0))
        for name, found in sums.items()
    }  # fmt: skip
    return statistics, torch.cat(first) if first else None


@contextmanager
def _inputs(layers: Layers) -> Iterator[dict[str, Tensor]]:
    found: dict[str, Tensor] = {}
    handles = [
        layer.register_forward_pre_hook(lambda _, given, name=name: found.update({name: given[0]}))
        for name, layer in layers
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _statistics_errors(running: Statistics, population: Statistics) -> dict[str, float]:
    if not running:
        return {"running_mean_error": np.nan, "running_variance_error": np.nan}
    of_mean = [(running[name][0] - mean) / variance.sqrt()
               for name, (mean, variance) in population.items()]  # fmt: skip
    of_variance = [running[name][1] / variance - 1 for name, (_, variance) in population.items()]
    return {
        "running_mean_error": _root_mean_square(torch.cat(of_mean)),
        "running_variance_error": _root_mean_square(torch.cat(of_variance)),
    }


def _root_mean_square(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def _mean_errors(values: Tensor) -> np.ndarray:
    """Compare means over batches with those over all images, by the sizes; (N, C, ...)."""
    per_image = values.flatten(2).mean(dim=2) if values.dim() > 2 else values  # (N, C)
    sd = values.transpose(0, 1).flatten(1).std(dim=1, correction=0)
    apart = (per_image - per_image.mean(dim=0)) / sd
    errors = []
    for size in SIZES:
        whole = apart[: len(apart) // size * size].view(-1, size, apart.shape[1]).mean(dim=1)
        errors.append(_root_mean_square(whole) if len(whole) > 1 else np.nan)
    return np.array(errors)


def _slope(errors: np.ndarray) -> float:
    known = np.isfinite(errors) & (errors > 0)
    if known.sum() < 2:
        return float("nan")
    return float(np.polyfit(np.log(np.array(SIZES)[known]), np.log(errors[known]), 1)[0])


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(1) == labels).double().mean())
