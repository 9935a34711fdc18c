from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from bnbench.plots import style
from bnbench.plots.probes import name_percentiles, plot_percentiles


def _drawn(figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    for ax in (left, right):
        ax.plot([1, 2], [1, 2], label="a curve")
        ax.plot([1, 2], [2, 1], label=style.PUBLISHED)
        ax.plot([1, 2], [2, 2], label=style.PUBLISHED)
        ax.plot([1, 2], [1, 1], color="red", label=style.ONE_SEED)


def _saved(folder: Path) -> list[bytes]:
    with style.figure(3) as figure:
        _drawn(figure)
        style.note(figure, ["a note"])
        style.legend(figure)
        paths = style.save(figure, folder, "figure")
    assert [path.name for path in paths] == ["figure.png", "figure.svg"]
    assert sorted(path.name for path in folder.iterdir()) == ["figure.png", "figure.svg"]
    return [path.read_bytes() for path in paths]


def test_two_renderings_give_the_same_bytes(tmp_path: Path) -> None:
    assert _saved(tmp_path / "first") == _saved(tmp_path / "second")


def test_the_users_settings_neither_come_in_nor_are_changed(tmp_path: Path) -> None:
    plain = _saved(tmp_path / "plain")
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "savefig.dpi": 20}):
        before = dict(mpl.rcParams)
        assert _saved(tmp_path / "changed") == plain
        assert dict(mpl.rcParams) == before


def test_files_are_fit_for_print_and_free_of_dates(tmp_path: Path) -> None:
    _, svg = _saved(tmp_path)
    assert b"date" not in svg.lower()
    assert b"<text" not in svg  # letters are outlines: no viewer needs the font
    with Image.open(tmp_path / "figure.png") as image:
        assert image.width == pytest.approx(style.PAGE_WIDTH * 200, abs=1)
        assert image.info["dpi"][0] == pytest.approx(200, abs=0.1)
        assert image.mode == "P"  # a palette


