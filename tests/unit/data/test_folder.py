"""A folder of images as a dataset: modes by hand, the division by its seed, bad files by name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bnbench.config import DataSettings
from bnbench.data import find_dataset, load_splits
from bnbench.data.folder import read_folder, read_image
from bnbench.errors import BnbenchError

ONES = np.ones((28, 28))


def save(path: Path, image: Image.Image, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **how)
    return path


def flat(mode: str, value: Any) -> Image.Image:
    return Image.new(mode, (28, 28), value)


@pytest.mark.parametrize(
    ("name", "image", "grey"),
    [
        ("l.png", flat("L", 77), 77),
        ("one.png", flat("1", 1), 255),
        ("deep.png", Image.fromarray((ONES * 40_000).astype(np.uint16)), 40_000 / 257),
        ("rgb.png", flat("RGB", (200, 0, 0)), 0.299 * 200),
        ("palette.png", flat("RGB", (0, 255, 0)).convert("P"), 0.587 * 255),
        ("alpha.png", flat("LA", (200, 0)), 0),
        ("half.png", flat("RGBA", (200, 200, 200, 128)), 200 * 128 / 255),
        ("cmyk.jpg", flat("CMYK", (0, 0, 0, 255)), 0),
        ("l.jpg", flat("L", 130), 130),
    ],
)
def test_modes(tmp_path: Path, name: str, image: Image.Image, grey: float) -> None:
    found = read_image(save(tmp_path / name, image))
    assert found.shape == (28, 28)
    np.testing.assert_allclose(found, grey * ONES, atol=1.5)


def test_an_exif_rotation_is_undone(tmp_path: Path) -> None:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[:, :14] = 255  # light on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise: light above
    path = save(tmp_path / "turned.png", Image.fromarray(pixels), exif=exif)
    assert np.array_equal(read_image(path), np.rot90(pixels, -1))


def test_what_is_not_square_is_centred_on_its_border(tmp_path: Path) -> None:
    pixels = np.full((28, 14), 40, np.uint8)
    pixels[10:18, 3:11] = 200
    found = read_image(save(tmp_path / "tall.png", Image.fromarray(pixels)))
    assert (found[:, :7] == 40).all()
    assert (found[:, 21:] == 40).all()
    assert np.array_equal(found[:, 7:21], pixels)


def make(folder: Path, counts: dict[str, int]) -> Path:
    """Write images that are all different, so that each can be told from its pixels."""
    grey = 0
    for name, count in counts.items():
        for place in range(count):
            grey += 1
            image = Image.new("L", (20 + place % 3, 20), grey)
            save(folder / name / f"{place}.{'jpg' if place % 2 else 'PNG'}", image, quality=95)
    return folder


def test_the_division(tmp_path: Path) -> None:
    name = f"folder:{make(tmp_path, {'cat': 70, 'dog': 14, 'owl': 35})}"
    assert find_dataset(name).classes == ("cat", "dog", "owl")
    data, again, other = (read_folder(name, seed) for seed in (3, 3, 4))
    assert Counter(data.test.labels.tolist()) == {0: 10, 1: 2, 2: 5}
    assert Counter(data.train.labels.tolist()) == {0: 60, 1: 12, 2: 30}
    assert data.dataset_hash == again.dataset_hash != other.dataset_hash
    assert data.train.labels.tolist() != sorted(data.train.labels.tolist())
    greys = [*data.train.images[:, 14, 14].tolist(), *data.test.images[:, 14, 14].tolist()]
    assert len(greys) == 119


def test_the_splits_are_scaled_by_the_folder_s_own_pixels(tmp_path: Path) -> None:
    name = f"folder:{make(tmp_path, {'cat': 70, 'dog': 70})}"
    data = read_folder(name, 0)
    unit = data.train.images / 255
    splits = load_splits(DataSettings(dataset=name, resize="none"), tmp_path)
    assert splits.num_classes == 2
    assert splits.test is not None
    assert [len(one.labels) for one in (splits.train, splits.validation, splits.test)] == [
        110, 10, 20,
    ]  # fmt: skip
    expected = (unit[:110] - unit.mean()) / unit.std()
    np.testing.assert_allclose(splits.train.images[:, 0].numpy(), expected, atol=1e-5)


def test_bad_folders_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BnbenchError, match=r"data\.dataset: .*none: is no folder"):
        find_dataset(f"folder:{tmp_path / 'none'}", "x.yaml:1:1: data.dataset")
    make(tmp_path / "one", {"cat": 30})
    with pytest.raises(BnbenchError, match="has 1 subfolders; each class is one"):
        find_dataset(f"folder:{tmp_path / 'one'}")
    make(tmp_path / "few", {"cat": 5, "dog": 5})
    with pytest.raises(BnbenchError, match="10 images are too few"):
        read_folder(f"folder:{tmp_path / 'few'}", 0)
    (tmp_path / "few" / "empty").mkdir()
    with pytest.raises(BnbenchError, match=r"empty: has 0 images \(PNG or JPEG\)"):
        read_folder(f"folder:{tmp_path / 'few'}", 0)
    bad = make(tmp_path / "bad", {"cat": 30, "dog": 30})
    whole = (bad / "cat/0.PNG").read_bytes()
    (bad / "cat/0.PNG").write_bytes(whole[: len(whole) // 2])
    (bad / "dog/1.jpg").write_text("no image", encoding="ascii")
    (bad / "dog/.hidden").write_text("left alone", encoding="ascii")
    with pytest.raises(BnbenchError) as caught:
        read_folder(f"folder:{bad}", 0)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "cat/0.PNG: is no PNG or JPEG, or damaged; mend it, or move it away" in lines[0]
    assert "dog/1.jpg" in lines[1]


def test_an_image_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnbench.data.folder.MOST_PIXELS", 100)
    with pytest.raises(BnbenchError, match="has too many pixels"):
        read_image(save(tmp_path / "huge.png", flat("L", 1)))


def test_a_line_of_pixels_is_not_made_a_square_of_gigabytes(tmp_path: Path) -> None:
    """An image of 1 x 60,000 pixels, two hundred bytes, took 3.4 GB."""
    with pytest.raises(BnbenchError, match="has too many pixels"):
        read_image(save(tmp_path / "line.png", Image.new("L", (60_000, 1))))


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path, {"cat": 30, "dog": 30})
    (folder / "cat/x.png").symlink_to("nothing")
    with pytest.raises(BnbenchError, match=r"cat/x\.png: No such file or directory; mend it"):
        read_folder(f"folder:{folder}", 0)


def test_a_file_that_is_changed_is_read_again(tmp_path: Path) -> None:
    name = f"folder:{make(tmp_path, {'cat': 30, 'dog': 30})}"
    before = read_folder(name, 0).dataset_hash
    save(tmp_path / "cat" / "0.PNG", Image.new("L", (200, 200), 255))
    assert read_folder(name, 0).dataset_hash != before


def test_images_of_other_kinds_are_named_and_notes_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path / "pets", {"cat": 70, "dog": 70})
    (tmp_path / "pets/cat/notes.txt").write_text("mine", encoding="utf-8")
    assert len(read_folder(f"folder:{tmp_path / 'pets'}", 0).train.labels) == 120
    save(tmp_path / "pets/dog/scan.TIFF", Image.new("L", (28, 28), 9))
    with pytest.raises(BnbenchError, match=r"dog/scan\.TIFF: is no PNG or JPEG; convert it"):
        read_folder(f"folder:{tmp_path / 'pets'}", 0)
