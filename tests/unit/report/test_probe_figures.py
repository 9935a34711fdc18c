"""The tables behind the figures of probes, and the figures of a study that has been run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bnbench.config import Experiment, Study, load_study
from bnbench.errors import BnbenchError
from bnbench.findings import findings_of, read_study, values_table
from bnbench.plots.probes import surface_levels
from bnbench.report.archive import archive
from bnbench.report.figures import Picture, draw_all
from bnbench.report.figures.contour import directions, surface_table
from bnbench.report.figures.distributions import trace_table
from bnbench.report.figures.drift import drift_table, panels_of
from bnbench.report.figures.envelope import envelope_table
from bnbench.report.figures.figure import Source
from bnbench.report.figures.trajectory import plane_table, share_of, way_table
from bnbench.report.study_results import measured_by_probes
from bnbench.runs import Run, opened
from bnbench.runs.merging import merge, plan_merge
from bnbench.training import run_experiment
from bnbench.verification.inspection import inspect

FIGURES = ["contour", "envelope", "distributions", "drift", "trajectory"]


def run_with(probe: str, seed: int = 0, **looks: Any) -> Any:
    return SimpleNamespace(seed=seed, looks={probe: {k: np.asarray(v) for k, v in looks.items()}})


def drawn(study: Study, results: Path) -> tuple[Picture, ...]:
    runs = read_study(study, results)
    return draw_all(Source(findings_of(runs), pd.DataFrame({"experiment": []}), runs))


def test_a_surface_has_its_first_direction_across() -> None:
    """L(a, b) = a + 10 b, with the first direction down the rows of the probe's array."""
    axis = np.array([-1.0, 0, 1])
    losses = axis[:, None] + 10 * axis[None, :]
    run = run_with("surface", step=[0, 9], axis=[axis, axis], losses=[np.zeros((3, 3)), losses])
    table = surface_table(run)
    assert (table["loss"] == table["x"] + 10 * table["y"]).all()
    assert len(table) == 9


def test_an_envelope_is_the_median_of_extremes() -> None:
    runs = [
        run_with("landscape", step=[0, 5], losses=np.array([[1, 2, 3], [4, 5, 6]]) + add)
        for add in (0, 1, 9)
    ]
    table = envelope_table(runs)
    assert table.to_dict("list") == {"step": [0, 5], "low": [2, 5], "high": [4, 7]}


def test_a_trace_has_a_row_a_percentile() -> None:
    seen = np.arange(12.0).reshape(2, 2, 3)  # looks, units, percentiles
    run = run_with("activations", seed=4, step=[0, 7], **{"F6.pre.percentiles": seen})
    table = trace_table(run, "F6")
    assert table["value"].tolist() == [0, 1, 2, 6, 7, 8]
    assert table["step"].tolist() == [0, 0, 0, 7, 7, 7]
    assert table["percentile"].tolist() == [15, 50, 85] * 2


def test_a_drift_is_of_the_layer_that_comes_after() -> None:
    """A log scale has no place for the first look, which has none before it, nor for a 0."""
    looks = {f"{name}.input_drift": np.array([np.nan, 0.5, 0, 0.25]) for name in ("C1", "F5")}
    run = run_with("activations", seed=4, step=[0, 7, 14, 21], **looks)
    assert panels_of(run) == {"C1": "input of F5", "F5": "input of the output layer"}
    table = drift_table(run, "C1")
    assert table.to_dict("list") == {"seed": [4, 4], "step": [7, 21], "value": [0.5, 0.25]}
    many: dict[str, Any] = {f"fc{number}.input_drift": [1.0] for number in range(1, 21)}
    titles = list(panels_of(run_with("activations", step=[0], **many)).values())
    assert len(titles) == 8
    assert (titles[0], titles[-1]) == ("input of fc2", "input of the output layer")


def test_a_plane_has_its_first_direction_across_and_the_way_ends_at_0() -> None:
    """L(a, b) = a + 10 b, with the first direction down the rows of the probe's array."""
    axes = np.array([[-1.0, 0, 3], [-2, 0, 2]])
    losses = axes[0][:, None] + 10 * axes[1][None, :]
    way = np.array([[2.5, 1], [1, 0], [0, 0], [np.nan, np.nan]])
    run = run_with("trajectory", step=[0], axes=[axes], losses=[losses], way=[way],
                   plane_share=[0.987])  # fmt: skip
    table = plane_table(run)
    assert (table["loss"] == table["x"] + 10 * table["y"]).all()
    assert way_table(run).to_numpy().tolist() == [[2.5, 1], [1, 0], [0, 0]]
    assert share_of(run) == "99 % in the plane"


