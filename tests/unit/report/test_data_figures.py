from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bnbench.report import data_figures
from bnbench.report.data_figures import show_data


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 28, 28)).astype(np.uint8)


LABELS = np.arange(60) % 10


def test_files_are_written_and_depend_on_the_seed_alone(images: np.ndarray, tmp_path: Path) -> None:
    paths = show_data(images, LABELS, tmp_path / "a", seed=0)
    assert [path.name for path in paths] == [
        "digits.png", "digits.svg", "normalization.png", "normalization.svg", "normalization.csv",
    ]  # fmt: skip
    again = show_data(images, LABELS, tmp_path / "b", seed=0)
    other = show_data(images, LABELS, tmp_path / "c", seed=1)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    for path, of_other_seed in zip(paths, other, strict=True):
        assert path.read_bytes() != of_other_seed.read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_the_sample_is_the_articles(images: np.ndarray, tmp_path: Path) -> None:
    show_data(images, LABELS, tmp_path)
    table = pd.read_csv(tmp_path / "normalization.csv")
    drawn, scaled, scored = (
        table.loc[table["scaling"] == name, "value"] for name in ("none", "min_max", "z_score")
    )
    assert len(drawn) == 50
    assert drawn.between(0, 20).all()
    assert (scaled.min(), scaled.max()) == (0, 1)
    assert scored.mean() == pytest.approx(0, abs=1e-12)
    assert scored.std(ddof=0) == pytest.approx(1)
    assert np.corrcoef(drawn, scored)[0, 1] == pytest.approx(1)


@pytest.mark.usefixtures("undrawn")
def test_every_class_has_a_column_of_its_own_images(
    images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, np.ndarray] = {}

    def record(images_NHW: np.ndarray, labels_N: np.ndarray, **_: object) -> None:
        drawn.update(images=images_NHW, labels=labels_N)

    monkeypatch.setattr(data_figures, "plot_digits", record)
    show_data(images, LABELS, tmp_path)
    assert drawn["labels"].tolist() == list(range(10)) * 5
    places = [int(np.flatnonzero((images == image).all((1, 2)))[0]) for image in drawn["images"]]
    assert len(set(places)) == 50
    assert LABELS[places].tolist() == drawn["labels"].tolist()
