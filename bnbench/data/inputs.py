"""What happens to a pixel before the first layer: to [0, 1], then the geometry, then the scale.

Geometry works on [0, 1] with black = 0, so that padding is black background whatever the scaling,
and interpolation is the article's (``ToTensor``, then ``Resize``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, assert_never

import torch
from torch import Tensor
from torch.nn import functional

# N examples, H rows, W columns

Scaling = Literal["raw", "unit", "z_score", "min_max", "per_image_z_score", "unequal", "binary"]
Geometry = Literal["none", "bilinear", "pad"]

SIDE: Final = 32  # pixels, the input of LeNet-5

# Images at a time. Bilinear, one thread, 70,000 images: 0.23 s at 500, 0.32 s at 2,000, 0.65 s at
# 5,000, where the intermediate results no longer stay in the processor's cache.
_CHUNK: Final = 500


@dataclass(frozen=True)
class PixelStatistics:
    """Constants of a dataset's pixels on the scale [0, 1], before any resizing."""

    mean: float
    std: float
    low: float
    """The smallest pixel of the training split."""
    high: float
    """The largest pixel of the training split."""


def to_inputs(
    images: Tensor, geometry: Geometry, scaling: Scaling, statistics: PixelStatistics
) -> Tensor:
    """Turn images of bytes into the input of a network.

    Parameters
    ----------
    images : Tensor
        uint8 (N, 28, 28).
    geometry, scaling
        See `resize` and `standardize`.
    statistics : PixelStatistics
        Of the training split.

    Returns
    -------
    Tensor
        float32 (N, 1, H, W), H = W = 32, or 28 without resizing. Filled by chunks: next to it
        there is never more than one chunk in memory.
    """
    side = images.shape[-1] if geometry == "none" else SIDE
    inputs = torch.empty(len(images), 1, side, side)
    for start in range(0, len(images), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        resized = resize(to_unit(images[chunk]), geometry)
        inputs[chunk] = standardize(resized, scaling, statistics)
    return inputs


def to_unit(images: Tensor) -> Tensor:
    """Scale bytes (N, H, W) to float32 (N, 1, H, W) in [0, 1], as torchvision's ``ToTensor``."""
    return images.unsqueeze(1).to(torch.float32).div(255)


def resize(images: Tensor, geometry: Geometry) -> Tensor:
    """Bring images to 32 x 32 pixels.

    Parameters
    ----------
    images : Tensor
        float32 (N, 1, 28, 28), black is 0.
    geometry : {"none", "bilinear", "pad"}
        ``bilinear`` stretches, bit for bit as torchvision's ``Resize((32, 32))``; ``pad`` adds
        two black pixels on each side, as LeCun et al. (1998) do; ``none`` keeps 28 x 28.

    Returns
    -------
    Tensor
        float32 (N, 1, 32, 32), or `images` itself.
    """
    match geometry:
        case "none":
            return images
        case "bilinear":
            # antialias is torchvision's default. It matters to shrinking alone, but takes
            # another route, whose last bits differ.
            return functional.interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True)
        case "pad":
            return functional.pad(images, [(SIDE - images.shape[-1]) // 2] * 4)
    assert_never(geometry)


def standardize(images: Tensor, scaling: Scaling, statistics: PixelStatistics) -> Tensor:
    """Change the scale of the pixels.

    Parameters
    ----------
    images : Tensor
        float32 (N, 1, H, W) in [0, 1].
    scaling : Scaling
        ``raw``: 0 to 255. ``unit``: as they are. ``z_score``: less the mean of the dataset, by
        its standard deviation, as torchvision's ``Normalize``. ``min_max``: the training
        split's smallest pixel to 0, its largest to 1; on MNIST the same as ``unit``.
        ``per_image_z_score``: see `standardize_each`. ``unequal``: z-scores, multiplied from
        column to column by 1 to 255 in equal ratios, so that features are of unequal size.
        ``binary``: 1 where a pixel is above half, else 0.
    statistics : PixelStatistics
        Of the training split.

    Returns
    -------
    Tensor
        float32 (N, 1, H, W).
    """
    match scaling:
        case "raw":
            return images * 255  # exact for bytes: k / 255 * 255 == k, all 256 of them
        case "unit":
            return images
        case "z_score":
            return (images - statistics.mean) / statistics.std
        case "min_max":
            return (images - statistics.low) / (statistics.high - statistics.low)
        case "per_image_z_score":
            return standardize_each(images)
        case "unequal":
            sizes = torch.logspace(0, 1, images.shape[-1], base=255)
            return (images - statistics.mean) / statistics.std * sizes
        case "binary":
            return (images > 0.5).to(images.dtype)
    assert_never(scaling)


def standardize_each(images: Tensor) -> Tensor:
    """Subtract each image's own mean and divide by its own standard deviation.

    The statistics are over the image as the network sees it: padding counts. The deviation is
    the biased one, and at least one by the root of the number of pixels, as TensorFlow has it in
    ``per_image_standardization``: a blank image becomes zeros.

    Parameters
    ----------
    images : Tensor
        float32 (N, 1, H, W).

    Returns
    -------
    Tensor
        float32 (N, 1, H, W).
    """
    variance, mean = torch.var_mean(images, dim=(1, 2, 3), correction=0, keepdim=True)
    return (images - mean) / variance.sqrt().clamp_min(1 / math.sqrt(images[0].numel()))