def test_a_surface_over_two_parameters_names_them() -> None:
    probe = {"kind": "surface", "parameters": ["C1.affine.weight[0,0,2,2]", "b[1]"]}
    one = {"experiment": "e", "model": {"name": "LeNet5"}}
    assert directions(Experiment.model_validate(one | {"probes": [probe]})) == (
        "two single parameters", "change of one weight of C1", "change of b[1]"
    )  # fmt: skip
    probe.pop("parameters")
    over, first, _ = directions(Experiment.model_validate(one | {"probes": [probe]}))
    assert over == "two random directions"
    assert first == "first direction (lengths of the weights)"


@pytest.mark.parametrize(
    ("table", "probe", "looks"),
    [
        (plane_table, "trajectory", {"axes": [[[0, 1], [0, 1]]], "losses": np.zeros((1, 2, 3))}),
        (plane_table, "trajectory", {"axes": [[[0, 1]]], "losses": np.zeros((1, 2, 2))}),
        (plane_table, "trajectory", {"axes": np.full((1, 2, 2), np.nan),
                                     "losses": np.zeros((1, 2, 2))}),
        (plane_table, "trajectory", {"axes": [[[0, 1], [1, 1]]], "losses": np.zeros((1, 2, 2))}),
        (way_table, "trajectory", {"way": np.zeros((1, 4, 3))}),
        (way_table, "trajectory", {"way": np.full((1, 4, 2), np.nan)}),
        (lambda run: drift_table(run, "F6"), "activations", {"F6.input_drift": [[1.0]]}),
        (panels_of, "activations", {"F6.pre.mean": [[1.0]]}),
        (surface_table, "surface", {"axis": [[0, 1]], "losses": [[0, 1]]}),
        (surface_table, "surface", {"axis": [[0, 1]], "losses": np.zeros((1, 3, 3))}),
        (surface_table, "surface", {"losses": np.zeros((1, 3, 3))}),
        (surface_table, "surface", {"axis": [[0, 0, 1]], "losses": np.zeros((1, 3, 3))}),
        (surface_table, "surface", {"axis": [[0, 1, np.inf]], "losses": np.zeros((1, 3, 3))}),
        (surface_table, "surface", {"axis": [[0]], "losses": np.zeros((1, 1, 1))}),
        (lambda run: envelope_table([run]), "landscape", {"losses": [1]}),
        (lambda run: envelope_table([run]), "landscape", {"losses": np.zeros((1, 0))}),
        (lambda run: trace_table(run, "F6"), "activations", {"F6.pre.percentiles": [[1, 2, 3]]}),
        (lambda run: trace_table(run, "F6"), "activations",
         {"F6.pre.percentiles": np.zeros((1, 2, 4))}),
    ],
)  # fmt: skip
def test_looks_of_another_shape_are_one_line(table: Any, probe: str, looks: Any) -> None:
    run = run_with(probe, step=[0], **looks)
    run.run = Run(Path("somewhere"))
    with pytest.raises(BnbenchError, match=rf"somewhere/probes/{probe}\.npz: \S+: is not as such"):
        table(run)


def test_levels_are_even_in_the_logarithm() -> None:
    table = pd.DataFrame({"loss": [0.1, 10.0, np.nan]})
    levels = np.log(surface_levels([table]))
    assert np.diff(levels) == pytest.approx(np.full(8, np.diff(levels)[0]))


