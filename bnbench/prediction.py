"""Digits from image files: any size, either polarity, made to look like MNIST and classified."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from bnbench.config import Experiment, configuration_hash
from bnbench.data import Splits, data_folder, find_dataset, load_splits, pixel_statistics
from bnbench.data.folder import PREFIX, read_image
from bnbench.data.inputs import to_inputs
from bnbench.errors import BnbenchError
from bnbench.foreign import open_regular
from bnbench.models import Network, build_model, resolve_model
from bnbench.models.input_size import fitted_data
from bnbench.runs import Manifest, Run, written_whole
from bnbench.runs.hashes import sha256_of
from bnbench.training import load_weights

if TYPE_CHECKING:
    from PIL import Image

SIDE = 28  # pixels: the images of the data sets
BOX = 20  # pixels: MNIST's digits were scaled into a box of 20 x 20 and centred by mass


@dataclass(frozen=True)
class Prediction:
    """What a network says of one image."""

    path: Path
    label: str
    """The most probable class."""
    probabilities: dict[str, float]
    """By class, in the data set's order; they sum to 1."""
    seen: NDArray[np.uint8]
    """The image as the network got it, (28, 28), before it was scaled."""


def load_model(run: Run | str | Path) -> Network:
    """Build a completed run's network, with the weights that its training ended with.

    Parameters
    ----------
    run : Run, str or Path
        Such as ``results/lenet5/seed-0``.

    Returns
    -------
    Network
        On the CPU, in evaluation mode: it maps images (N, C, H, W), as `load_data` gives them, to
        logits (N, K).
    """
    run = run if isinstance(run, Run) else Run(Path(run))
    experiment, manifest = run.read_experiment(), run.read_manifest()
    if manifest.status != "complete":
        raise BnbenchError(f"{run.path}: is {manifest.status}; only a complete run can predict")
    _refuse_changes(run, manifest, experiment)
    classes = find_dataset(experiment.data.dataset).classes
    model = build_model(resolve_model(experiment), len(classes))
    try:
        model.load_state_dict(load_weights(run))
    except (RuntimeError, TypeError, AttributeError):
        raise BnbenchError(f"{run.weights}: does not fit {experiment.model.name}") from None
    if not all(tensor.isfinite().all() for tensor in model.state_dict().values()):
        raise BnbenchError(f"{run.weights}: holds what is no finite number; train the run again")
    return model.eval()


def load_data(experiment: Experiment, data_dir: str | Path | None = None) -> Splits:
    """Load an experiment's images as its network takes them; see `bnbench.data.load_splits`."""
    folder = data_folder(Path(data_dir) if data_dir else None)
    return load_splits(fitted_data(experiment), folder, experiment.model.in_channels)


def predict(run: Run, paths: Iterable[Path]) -> Iterator[Prediction]:
    """Classify image files with a completed run's network.

    Each image passes the network by itself, so that its probabilities do not depend, down to the
    last bit, on the images around it.

    Parameters
    ----------
    run : Run
        A completed run.
    paths : iterable of Path
        Images of one of `FORMATS`.

    Yields
    ------
    Prediction
        A file that is no image is refused after the others have been answered.
    """
    experiment, model = run.read_experiment(), load_model(run)
    data = fitted_data(experiment)
    dataset = find_dataset(data.dataset)
    statistics = pixel_statistics(data, data_folder())
    read = read_image if dataset.name.startswith(PREFIX) else read_digit
    problems: list[str] = []
    for path in paths:
        try:
            seen = read(path)
        except BnbenchError as error:
            problems += error.problems
            continue
        image = torch.from_numpy(seen)[None]  # (1, 28, 28)
        inputs = to_inputs(image, data.resize, data.scaling, statistics)
        with torch.inference_mode():
            logits = model(inputs.expand(-1, experiment.model.in_channels, -1, -1))  # (1, K)
        probabilities = logits[0].softmax(dim=0).tolist()
        by_class = dict(zip(dataset.classes, probabilities, strict=True))
        yield Prediction(path, max(by_class, key=by_class.__getitem__), by_class, seen)
    if problems:
        raise BnbenchError(*problems)


