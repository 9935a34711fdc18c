"""Images from disk are made to look like MNIST's, whatever their size and polarity."""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bnbench.errors import BnbenchError
from bnbench.prediction import FORMATS, otsu_threshold, read_digit


def seven(size: int) -> NDArray[np.uint8]:
    """A drawn 7, light on dark, off the middle."""
    image = Image.new("L", (size, size), 0)
    unit = size / 28
    draw = ImageDraw.Draw(image)
    points = [(4 * unit, 5 * unit), (16 * unit, 5 * unit), (8 * unit, 22 * unit)]
    draw.line(points, fill=255, width=max(1, round(2.5 * unit)))
    return np.asarray(image)


def save(path: Path, pixels: NDArray[np.uint8]) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_an_image_of_the_data_sets_size_is_taken_as_it_is(tmp_path: Path) -> None:
    pixels = seven(28)
    np.testing.assert_array_equal(read_digit(save(tmp_path / "a.png", pixels)), pixels)


def test_dark_on_light_is_turned_round(tmp_path: Path) -> None:
    pixels = seven(28)
    np.testing.assert_array_equal(read_digit(save(tmp_path / "a.png", 255 - pixels)), pixels)


@pytest.mark.parametrize("size", [9, 64, 300])
def test_any_size_is_boxed_and_centred_by_mass(tmp_path: Path, size: int) -> None:
    digit = read_digit(save(tmp_path / "a.png", seven(size)))
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    rows, columns = np.nonzero(digit)
    assert 1 + max(np.ptp(rows), np.ptp(columns)) in (19, 20)
    mass = digit / digit.sum()
    assert abs((mass.sum(axis=1) * np.arange(28)).sum() - 13.5) <= 0.5 + 1e-9
    assert abs((mass.sum(axis=0) * np.arange(28)).sum() - 13.5) <= 0.5 + 1e-9


def test_size_hardly_matters(tmp_path: Path) -> None:
    small, large = (
        read_digit(save(tmp_path / f"{size}.png", seven(size))).astype(float) for size in (140, 560)
    )
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_pixels_are_background(tmp_path: Path, ink: int) -> None:
    opacity = seven(28)
    layered = np.full((28, 28, 4), ink, dtype=np.uint8)
    layered[..., 3] = opacity
    np.testing.assert_array_equal(read_digit(save(tmp_path / "a.png", layered)), opacity)


def test_colour_and_wide_images(tmp_path: Path) -> None:
    blue = np.zeros((40, 40, 3), dtype=np.uint8)
    blue[10:30, 18:22] = (90, 120, 255)
    assert read_digit(save(tmp_path / "colour.png", blue)).max() > 100
    wide = np.zeros((20, 200), dtype=np.uint8)
    wide[8:12, 10:190] = 255
    assert read_digit(save(tmp_path / "wide.png", wide)).shape == (28, 28)


@pytest.mark.parametrize(
    ("paper", "ink"), [(200, 50), (190, 60), (60, 220), (30, 220), (230, 40), (255, 0), (0, 255)]
)
@pytest.mark.parametrize("size", [28, 100])
def test_no_background_need_be_white_or_black(
    tmp_path: Path, paper: int, ink: int, size: int
) -> None:
    strokes = seven(size) / 255
    photographed = (paper + (ink - paper) * strokes).round().astype(np.uint8)
    expected = read_digit(save(tmp_path / "clean.png", seven(size)))
    digit = read_digit(save(tmp_path / "photo.png", photographed))
    assert np.abs(digit.astype(int) - expected).max() <= 4


def test_a_photograph_s_orientation_counts(tmp_path: Path) -> None:
    sideways = Image.fromarray(np.rot90(seven(60)))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to look at it
    sideways.save(tmp_path / "a.png", exif=exif)
    expected = read_digit(save(tmp_path / "b.png", seven(60)))
    np.testing.assert_array_equal(read_digit(tmp_path / "a.png"), expected)


def test_what_is_no_image(tmp_path: Path) -> None:
    text = tmp_path / "a.png"
    text.write_text("<html>", encoding="utf-8")
    with pytest.raises(BnbenchError, match=r"a\.png: is none of PNG, .*, or damaged; give a PNG"):
        read_digit(text)
    with pytest.raises(BnbenchError, match="No such file"):
        read_digit(tmp_path / "absent.png")
    with pytest.raises(BnbenchError, match=r"grey\.png: is of one grey"):
        read_digit(save(tmp_path / "grey.png", np.full((50, 70), 99, dtype=np.uint8)))
    half = save(
        tmp_path / "half.png", np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)
    )
    half.write_bytes(half.read_bytes()[:2000])
    with pytest.raises(BnbenchError, match=r"half\.png"):
        read_digit(half)


