"""A run as bnbench left it has no problem; whatever was done to it since is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnbench.report.archive import archive
from bnbench.runs import Run, file_hashes
from bnbench.verification.inspection import inspect, without_manifest
from tests.closed import closed
from tests.edits import edit_line, edit_manifest, edit_text, set_cell
from tests.unit.verification.conftest import MakeRun


def test_an_archived_run_is_checked_without_pytorch(reference_runs: Path) -> None:
    """Two of three seconds were its import."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom bnbench.runs import Run\n"
        "from bnbench.verification.inspection import inspect\n"
        f"assert inspect(Run(Path({str(reference_runs / 'lenet5/seed-1')!r}))).problems == ()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def problems(run: Run) -> list[str]:
    return list(inspect(run).problems)


def cell(path: Path, line: int, column: str) -> str:
    header, *rows = (text.split(",") for text in path.read_text(encoding="utf-8").splitlines())
    return rows[line - 2][header.index(column)]


def assert_first(found: list[str], path: Path, said: str) -> None:
    """One edit may contradict several files; the edited one comes first."""
    assert found[0].startswith(f"{path}: ")
    assert said in found[0]


def copied(run: Run, factory: pytest.TempPathFactory) -> Run:
    """As `make_run`, which cannot be had anew for each of a property's examples."""
    folder = factory.mktemp("copy") / "seed-0"
    shutil.copytree(run.path, folder)
    run.read_manifest().changed(files={}).write(folder / "manifest.json")
    return Run(folder)


@pytest.mark.parametrize("kind", ["held_out", "published", "diverged"])
def test_a_run_as_it_was_left(originals: dict[str, Run], kind: str) -> None:
    found = inspect(originals[kind])
    assert found.problems == ()
    assert found.status == ("diverged" if kind == "diverged" else "complete")


def test_the_diverged_run_of_these_tests_got_far_enough(make_run: MakeRun) -> None:
    """Otherwise the test above would be of an empty log."""
    run = make_run("diverged")
    assert len(run.batches.read_text(encoding="utf-8").splitlines()) > 2
    assert not run.weights.exists()


def test_one_line_a_problem_and_all_of_them(make_run: MakeRun) -> None:
    run = make_run()
    run.weights.write_bytes(b"")
    run.predictions.write_bytes(b"")
    edit_line(run.epochs, 2, "1,", "2,")
    found = problems(run)
    assert [Path(line.partition(":")[0]).name for line in found] == [
        "epochs.csv", "weights.pt", "test_predictions.npy",
    ]  # fmt: skip
    assert not any("\n" in line for line in found)


def test_recorded_hashes_show_any_change(make_run: MakeRun) -> None:
    """Times are in no other file: without the hashes nothing would show this edit."""
    run = make_run()
    before = file_hashes(run)
    edit_line(run.epochs, 2, cell(run.epochs, 2, "evaluation_seconds"), "0.125")
    assert problems(run) == []
    edit_manifest(run, files=before)
    assert problems(run) == [f"{run.epochs}: was changed; its SHA-256 is not the manifest's"]
    edit_manifest(run, files=file_hashes(run))
    assert problems(run) == []


def test_a_file_that_cannot_be_read_is_one_line_among_the_others(
    originals: dict[str, Run], public: Path
) -> None:
    run = Run(public / "seed-0")
    shutil.copytree(originals["held_out"].path, run.path)
    edit_line(run.epochs, 2, "1,", "2,")
    with closed(run.weights):
        problems = inspect(run).problems
    assert problems[0].startswith(f"{run.weights}: cannot be read")
    assert len(problems) == len(set(problems)) == 2
    assert problems[1].startswith(f"{run.epochs}: ")


@pytest.mark.parametrize("name", ["config.yaml", "batches.csv", "epochs.csv", "evaluations.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a,b\n1,2\n", b"\xff\xfe\x00", b"<html>\n</html>\n", b"1,2"]
)
def test_foreign_text_files(make_run: MakeRun, name: str, content: bytes) -> None:
    run = make_run()
    (run.path / name).write_bytes(content)
    (line, *_) = problems(run)
    assert line.startswith(str(run.path / name))