def _refuse_changes(run: Run, manifest: Manifest, experiment: Experiment) -> None:
    """Refuse the weights of another run, and a configuration that was edited since.

    Manifests of the first release list no files: of their runs only the configuration is known.
    """
    for path in (run.config, run.weights):
        if manifest.files and manifest.files.get(path.name) != sha256_of(path):
            raise BnbenchError(
                f"{path}: is not the file that the manifest lists; restore it, or train the run"
                " again"
            )
    if configuration_hash(experiment) != manifest.configuration_hash:
        raise BnbenchError(f"{run.config}: was edited since; restore it, or train the run again")


ENLARGED = 8


def save_seen(predictions: Sequence[Prediction], path: Path) -> None:
    """Write what the network saw of each image as one PNG, side by side, 8 times as large."""
    from PIL import Image

    pixels = np.hstack([prediction.seen for prediction in predictions])
    with written_whole(path) as beside:
        Image.fromarray(pixels.repeat(ENLARGED, 0).repeat(ENLARGED, 1)).save(beside, "PNG")


def read_digit(path: Path) -> NDArray[np.uint8]:
    """Read an image as the data sets have theirs: 28 x 28, light on black.

    Parameters
    ----------
    path : Path
        An image of any size and mode; transparent pixels count as background. One of 28 x 28
        pixels keeps its digit where it is, any other is cropped to its digit, scaled into
        20 x 20 and centred by its mass.

    Returns
    -------
    ndarray of uint8, shape (28, 28)
    """
    grey = _read_grey(path)
    digit = _without_paper(grey) if _is_photograph(grey) else _on_black(grey)
    if digit.max() == 0:
        raise BnbenchError(f"{path}: is of one grey; give an image of one digit")
    return digit if digit.shape == (SIDE, SIDE) else _centred(digit)


