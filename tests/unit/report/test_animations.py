"""What of a run is animated: the tables behind the frames, and what is refused."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.plots.animation import animation
from bnbench.report.animations import SCENES, scene_of
from bnbench.report.animations.activations import percentiles_of, units_table
from bnbench.report.animations.path import course_table
from bnbench.report.animations.scene import limits, time_title
from bnbench.runs import Run
from tests.trained import trained

PROBES = (
    "[{kind: activations, every: 20, images: 32}, {kind: path, every: 20, images: 32},"
    " {kind: trajectory, every: 20, images: 32, points: 5}, {kind: gradients, every: 20}]"
)


def train(root: Path, results: Path, config: str, probes: str) -> Run:
    overrides = ["data.dataset=digits", "training.epochs=2", f"probes={probes}"]
    one = load_experiment(root / f"configs/{config}.yaml", overrides, name=config)
    return trained(one, results)


@pytest.fixture(scope="module")
def runs(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    results = tmp_path_factory.mktemp("results")
    return [train(root, results, name, PROBES) for name in ("lenet5", "lenet5_batchnorm")]


@pytest.fixture(scope="module")
def others(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """One looked at after other steps, and one that no probe looked at."""
    results = tmp_path_factory.mktemp("others")
    return [
        train(root, results, "mlp", "[{kind: activations, every: 13, images: 32}]"),
        train(root, results, "lenet5", "[]"),
    ]


@pytest.mark.parametrize("probe", SCENES)
def test_each_look_is_a_frame(runs: list[Run], probe: str) -> None:
    scene = scene_of(runs, probe)
    with np.load(runs[0].probe(probe)) as looks:
        assert scene.frames == len(looks["step"]) >= 3
    content = animation(scene, ".gif")
    assert animation(scene_of(runs, probe), ".gif") == content
    image = Image.open(io.BytesIO(content))
    assert getattr(image, "n_frames", 1) == scene.frames
    assert image.width == 630


@pytest.mark.parametrize(
    ("chosen", "probe", "problem"),
    [
        ([0], "activation", "no animation of the probe 'activation'; did you mean 'activations'"),
        ([0], "gradients", "there is no animation of the probe 'gradients'; choose one of: act"),
        ([0, 1, 0, 1], "path", "4 runs are too many for one picture; name 3"),
        ([2], "path", "the probe path did not look at this run; choose activations"),
        ([2], "trajectory", "the probe trajectory did not look at this run; choose activations"),
        ([3], "path", r"give its config `probes: \[\{kind: path\}\]`"),
        ([0, 2], "activations", "was looked at after other steps than .*; animate each by itself"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    runs: list[Run], others: list[Run], chosen: list[int], probe: str, problem: str
) -> None:
    with pytest.raises(BnbenchError, match=problem) as caught:
        scene_of([[*runs, *others][one] for one in chosen], probe)
    assert "\n" not in str(caught.value)


def run_with(probe: str, **looks: Any) -> Any:
    seen = {name: np.asarray(value) for name, value in looks.items()}
    return SimpleNamespace(looks={probe: seen}, run=Run(Path("somewhere")))


def test_a_run_that_goes_on_is_one_line(runs: list[Run], tmp_path: Path) -> None:
    run = Run(shutil.copytree(runs[0].path, tmp_path / "lenet5/seed-0"))
    run.read_manifest().changed(status="running").write(run.manifest)
    with pytest.raises(BnbenchError, match="its status is running; `bnbench train` finishes it"):
        scene_of([run], "path")


def test_units_are_compared_with_themselves_before_training() -> None:
    percentiles = np.arange(18.0).reshape(3, 2, 3)  # looks, units, 15 50 85 %
    table = units_table(percentiles, 2)
    assert table[table["first"]]["middle"].tolist() == [1, 4]
    now = table[~table["first"]]
    assert now["unit"].tolist() == [1, 2]
    assert now[["low", "high"]].to_numpy().tolist() == [[12, 14], [15, 17]]


def test_of_many_layers_four_are_drawn() -> None:
    looks = {f"fc{number}.pre.percentiles": np.zeros((2, 1, 3)) for number in range(1, 12)}
    assert list(percentiles_of(run_with("activations", **looks))) == ["fc1", "fc4", "fc7", "fc11"]


def test_a_course_ends_at_its_look() -> None:
    run = run_with("path", step=[0, 5, 10], path_ratio=[np.nan, 1, 2])
    assert course_table(run, "path_ratio", 1)["step"].tolist() == [0, 5]


@pytest.mark.parametrize("shape", [(2, 3), (2, 1, 4), (0, 1, 3)])
def test_looks_of_another_shape_are_one_line(shape: tuple[int, ...]) -> None:
    run = run_with("activations", step=[0], **{"C1.pre.percentiles": np.zeros(shape)})
    with pytest.raises(BnbenchError, match="is not as such a probe writes it"):
        percentiles_of(run)


def test_numbers_that_are_none_have_no_axis() -> None:
    run = run_with("path")
    ends = limits(run, "path", iter([np.array([1.0, np.nan, 3.0]), np.array([np.inf])]))
    np.testing.assert_allclose(ends, (0.9, 3.1))
    with pytest.raises(BnbenchError, match="holds no number that could be drawn"):
        limits(run, "path", iter([np.array([np.nan])]))


def test_a_look_s_title() -> None:
    assert (time_title(0), time_title(1234)) == ("before the first step", "after 1,234 steps")