@pytest.mark.parametrize(
    "name", ["config.yaml", "manifest.json", "batches.csv", "epochs.csv", "weights.pt"]
)
def test_missing_files(make_run: MakeRun, name: str) -> None:
    run = make_run()
    (run.path / name).unlink()
    (line,) = problems(run)
    assert line.startswith(f"{run.path / name}: ")


def test_missing_evaluations(make_run: MakeRun) -> None:
    run = make_run()
    run.evaluations.unlink()
    assert problems(run) == [f"{run.evaluations}: holds 0 rows, not 6"]  # 9, 18, 27; 36, 45, 54


@pytest.mark.parametrize("kind", ["held_out", "published", "diverged"])
@pytest.mark.parametrize("name", ["batches.csv", "epochs.csv", "evaluations.csv"])
@pytest.mark.parametrize("cut", [1, 3, 30])
def test_cut_off(make_run: MakeRun, kind: str, name: str, cut: int) -> None:
    run = make_run(kind)
    path = run.path / name
    if path.exists() and path.read_text(encoding="utf-8").count("\n") > 1:
        path.write_bytes(path.read_bytes()[:-cut])
        (line, *_) = problems(run)
        assert line.startswith(f"{path}: ")
        assert "was cut off" in line


@pytest.mark.parametrize("kind", ["held_out", "published", "diverged"])
@settings(max_examples=10)
@given(data=st.data())
def test_a_row_left_out_or_doubled(
    originals: dict[str, Run],
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    data: st.DataObject,
) -> None:
    run = copied(originals[kind], tmp_path_factory)
    lines = run.batches.read_text(encoding="utf-8").splitlines(keepends=True)
    row = data.draw(st.integers(1, len(lines) - 1))
    doubled = data.draw(st.booleans())
    lines[row : row + 1] = [lines[row]] * 2 if doubled else []
    run.batches.write_text("".join(lines), encoding="utf-8")
    (line, *_) = problems(run)
    assert line.startswith(f"{run.batches}: ")


@pytest.mark.parametrize("kind", ["held_out", "published"])
@settings(max_examples=10)
@given(data=st.data())
def test_any_other_loss_of_a_batch(
    originals: dict[str, Run],
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    data: st.DataObject,
) -> None:
    """The epochs' means do not follow from it any more, be it the last bit."""
    run = copied(originals[kind], tmp_path_factory)
    rows = len(run.batches.read_text(encoding="utf-8").splitlines())
    line = data.draw(st.integers(2, rows))
    loss = np.float32(cell(run.batches, line, "loss"))
    edit_line(run.batches, line, f",{loss!s},", f",{np.nextafter(loss, np.float32(np.inf))!s},")
    (problem,) = problems(run)
    assert "_loss" in problem
    assert "does not follow from batches.csv" in problem


@pytest.mark.parametrize(
    ("line", "old", "new", "said"),
    [
        (1, "split", "part", "line 1: "),
        (2, "train", "test", "is test,1,1,50, not train,1,1,50"),
        (3, ",1,2,", ",1,3,", "is train,1,3,50, not train,1,2,50"),
        (3, ",1,2,", ",2,2,", "is train,2,2,50, not train,1,2,50"),
        (3, ",50,", ",49,", "line 3: split,epoch,step,examples is train,1,2,49, not"),
        (3, ",50,", ",5x0,", "line 3: examples: '5x0' is no number"),
        (3, ",50,", ",50,1.0,", "line 3: has 7 cells, not 6"),
        (29, ",25,", ",50,", "is train,1,28,50, not train,1,28,25"),
        (30, "validation,1,28", "validation,1,29", "is validation,1,29,50, not validation,1,28,50"),
    ],
)
def test_edited_batches(make_run: MakeRun, line: int, old: str, new: str, said: str) -> None:
    run = make_run()
    edit_line(run.batches, line, old, new)
    found = problems(run)
    assert len(found) == 1
    assert_first(found, run.batches, said)