def test_a_postscript_file_starts_no_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow would hand one to Ghostscript, whatever its name says."""
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    path = tmp_path / "digit.png"
    path.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(BnbenchError, match="is none of PNG"):
        read_digit(path)


@pytest.mark.parametrize("kind", ["DDS", "ICNS", "JPEG2000", "SGI", "TGA", "PCX"])
def test_only_the_listed_formats_are_decoded(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "digit.png"
    Image.fromarray(seven(64)).convert("RGB").save(path, format=kind)
    with pytest.raises(BnbenchError, match="is none of PNG"):
        read_digit(path)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_the_listed_formats_are_told_by_content(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "digit.xyz"
    options = {"lossless": True} if kind == "WEBP" else {}
    Image.fromarray(seven(28)).save(path, format=kind, **options)
    np.testing.assert_array_equal(read_digit(path), seven(28))


@pytest.mark.parametrize(
    ("mode", "kind", "most"),
    [("P", "PNG", 0), ("P", "GIF", 0), ("1", "PNG", 0), ("CMYK", "JPEG", 4)],
)
def test_palettes_and_printers_colours(tmp_path: Path, mode: str, kind: str, most: int) -> None:
    """A JPEG of 56 x 56 pixels is not quite what was drawn; the others are."""
    pixels = np.where(seven(28) > 127, 255, 0).astype(np.uint8)
    image = Image.fromarray(pixels.repeat(2, 0).repeat(2, 1))
    image.save(tmp_path / "grey.png")
    coloured = image.convert("RGB").convert(mode)
    coloured.save(tmp_path / "image", format=kind, **({"quality": 100} if kind == "JPEG" else {}))
    found, expected = read_digit(tmp_path / "image"), read_digit(tmp_path / "grey.png")
    np.testing.assert_allclose(found.astype(int), expected, atol=most)


@pytest.mark.parametrize("ground", [0, 230])
def test_sixteen_bits_of_grey_are_scaled_not_cut_off(tmp_path: Path, ground: int) -> None:
    """On grey paper, too: 257 times each value is the same picture."""
    pixels = np.where(seven(28) > 127, 255 - ground // 2, ground).astype(np.uint8)
    wide = tmp_path / "wide.png"
    Image.fromarray(pixels.astype(np.uint16) * 257).save(wide)
    expected = read_digit(save(tmp_path / "narrow.png", pixels))
    np.testing.assert_array_equal(read_digit(wide), expected)


def test_more_pixels_than_fit_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    """A PNG that says it is 1 x 170,000,000 and holds nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 170_000_000, 8, 0, 0, 0, 0))
    path = tmp_path / "tall.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )
    with pytest.raises(BnbenchError, match="has too many pixels; scale it down"):
        read_digit(path)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 400), st.sampled_from(FORMATS))
@settings(max_examples=300, deadline=None)
def test_a_damaged_image_is_a_digit_or_one_line(damage: bytes, place: int, kind: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(seven(28)).save(buffer, format=kind)
    content = bytearray(buffer.getvalue())
    place %= len(content)
    content[place : place + len(damage)] = damage
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digit.png"
        path.write_bytes(content)
        try:
            assert read_digit(path).shape == (28, 28)
        except BnbenchError as error:
            assert "\n" not in str(error)  # noqa: PT017


def photographed(digit: NDArray[np.uint8], light: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """A pencilled digit on paper: a lamp on one side, and the paper's grain."""
    rng = np.random.default_rng(seed)
    lamp = np.linspace(*light, len(digit))[None, :] * np.linspace(1, 0.85, len(digit))[:, None]
    paper = lamp + rng.normal(0, 5, digit.shape)
    return np.asarray((paper * (1 - 0.6 * (digit / 255))).clip(0, 255), dtype=np.uint8)


@pytest.mark.parametrize("light", [(240, 130), (150, 250), (200, 190)])
@pytest.mark.parametrize("turned", [False, True], ids=["on paper", "on a blackboard"])
def test_a_photograph_is_read_as_the_drawing_is(
    tmp_path: Path, light: tuple[int, int], turned: bool
) -> None:
    """With one threshold for all the page, the darker half of it is ink."""
    drawn = read_digit(save(tmp_path / "a.png", seven(300)))
    photograph = photographed(seven(300), light, seed=light[0])
    seen = read_digit(save(tmp_path / "b.png", 255 - photograph if turned else photograph))
    assert np.corrcoef(drawn.ravel(), seen.ravel())[0, 1] > 0.9


def test_otsu_s_threshold_by_trying_all() -> None:
    rng = np.random.default_rng(7)
    values = np.append(rng.normal(0.1, 0.03, 900), rng.normal(0.6, 0.1, 100))
    tried = np.linspace(values.min(), values.max(), 400)[1:-1]

    def within(threshold: float) -> float:
        groups = values[values <= threshold], values[values > threshold]
        return float(sum(len(group) * group.var() for group in groups))

    best = tried[np.argmin([within(threshold) for threshold in tried])]
    assert within(otsu_threshold(values)) <= within(best) * 1.01


def test_paper_without_a_digit(tmp_path: Path) -> None:
    blank = photographed(np.zeros((100, 100), dtype=np.uint8), (200, 190), seed=1)
    with suppress(BnbenchError):  # its grain may be taken for one
        assert read_digit(save(tmp_path / "a.png", blank)).shape == (28, 28)


def test_fractions_are_refused_where_their_scale_is_not_known(tmp_path: Path) -> None:
    """Pillow would cut what is between 0 and 1 down to 0 and 1 of 255."""
    path = tmp_path / "float.tiff"
    Image.fromarray(np.eye(28, dtype=np.float32)).save(path)
    with pytest.raises(BnbenchError, match=r"float\.tiff: has fractions for pixels"):
        read_digit(path)
