"""Moving pictures: their frames, their bytes, and what cannot be written."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bnbench.errors import BnbenchError
from bnbench.plots import animation as module
from bnbench.plots.animation import MOST_FRAMES, Scene, animation, check_suffix


def bar(figure: Figure, frame: int) -> None:
    """Fill so many hundredths of the picture."""
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.axis("off")
    ax.set_xlim(0, 100)
    ax.axvspan(0, frame, color="black")


def dark_shares(content: bytes) -> list[float]:
    image = Image.open(io.BytesIO(content))
    shares = []
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        shares.append(float((np.asarray(image.convert("L")) < 128).mean()))
    return shares


def test_frames_come_in_their_order_and_the_bytes_stay_the_same() -> None:
    content = animation(Scene(5, 1.0, lambda figure, frame: bar(figure, 20 * frame)), ".gif")
    assert dark_shares(content) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8], abs=0.02)
    assert (
        animation(Scene(5, 1.0, lambda figure, frame: bar(figure, 20 * frame)), ".gif") == content
    )
    image = Image.open(io.BytesIO(content))
    assert image.info["loop"] == 0
    assert image.convert("RGB").getpixel((image.width - 1, 0)) == (255, 255, 255)


def test_of_a_long_scene_the_first_and_the_last_frame_are_kept() -> None:
    drawn: list[int] = []
    animation(Scene(1000, 0.5, lambda _, frame: drawn.append(frame)), ".gif")
    assert len(drawn) == MOST_FRAMES
    assert (drawn[0], drawn[-1]) == (0, 999)
    assert set(np.diff(drawn)) == {12, 13}


def test_a_file_that_would_be_too_large_has_fewer_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = animation(Scene(9, 1.0, lambda figure, frame: bar(figure, 10 * frame)), ".gif")
    monkeypatch.setattr(module, "MOST_BYTES", len(whole) - 1)
    content = animation(Scene(9, 1.0, lambda figure, frame: bar(figure, 10 * frame)), ".gif")
    assert len(content) < len(whole)
    assert dark_shares(content) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8], abs=0.02)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("way.avi", r"way\.avi: must end in \.gif or \.mp4"),
        ("way", r"way: must end in"),
        ("way.mp4", r"way\.mp4: an MP4 needs the program ffmpeg; install it, or name a \.gif"),
    ],
)
def test_a_form_that_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BnbenchError, match=problem):
        check_suffix(Path(name))


def test_frames_go_to_ffmpeg_as_pixels_and_the_last_one_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In place of ffmpeg: what would have it encode, or its refusal."""
    given = {}

    def ffmpeg(line: list[str], **settings: bytes) -> subprocess.CompletedProcess[bytes]:
        width, height = map(int, line[line.index("-s") + 1].split("x"))
        given["shape"] = (len(settings["input"]) / (3 * width * height), width % 2, height % 2)
        Path(line[-1]).write_bytes(b"video")
        return subprocess.CompletedProcess(line, int("refuse" in given), b"", b"a\nno encoder\n")

    monkeypatch.setattr(subprocess, "run", ffmpeg)
    scene = Scene(3, 1.01, bar)
    assert animation(scene, ".mp4") == b"video"
    assert given["shape"] == (3 + round(module.LAST_SECONDS / module.FRAME_SECONDS), 0, 0)
    given["refuse"] = (0, 0, 0)
    with pytest.raises(BnbenchError, match=r"ffmpeg makes no MP4 here \(no encoder\); name a"):
        animation(scene, ".mp4")