def _on_black(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make the background, which is what the border mostly is, black and the digit light."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(border))
    digit = grey.astype(np.float64) - background
    if background > 127:  # dark on light
        digit = -digit
    digit = digit.clip(min=0)
    if background not in (0, 255) and digit.max() > 0:  # paper and board are no pure white or black
        digit *= 255 / digit.max()
    return np.asarray(digit.round(), dtype=np.uint8)


PAPER = 4.0
"""Grey levels by which the middle half of a border varies: a drawing's varies by none."""


def _is_photograph(grey: NDArray[np.uint8]) -> bool:
    """Tell paper under a lamp from a drawn background, by the border."""
    if grey.shape == (SIDE, SIDE):
        return False
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    low, high = np.percentile(border, [25, 75])
    return bool(high - low > PAPER)


def _without_paper(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep what differs from the paper around it, by the threshold of Otsu (1979).

    Each pixel is compared with the paper at its place, which a closing wider than a stroke finds
    under the ink, so that a shadow across the page is no ink.
    """
    from scipy import ndimage

    light = np.median(grey) > 127
    ink_dark = (grey if light else 255 - grey).astype(np.float64) + 1
    side = max(grey.shape)
    smooth = ndimage.gaussian_filter(ink_dark, side / 120)
    paper = ndimage.gaussian_filter(ndimage.grey_closing(smooth, side // 4), side / 16)
    contrast = (1 - smooth / paper).clip(min=0)  # shares of the light
    ink = contrast > otsu_threshold(contrast)
    blots, count = ndimage.label(ink)
    sizes = ndimage.sum_labels(ink, blots, np.arange(1, count + 1))
    large = np.flatnonzero(sizes > sizes.max(initial=0) / 10) + 1  # the rest is dust
    kept = np.where(np.isin(blots, large), contrast, 0)
    if not kept.any():
        return np.zeros_like(grey)
    full = np.percentile(kept[kept > 0], 75)
    return np.asarray((255 * kept / full).clip(max=255).round(), dtype=np.uint8)


def otsu_threshold(values: NDArray[np.float64]) -> float:
    """Find the threshold that parts values into two groups with the least variance within.

    Parameters
    ----------
    values : ndarray of float64
        Any shape; they are counted in 256 bins.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
       Systems, Man, and Cybernetics 9 (1979).
    """
    counts, edges = np.histogram(values, 256)
    below = counts.cumsum()[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = (counts * (edges[:-1] + edges[1:]) / 2).cumsum()
    with np.errstate(invalid="ignore", divide="ignore"):  # one group is empty
        apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
    return float(edges[1:-1][np.nan_to_num(below * above * apart**2).argmax()])


LARGEST_SIDE = 1024  # pixels: more tells nothing about a digit, and costs memory
MOST_PIXELS = 64_000_000  # of a file, before it is scaled down: a gigabyte while it is converted

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""Told by content, whatever the name says; PGM is a PPM. Pillow knows fifty more, each a decoder
for hostile files, and starts Ghostscript for one."""


def _read_grey(path: Path) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_regular(path) as file, Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                upright = ImageOps.exif_transpose(_in_8_bits(image))
                upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
                layered = upright.convert("RGBA")
    except Image.DecompressionBombError:
        raise BnbenchError(f"{path}: has too many pixels; scale it down") from None
    except BnbenchError as error:
        raise BnbenchError(f"{path}: {error}") from None
    except Exception as error:  # noqa: BLE001 -- decoders raise what they like on foreign bytes
        reason = getattr(error, "strerror", None) or f"is none of {', '.join(FORMATS)}, or damaged"
        raise BnbenchError(f"{path}: {reason}; give a PNG of one digit") from None
    pixels = np.asarray(layered, dtype=np.float64)  # (H, W, 4)
    grey = pixels[..., :3] @ np.array([0.299, 0.587, 0.114])  # ITU-R 601, as Pillow's "L"
    opacity = pixels[..., 3] / 255
    background = 255.0 if _is_dark(grey, opacity) else 0.0
    blended = grey * opacity + background * (1 - opacity)
    return np.asarray(blended.round(), dtype=np.uint8)


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits, which Pillow would cut off at 255."""
    from PIL import Image

    if image.mode == "F":
        raise BnbenchError("has fractions for pixels, on no scale that is known; save it as a PNG")
    if not image.mode.startswith("I"):
        return image
    scaled = np.asarray(image, dtype=np.float64) / 257
    return Image.fromarray(scaled.clip(0, 255).round().astype(np.uint8))


def _is_dark(grey: NDArray[np.float64], opacity: NDArray[np.float64]) -> bool:
    """Tell whether what is drawn on a transparent ground is dark, so that the ground is light."""
    drawn = opacity.sum()
    return bool(drawn > 0 and (grey * opacity).sum() / drawn < 128)


def _centred(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    ink = grey > grey.max() // 4
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = digit.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(Image.fromarray(digit).resize(size, Image.Resampling.LANCZOS))
    return _place(small)


def _place(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put a digit of at most 20 x 20 pixels so that its centre of mass is the image's."""
    height, width = small.shape
    mass = small.astype(np.float64)
    total = mass.sum() or 1.0
    row = (mass.sum(axis=1) @ np.arange(height)) / total
    column = (mass.sum(axis=0) @ np.arange(width)) / total
    top = int(np.clip(round(SIDE / 2 - 0.5 - row), 0, SIDE - height))
    left = int(np.clip(round(SIDE / 2 - 0.5 - column), 0, SIDE - width))
    placed = np.zeros((SIDE, SIDE), dtype=np.uint8)
    placed[top : top + height, left : left + width] = small
    return placed
