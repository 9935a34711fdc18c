from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bnbench.plots.digits import plot_digits
from bnbench.plots.normalization import SCALINGS, normalized, plot_normalization


def test_every_image_lies_in_its_cell_with_its_label() -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((5, 4, 3), np.uint8)
    ax = Figure().subplots()
    plot_digits(images, np.array([7, 8, 9, 0, 1]), ax=ax, columns=3)
    (image,) = ax.get_images()
    expected = np.repeat(np.repeat([[0, 1, 2], [3, 4, 0]], 4, axis=0), 3, axis=1)
    np.testing.assert_array_equal(np.asarray(image.get_array()), expected)
    assert [text.get_text() for text in ax.texts] == ["7", "8", "9", "0", "1"]
    places = [(text.get_position()[0] // 3, text.get_position()[1] // 4) for text in ax.texts]
    assert places == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]


def test_images_and_labels_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="zip"):
        plot_digits(np.zeros((2, 3, 3), np.uint8), np.array([1]), ax=Figure().subplots())


def test_normalized_by_hand() -> None:
    table = normalized(np.array([0.0, 10.0, 20.0]))
    assert list(table.columns) == ["draw", "scaling", "value"]
    values = {name: list(rows["value"]) for name, rows in table.groupby("scaling")}
    z = 10 / np.sqrt(200 / 3)  # biased: the mean of 100, 0 and 100
    assert values["none"] == [0, 10, 20]
    assert values["min_max"] == [0, 0.5, 1]
    assert values["z_score"] == pytest.approx([-z, 0, z])


@pytest.mark.parametrize("scaling", SCALINGS)
def test_histograms_count_every_draw_and_keep_the_shape(scaling: str) -> None:
    values = np.random.default_rng(0).uniform(0, 20, 50)
    ax = Figure().subplots()
    plot_normalization(normalized(values), scaling=scaling, ax=ax)
    heights = [patch.get_height() for patch in ax.patches if isinstance(patch, Rectangle)]
    expected, _ = np.histogram(values, bins=len(heights))
    assert heights == list(expected)
    title, numbers = ax.get_title().split("\n")
    assert (title, ax.get_xlabel()) == SCALINGS[scaling]
    scaled = normalized(values).query("scaling == @scaling")["value"].to_numpy()
    assert numbers == f"mean {abs(np.mean(scaled)):.4f}, sd {np.std(scaled):.4f}"
    assert ax.get_ylabel() == "number of draws"
