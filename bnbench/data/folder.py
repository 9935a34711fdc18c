"""A folder of images as a dataset: one subfolder a class, PNG or JPEG files in it.

Each image becomes 28 x 28 grey pixels, as MNIST's are. A seed decides which are the test file's.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bnbench.data.datasets import Dataset, Examples, PublishedData, hashed
from bnbench.errors import BnbenchError
from bnbench.foreign import folder_of, open_regular

PREFIX: Final = "folder:"
SUFFIXES: Final = (".png", ".jpg", ".jpeg")
OTHER_IMAGES: Final = (".bmp", ".gif", ".tif", ".tiff", ".webp")  # named, not passed over
SIDE: Final = 28  # pixels, as all other datasets have
TEST_SHARE: Final = 7  # one in seven of each class is the test file's, as of MNIST's 70,000
FEWEST: Final = 24  # training images, of which one in twelve is held out
MOST_PIXELS: Final = 64_000_000  # of a file: a gigabyte while it is converted
MOST_CLASSES: Final = 256
NAMED: Final = 10  # bad files that are named one by one

Listing = tuple[tuple[Path, int], ...]
"""Each image's path and label, class by class in the order of the names."""


def folder_dataset(name: str, place: str = "") -> Dataset:
    """Look at a folder of images without reading them: what its classes are.

    Parameters
    ----------
    name : str
        ``folder:PATH``; PATH is looked for where the command is given.
    place : str, default ""
        Where the name was written, for errors.
    """
    path, where = folder_of(name.removeprefix(PREFIX), place), f"{place}: " if place else ""
    classes = tuple(folder.name for folder in _class_folders(path))
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise BnbenchError(
            f"{where}{path}: has {len(classes)} subfolders; each class is one, and there must be"
            f" 2 to {MOST_CLASSES}"
        )
    title = f"the images in {path}"
    return Dataset(name=name, title=title, classes=classes, load=partial(read_folder, name))


def read_folder(name: str, seed: int) -> PublishedData:
    """Read all images of a folder, and divide them by a seed, class by class.

    Returns
    -------
    PublishedData
        Training images in a random order, then test images, both the seed's. The hash is over the
        pixels and labels in that order.
    """
    listing = _listed(folder_of(name.removeprefix(PREFIX)))
    stamps = tuple(_stamp(file) for file, _ in listing)
    images_NHW, labels_N = _read(listing, stamps)
    train, test = _divided(labels_N, seed)
    return hashed(
        Examples(images_NHW[train], labels_N[train]), Examples(images_NHW[test], labels_N[test])
    )


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError as error:  # a link that leads nowhere
        raise BnbenchError(f"{file}: {error.strerror}; mend it, or move it away") from None
    return found.st_size, found.st_mtime_ns


def _class_folders(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))


def _listed(path: Path) -> Listing:
    listing, problems = [], []
    for label, folder in enumerate(_class_folders(path)):
        images = [*folder.iterdir()]
        files = sorted(file for file in images if file.suffix.lower() in SUFFIXES)
        problems += [
            f"{file}: is no PNG or JPEG; convert it, or move it away"
            for file in sorted(images)
            if file.suffix.lower() in OTHER_IMAGES
        ][:NAMED]
        listing += [(file, label) for file in files]
        if len(files) < 2:
            problems.append(f"{folder}: has {len(files)} images (PNG or JPEG); a class needs two")
    if problems:
        raise BnbenchError(*problems)
    return tuple(listing)


@lru_cache(maxsize=2)
def _read(
    listing: Listing,
    _stamps: tuple[tuple[int, int], ...],  # sizes and times: a changed file is read again
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images_NHW = np.empty((len(listing), SIDE, SIDE), np.uint8)
    problems: list[str] = []
    for place, (file, _) in enumerate(listing):
        try:
            images_NHW[place] = read_image(file)
        except BnbenchError as error:
            problems += error.problems
    if problems:
        more = len(problems) - NAMED
        named = problems[:NAMED] + ([f"and {more} more files are no images"] if more > 0 else [])
        raise BnbenchError(*named)
    return images_NHW, np.array([label for _, label in listing], np.uint8)


def _divided(labels_N: NDArray[np.uint8], seed: int) -> tuple[Sequence[int], Sequence[int]]:
    """Choose the test images of each class, and the order of the others."""
    generator = np.random.default_rng(seed)
    train: list[int] = []
    test: list[int] = []
    for label in range(int(labels_N.max()) + 1):
        places = generator.permutation(np.flatnonzero(labels_N == label)).tolist()
        border = max(1, len(places) // TEST_SHARE)
        test += places[:border]
        train += places[border:]
    if len(train) < FEWEST:
        raise BnbenchError(
            f"{len(train) + len(test)} images are too few: {FEWEST} are needed to train with, and"
            f" one in {TEST_SHARE} is kept for the test"
        )
    return generator.permutation(train).tolist(), sorted(test)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image of any size and mode as 28 x 28 grey pixels.

    What is not square is centred on the median of its border; transparent pixels are black.

    Returns
    -------
    ndarray of uint8, shape (28, 28)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_regular(path) as file, Image.open(file, formats=("PNG", "JPEG")) as image:
                if max(image.size) ** 2 > MOST_PIXELS:  # it is made square
                    raise Image.DecompressionBombError
                upright = ImageOps.exif_transpose(image)
                return np.array(_square(_grey(upright)).resize((SIDE, SIDE)), np.uint8)
    except Image.DecompressionBombError:
        raise BnbenchError(f"{path}: has too many pixels; scale it down") from None
    except Exception as error:  # noqa: BLE001 -- decoders raise what they like on foreign bytes
        reason = getattr(error, "strerror", None) or "is no PNG or JPEG, or damaged"
        raise BnbenchError(f"{path}: {reason}; mend it, or move it away") from None


def _grey(image: Image.Image) -> Image.Image:
    """Make 8 bits of grey of any mode that a PNG or JPEG has."""
    if image.mode.startswith("I"):  # 16 bits
        values = np.asarray(image, np.float64) / 257
        return Image.fromarray(values.clip(0, 255).round().astype(np.uint8))
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        colours = image.convert("RGBA")
        black = Image.new("RGBA", colours.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, colours).convert("L")
    return image.convert("RGB").convert("L")


def _square(grey: Image.Image) -> Image.Image:
    if grey.width == grey.height:
        return grey
    pixels = np.asarray(grey)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    side = max(grey.size)
    square = Image.new("L", (side, side), int(np.median(border)))
    square.paste(grey, ((side - grey.width) // 2, (side - grey.height) // 2))
    return square
