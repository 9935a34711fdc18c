"""Frames, one after the other, as a GIF or an MP4: the same bytes for the same frames."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bnbench.errors import BnbenchError
from bnbench.plots.style import figure

MOST_BYTES = 5_000_000
MOST_FRAMES = 80
FRAME_SECONDS, LAST_SECONDS = 0.12, 2.0
DOTS = 100
"""Per inch: a frame of the page's width has 630 pixels, which a slide shows sharp enough."""
COLORS = 128


@dataclass(frozen=True)
class Scene:
    """What is animated.

    Attributes
    ----------
    frames : int
        How many pictures there are.
    height : float
        Of each, inches.
    draw : callable
        Draws one of them, counted from 0, on an empty figure. All have the same axes.
    """

    frames: int
    height: float
    draw: Callable[[Figure, int], None]


def animation(scene: Scene, suffix: str) -> bytes:
    """Draw a scene as the content of a file.

    Of a long scene evenly spaced frames are drawn, first and last among them, and fewer where the
    file would be larger than 5 MB. A frame takes a quarter of a second.

    Parameters
    ----------
    suffix : str
        ``.gif``, which loops; or ``.mp4``, which the program ffmpeg makes.
    """
    encode = WRITERS[suffix]
    images = [_image(scene, frame) for frame in _spaced(scene.frames, MOST_FRAMES)]
    while len(content := encode(images)) > MOST_BYTES and len(images) > 2:
        images = [images[place] for place in _spaced(len(images), (len(images) + 1) // 2)]
    return content


def check_suffix(path: Path) -> None:
    """Refuse a file's name that says of no form that can be written here."""
    if path.suffix not in WRITERS:
        raise BnbenchError(f"{path}: must end in {' or '.join(WRITERS)}")
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise BnbenchError(f"{path}: an MP4 needs the program ffmpeg; install it, or name a .gif")


def _spaced(count: int, most: int) -> list[int]:
    """Choose places, the first and the last among them."""
    chosen = min(count, most)
    return [round(place * (count - 1) / max(1, chosen - 1)) for place in range(chosen)]


def _image(scene: Scene, frame: int) -> Image.Image:
    with figure(scene.height) as drawn:
        drawn.set_dpi(DOTS)
        canvas = FigureCanvasAgg(drawn)
        scene.draw(drawn, frame)
        canvas.draw()  # type: ignore[no-untyped-call]
        return Image.fromarray(np.asarray(canvas.renderer.buffer_rgba())).convert("RGB")


def _gif(images: Sequence[Image.Image]) -> bytes:
    frames = [image.quantize(COLORS, dither=Image.Dither.NONE) for image in images]
    milliseconds = [round(1000 * FRAME_SECONDS)] * len(frames)
    milliseconds[-1] = round(1000 * LAST_SECONDS)
    file = io.BytesIO()
    frames[0].save(
        file, "gif", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0
    )
    return file.getvalue()


def _mp4(images: Sequence[Image.Image]) -> bytes:
    """Hand the frames to ffmpeg; one thread and no dates, so that the bytes stay the same."""
    width, height = (size - size % 2 for size in images[0].size)  # what the format wants
    last = [images[-1]] * round(LAST_SECONDS / FRAME_SECONDS)
    pixels = b"".join(image.crop((0, 0, width, height)).tobytes() for image in (*images, *last))
    given = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {1 / FRAME_SECONDS:.3f} -i -"
    wanted = "-threads 1 -pix_fmt yuv420p -crf 20 -map_metadata -1 -fflags +bitexact"
    with TemporaryDirectory() as folder:
        path = Path(folder, "animation.mp4")
        line = ["ffmpeg", "-v", "error", *given.split(), *wanted.split(), str(path)]
        done = subprocess.run(line, input=pixels, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
            raise BnbenchError(f"ffmpeg makes no MP4 here ({said[-1]}); name a .gif")
        return path.read_bytes()


WRITERS = {".gif": _gif, ".mp4": _mp4}