@pytest.fixture(scope="module")
def trained(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A study of two seeds with probes, and the results folder of its runs."""
    folder = tmp_path_factory.mktemp("probed")
    probes = [
        {"kind": "activations", "every": 20, "images": 32},
        {"kind": "landscape", "every": 20, "images": 32},
        {"kind": "surface", "every": 20, "images": 32, "points": 5},
        {"kind": "trajectory", "every": 10, "images": 32, "points": 5},
    ]
    overrides = {"data.dataset": "digits", "training.epochs": 1, "probes": probes}
    metrics = ["effective_beta@last", "C3.input_drift@all", "validation_accuracy@last"]
    content = {
        "study": "tiny",
        "question": "?",
        "seeds": 2,
        "experiments": {
            name: {"config": str(root / f"configs/{config}.yaml"), "overrides": overrides}
            for name, config in (("plain", "lenet5"), ("bn", "lenet5_batchnorm"))
        },
        "contrasts": {"bn": {"treatment": "bn", "baseline": "plain", "metrics": metrics}},
        "figures": FIGURES,
    }
    path = folder / "tiny.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    study = load_study(path)
    for experiment in study.experiments:
        for seed in study.seeds:
            list(run_experiment(experiment, seed, folder))
    return study, folder


def test_a_study_with_probes_has_its_figures(trained: tuple[Study, Path]) -> None:
    study, folder = trained
    pictures = drawn(study, folder)
    assert [one.name for one in pictures] == [f"{study.name}-{kind}" for kind in FIGURES]
    assert all(one.svg.startswith("<?xml") and "<path" in one.svg for one in pictures)
    assert drawn(study, folder)[0].svg == pictures[0].svg


def test_an_archive_keeps_what_probes_measured_and_the_files_of_the_first_seeds(
    trained: tuple[Study, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = trained
    monkeypatch.setattr("bnbench.report.archive.LOOKED_INTO", 1)
    runs = read_study(study, folder)
    findings_of(runs)  # measures them
    archive([run.run.path for run in runs.runs], tmp_path, measured=measured_by_probes([runs]))
    copies = opened(tmp_path / "runs")
    kept = read_study(study, copies)
    assert [len(run.run.probes()) for run in kept.runs] == [4, 0, 4, 0]
    findings_of(kept)
    pd.testing.assert_frame_equal(values_table(kept), values_table(runs))
    probes = [f"probes/{probe.kind}.npz" for probe in study.experiments[0].probes]
    for found in (inspect(run.run) for run in kept.runs):
        assert found.problems == ()
        absent = [name for name in found.absent if name.startswith("probes/")]
        assert absent == (sorted(probes) if found.run.path.name == "seed-1" else [])
    merge(plan_merge(tmp_path / "runs", tmp_path / "merged"))
    merged = read_study(study, tmp_path / "merged")
    findings_of(merged)
    pd.testing.assert_frame_equal(values_table(merged), values_table(runs))
    assert all(one.caption.endswith(" Shown: 1 of 2 seeds.") for one in drawn(study, copies))


def test_an_archive_keeps_what_probes_measured_at_the_best_points(
    trained: tuple[Study, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a contrast of other metrics, for which the probes' files may go."""
    study, folder = trained
    content = json.loads(Path(study.path).read_text(encoding="utf-8"))
    sides = {"treatment": "bn", "baseline": "plain"}
    content["contrasts"] = {
        "best": {**sides, "metrics": ["C3.input_drift@all"], "tuning_seeds": 1},
        "bn": {**sides, "metrics": ["effective_beta@last"]},
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr("bnbench.report.archive.LOOKED_INTO", 0)
    runs = read_study(load_study(path), folder)
    (best,) = findings_of(runs).best
    archive([run.run.path for run in runs.runs], tmp_path, measured=measured_by_probes([runs]))
    kept = read_study(load_study(path), opened(tmp_path / "runs"))
    assert not any(run.run.probes() for run in kept.runs)
    (again,) = findings_of(kept).best
    assert [one.treatment for one in again.findings] == [one.treatment for one in best.findings]


def test_an_archive_keeps_the_first_seeds_of_what_no_study_measures(
    trained: tuple[Study, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All seeds' files were kept, which made a third of a reference's growth."""
    study, folder = trained
    content = json.loads(Path(study.path).read_text(encoding="utf-8"))
    content["contrasts"] = {"bn": {"treatment": "bn", "baseline": "plain", "metrics": ["diverged"]}}
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr("bnbench.report.archive.LOOKED_INTO", 1)
    runs = read_study(load_study(path), folder)
    findings_of(runs)
    archive([run.run.path for run in runs.runs], tmp_path, measured=measured_by_probes([runs]))
    kept = read_study(load_study(path), opened(tmp_path / "runs"))
    assert [len(run.run.probes()) for run in kept.runs] == [4, 0, 4, 0]
    assert all(inspect(run.run).problems == () for run in kept.runs)