@pytest.mark.parametrize(
    ("line", "column", "new", "said"),
    [
        (5, "loss", "nan", "line 5: loss nan is not finite"),
        (5, "loss", "inf", "line 5: loss inf is not finite"),
        (5, "loss", "1e999", "line 5: loss: '1e999' is no number as bnbench writes it"),
        (5, "loss", "low", "line 5: loss: 'low' is no number"),
        (5, "loss", "", "line 5: loss: '' is no number"),
        (5, "loss", "0.50", "line 5: loss: '0.50' is no number"),
        (5, "loss", "1.123456789012", "is no number as bnbench writes it"),
        (5, "accuracy", "1.02", "line 5: accuracy 1.02 is no share of the examples"),
        (5, "accuracy", "-0.02", "accuracy -0.02 is no share"),
        (5, "accuracy", "0.501", "accuracy 0.501 is no share"),
        (5, "accuracy", "nan", "accuracy nan is no share"),
        (5, "accuracy", "1e+308", "accuracy 1e+308 is no share"),
    ],
)
def test_edited_measures(make_run: MakeRun, line: int, column: str, new: str, said: str) -> None:
    run = make_run()
    set_cell(run.batches, line, column, new)
    assert_first(problems(run), run.batches, said)


@pytest.mark.parametrize(
    ("column", "new", "said"),
    [
        ("epoch", "2", "line 2: epoch,training_mode is 2,True, not 1,True"),
        ("training_mode", "False", "is 1,False, not 1,True"),
        ("training_mode", "perhaps", "is 1,perhaps, not 1,True"),
        ("train_loss", "1.5", "line 2: train_loss 1.5 does not follow from batches.csv"),
        ("validation_loss", "1.5", "validation_loss 1.5 does not follow from batches.csv"),
        ("validation_accuracy", "0.008", "validation_accuracy 0.008 does not follow"),
        ("train_accuracy", "0.5", "line 2: train_accuracy 0.5 is no share of the examples"),
        ("validation_accuracy", "1.008", "validation_accuracy 1.008 is no share"),
        ("train_loss_after_epoch", "nan", "train_loss_after_epoch nan is not finite"),
        ("learning_rate", "inf", "learning_rate inf is not finite"),
        ("train_seconds", "soon", "train_seconds: 'soon' is no number"),
    ],
)
def test_edited_epochs(make_run: MakeRun, column: str, new: str, said: str) -> None:
    run = make_run()
    set_cell(run.epochs, 2, column, new)
    assert_first(problems(run), run.epochs, said)


def test_every_problem_of_what_a_probe_saw_is_told(make_run: MakeRun) -> None:
    run = make_run()
    path = run.probe("gradients")
    with np.load(path) as file:
        looks = dict(file)
    assert looks["step"].tolist() == [0, 28, 56]
    np.savez(path, **{**looks, "step": np.array([0, 28])})
    assert problems(run) == [
        f"{path}: must hold as many looks as steps",
    ]
    wider = {name: seen.astype(np.float64) for name, seen in looks.items()}
    np.savez(path, **{**wider, "step": np.array([0, 28])})
    assert len(problems(run)) == 2
    np.savez(path, **{**looks, "step": np.array([0, 27, 56])})
    assert problems(run) == [f"{path}: step: must grow from 0 by 28"]
    path.rename(run.probe("path"))
    assert problems(run) == [
        f"{run.probe('path')}: is of a probe that the configuration does not have"
    ]
    run.probe("path").write_bytes(b"PK\x03\x04")
    assert_first(problems(run), run.probe("path"), "is no archive of arrays")


@pytest.mark.parametrize(
    ("column", "new", "said"),
    [
        ("step", "10", "line 2: epoch,step is 1,10, not 1,9"),
        ("epoch", "2", "line 2: epoch,step is 2,9, not 1,9"),
        ("train_seconds", "inf", "line 2: train_seconds inf does not lie between"),
        ("train_seconds", "nan", "line 2: train_seconds nan does not lie between"),
        ("validation_accuracy", "0.3", "validation_accuracy 0.3 is no share"),
        ("train_seconds", "-", "train_seconds: '-' is no number"),
    ],
)
def test_edited_evaluations(make_run: MakeRun, column: str, new: str, said: str) -> None:
    run = make_run()
    set_cell(run.evaluations, 2, column, new)
    assert_first(problems(run), run.evaluations, said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("train_accuracy", 0.5),
        ("validation_accuracy", 0.008),
        ("validation_loss", 0.5),
        ("epochs", 3),
        ("validation_loss", None),
    ],
)
def test_a_final_that_is_not_the_last_epochs(make_run: MakeRun, name: str, value: float) -> None:
    run = make_run()
    edit_manifest(run, final={name: value})
    (line,) = problems(run)
    assert line.startswith(f"{run.epochs}: ")
    assert line.endswith(f"but the manifest says {value}")