def test_a_report_gets_letters_as_text_and_places_to_a_hundredth() -> None:
    with style.figure(3) as figure:
        _drawn(figure)
        style.legend(figure)
        text = style.svg(figure)
    page = ElementTree.fromstring(text)
    letters = [one.text for one in page.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a curve", style.PUBLISHED} <= set(letters)
    assert text.count("font-family") == 1
    assert "Verdana" in page.attrib["font-family"]
    places = [one.attrib["d"] for one in page.iter("{http://www.w3.org/2000/svg}path")]
    decimals = re.findall(r"\.(\d+)", " ".join(places))
    assert max(map(len, decimals)) == 2


def test_looks_differ_in_color_dashes_and_marker() -> None:
    for looks in (style.EXPERIMENTS, tuple(style.SPLITS.values())):
        for feature in ("color", "dashes", "marker"):
            assert len({getattr(look, feature) for look in looks}) == len(looks)
        assert style.PUBLISHED_DASHES not in [look.dashes for look in looks]
    assert style.experiment_look(len(style.EXPERIMENTS)) == style.EXPERIMENTS[0]


def test_published_colors_are_greys() -> None:
    assert all(len(set(to_rgb(color))) == 1 for color in style.PUBLISHED_COLORS)


def test_legend_names_each_label_once_and_what_is_shared_in_grey() -> None:
    with style.figure(3) as figure:
        _drawn(figure)
        style.legend(figure)
        (legend,) = figure.legends
        texts = [text.get_text() for text in legend.get_texts()]
        assert texts == ["a curve", style.PUBLISHED, style.ONE_SEED]
        colors = [line.get_color() for line in legend.findobj(Line2D)]
        assert "red" not in colors
        assert len(colors) == 4  # both published curves of the first axes, the others once


@pytest.mark.parametrize(
    ("apart", "names"), [(10.0, ["15 %", "50 %", "85 %"]), (0.1, ["15, 50, 85 %"])]
)
def test_percentiles_that_meet_share_a_label(apart: float, names: list[str]) -> None:
    rows = [(0, step, part, step * apart * place)
            for step in (0, 1) for place, part in enumerate((15, 50, 85))]  # fmt: skip
    table = pd.DataFrame(rows, columns=["seed", "step", "percentile", "value"])
    with style.figure(3) as figure:
        ax = figure.subplots()
        ax.set_ylim(0, 20)
        name_percentiles(table, ax=ax)
        assert [text.get_text() for text in ax.texts] == names


def test_a_legend_is_within_a_narrow_figure_with_large_letters() -> None:
    with style.figure(3, width=4, font_size=16) as figure:
        figure.subplots().plot([1, 2], label="no dropout at all in any layer, mean of 6 seeds")
        style.legend(figure)
        (legend,) = figure.legends
        extent = legend.get_window_extent()
        assert 0 <= extent.x0 < extent.x1 <= figure.bbox.width


def test_the_mean_of_three_percentiles_is_one_solid_line_in_the_legend() -> None:
    rows = [(seed, step, part, part + step) for seed in (0, 1) for step in (0, 50)
            for part in (15, 50, 85)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["seed", "step", "percentile", "value"])
    with style.figure(3) as figure:
        plot_percentiles(table, look=style.experiment_look(0), ax=figure.subplots())
        style.legend(figure)
        (legend,) = figure.legends
        names = [text.get_text() for text in legend.get_texts()]
        assert names == [style.ONE_SEED, style.SEEDS_MEAN]
        lines = legend.findobj(Line2D)
        assert [(line.get_color(), line.get_linestyle()) for line in lines] == [("0.35", "-")] * 2


@pytest.mark.parametrize(("label", "columns"), [("short", 2), ("long " * 14, 1)])
def test_legend_has_two_columns_where_they_fit(label: str, columns: int) -> None:
    with style.figure(3) as figure:
        ax = figure.subplots()
        for name in "ab":
            ax.plot([1, 2], label=f"{label}{name}")
        style.legend(figure)
        (legend,) = figure.legends
        assert legend._ncols == columns  # type: ignore[attr-defined]
        figure.draw_without_rendering()
        assert legend.get_window_extent().width <= figure.bbox.width


def test_note_and_legend_leave_the_axes_as_large_as_they_were() -> None:
    heights = []
    for lines in ([], ["one line", "and a second one, " * 30]):
        with style.figure(3) as figure:
            _drawn(figure)
            style.note(figure, lines)
            style.legend(figure)
            figure.draw_without_rendering()
            heights.append(figure.axes[0].get_window_extent().height / figure.dpi)
            assert len(figure.texts) == bool(lines)
    assert heights[0] == pytest.approx(heights[1], abs=0.1)
    assert heights[0] > 2.3


def test_a_failing_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Figure, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with style.figure(2) as figure, pytest.raises(OSError, match="No space"):
        style.save(figure, tmp_path, "figure")
    assert not list(tmp_path.iterdir())


def test_a_figure_in_another_form_is_the_same_bytes_twice(tmp_path: Path) -> None:
    form = style.Form(("pdf", "png"), width=9, font_size=14, title="A title")
    written = []
    for name in ("one", "two"):
        with style.figure(2, width=form.width, font_size=form.font_size) as figure:
            figure.subplots().plot([1, 2])
            letters = figure.axes[0].yaxis.label.get_fontsize()
            paths = style.save(figure, tmp_path / name, "a", form.formats)
        written.append([path.read_bytes() for path in paths])
        assert letters == 14
    assert written[0] == written[1]
    assert written[0][0].startswith(b"%PDF")
    with Image.open(tmp_path / "one/a.png") as image:
        assert image.width == 9 * 200


def test_a_title_is_as_large_as_the_labels_and_notes_alone_are_small() -> None:
    for title, points in (("Own images", 14), ("", 10.5)):
        with style.figure(3, font_size=14) as figure:
            figure.subplots()
            style.note(figure, ["a note"], title)
            above = figure.get_suptitle()
            (text,) = (one for one in figure.texts if one.get_text() == above)
            assert above == (f"{title}\na note" if title else "a note")
            assert text.get_fontsize() == points