def test_fewer_and_more_epochs_than_configured(make_run: MakeRun) -> None:
    run = make_run()
    lines = run.epochs.read_text(encoding="utf-8").splitlines(keepends=True)
    run.epochs.write_text("".join(lines[:2]), encoding="utf-8")
    assert problems(run) == [f"{run.epochs}: holds 1 epochs, not 2"]
    run.epochs.write_text("".join([*lines, lines[2].replace("2,", "3,", 1)]), encoding="utf-8")
    assert problems(run) == [f"{run.epochs}: holds 3 epochs, not 2"]


def test_batches_of_an_epoch_less(make_run: MakeRun) -> None:
    run = make_run()
    lines = run.batches.read_text(encoding="utf-8").splitlines(keepends=True)
    run.batches.write_text("".join(lines[:32]), encoding="utf-8")  # 1 + 28 + 3
    assert problems(run) == [f"{run.batches}: holds 31 rows, not 62"]


def test_a_complete_run_that_calls_itself_diverged(make_run: MakeRun) -> None:
    run = make_run()
    edit_manifest(run, status="diverged", final={"epochs": 1})
    assert problems(run)[0].startswith(f"{run.epochs}: holds 2 epochs, not 1")
    edit_manifest(run, final={"epochs": 2})
    assert problems(run) == [f"{run.batches}: holds 62 rows, not 63 to 93"]


def test_a_diverged_run_whose_losses_are_all_finite(make_run: MakeRun) -> None:
    run = make_run("diverged")
    last = len(run.batches.read_text(encoding="utf-8").splitlines())
    set_cell(run.batches, last, "loss", "2.5")
    assert problems(run) == [
        f"{run.batches}: every loss is finite, but the manifest says that the run diverged"
    ]


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"final": {"test_accuracy": 0.5}}, {"error": "x"}]
)
def test_an_edited_manifest(
    originals: dict[str, Run], make_run: MakeRun, changes: dict[str, Any]
) -> None:
    """Be it in a field that nothing else tells of; the other problems are told, too."""
    run = make_run()
    assert not inspect(run).sealed  # as an earlier release left it
    shutil.copy(originals["held_out"].manifest, run.manifest)
    assert inspect(run).sealed
    assert problems(run) == []
    edit_manifest(run, **changes)
    assert_first(problems(run), run.manifest, "was edited")
    assert len(problems(run)) == (1 if "error" in changes else 2)


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_an_unfinished_run_is_held_to_less(make_run: MakeRun, status: str) -> None:
    run = make_run()
    edit_manifest(run, status=status)
    run.batches.write_bytes(run.batches.read_bytes()[:-3])  # as a killed process leaves it
    assert inspect(run).status == status
    assert problems(run) == []
    run.checkpoint(1, 7).write_bytes(b"not a checkpoint" * 10)
    assert problems(run) == [f"{run.checkpoint(1, 7)}: is not whole"]


def test_a_changed_configuration(make_run: MakeRun) -> None:
    run = make_run()
    edit_text(run.config, "batch_size: 50", "batch_size: 25")
    (line,) = problems(run)
    assert line.startswith(f"{run.manifest}: configuration_hash: is ")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"experiment": "other"}, "experiment"),
        ({"seed": 3}, "seed"),
        ({"machine": {"threads": 7}}, "machine.threads"),
        ({"dataset": {"name": "mnist"}}, "dataset.name"),
        ({"dataset": {"validation_is_test_file": True}}, "dataset.validation_is_test_file"),
    ],
)
def test_a_manifest_that_contradicts_the_configuration(
    make_run: MakeRun, changes: dict[str, Any], field: str
) -> None:
    run = make_run()
    edit_manifest(run, **changes)
    (line,) = problems(run)
    assert line.startswith(f"{run.manifest}: {field}: is ")


@pytest.mark.parametrize("examples", [1376, 1, 2**31 - 1])
def test_another_size_of_the_training_split(make_run: MakeRun, examples: int) -> None:
    run = make_run()
    edit_manifest(run, dataset={"train_examples": examples})
    (line, *_) = problems(run)
    assert line.startswith((str(run.batches), str(run.epochs)))


def test_a_split_without_a_whole_batch(make_run: MakeRun) -> None:
    run = make_run("published")  # drops the last batch
    edit_manifest(run, dataset={"train_examples": 3})
    (line, *_) = problems(run)
    assert line.startswith((str(run.batches), str(run.epochs)))


def test_one_seed_copied_as_another(make_run: MakeRun) -> None:
    run = make_run(seed=4)
    (line,) = problems(run)
    assert line.startswith(f"{run.manifest}: seed: is seed-0")


def test_seeds_without_a_manifest(make_run: MakeRun) -> None:
    run = make_run()
    assert without_manifest([run.path.parent, run.path]) == []
    run.manifest.unlink()
    (found,) = without_manifest([run.path.parent])
    assert found.problems == (f"{run.manifest}: is missing",)


def archived(run: Run, out: Path) -> Run:
    """Pack a run, and unpack it as a reader without bnbench would."""
    archive([run.path], out)
    (packed,) = out.rglob("*.tar.xz")
    with tarfile.open(packed) as file:
        file.extractall(out, filter="data")
    return Run(out / run.path.name)


@pytest.mark.parametrize("kind", ["held_out", "published", "diverged"])
def test_an_archived_copy_is_checked_as_far_as_it_goes(
    originals: dict[str, Run], kind: str, tmp_path: Path
) -> None:
    copy = archived(originals[kind], tmp_path)
    found = inspect(copy)
    assert found.problems == ()
    left, kept = ({path.name for path in run.path.iterdir()} for run in (originals[kind], copy))
    assert set(found.absent) == left - kept - {".lock"}
    edit_line(copy.epochs, 1, "epoch", "epoche")
    assert_first(problems(copy), copy.epochs, "was changed")


def test_an_edited_accuracy_of_an_archived_copy(make_run: MakeRun, tmp_path: Path) -> None:
    """Without the hashes a middle row is only held to be a share of the images."""
    copy = archived(make_run(), tmp_path / "archive")
    assert problems(copy) == []
    set_cell(copy.epochs, 2, "validation_accuracy", "0.5")
    assert problems(copy) == [
        problem := f"{copy.epochs}: line 2: validation_accuracy 0.5 is no share of the examples"
    ]
    copy.evaluations.write_bytes(copy.evaluations.read_bytes().rpartition(b"\n2,54")[0] + b"\n")
    assert problems(copy) == [problem, f"{copy.evaluations}: holds 5 rows, not 6"]


def test_what_stands_for_the_files_of_probes_must_be_readable(
    originals: dict[str, Run], tmp_path: Path
) -> None:
    copy = archived(originals["held_out"], tmp_path)
    seen = copy.probe("gradients")
    seen.unlink()
    missing = [f"{seen}: is missing; the manifest lists it"]
    assert problems(copy) == missing
    copy.measured.mkdir()  # no file that stands for anything
    *others, unreadable = problems(copy)
    assert others == missing
    assert unreadable.startswith(f"{copy.measured}: cannot be read")
    copy.measured.rmdir()
    copy.measured.write_text("metric,value\nC1.gradient_norm@all,0.5\n", encoding="utf-8")
    assert problems(copy) == []
    assert "probes/gradients.npz" in inspect(copy).absent
    for content in ("C1.gradient_norm@all,0.5\n", "metric,value\nx,half\n", "x" * 200_000, ""):
        copy.measured.write_text(content, encoding="utf-8")
        (problem,) = problems(copy)
        assert problem.startswith(f"{copy.measured}: ")


def test_a_run_whose_probes_file_is_gone_is_excused_by_nothing(make_run: MakeRun) -> None:
    """It is no archived copy, whatever is put there in place of the file."""
    run = make_run()
    run.read_manifest().changed(files=file_hashes(run)).write(run.manifest)
    run.probe("gradients").unlink()
    run.measured.write_text("metric,value\nC1.gradient_norm@all,0.5\n", encoding="utf-8")
    (problem,) = problems(run)
    assert problem.startswith(f"{run.probe('gradients')}: is missing")


def test_a_run_that_lost_one_file_is_no_archived_copy(make_run: MakeRun) -> None:
    run = make_run()
    run.batches.unlink()
    assert inspect(run).absent == ()
    assert inspect(run).problems != ()
