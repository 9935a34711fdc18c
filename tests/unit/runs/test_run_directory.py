"""Run directories: whole files, logs that read back, manifests, locks, and what is found."""

from __future__ import annotations

import hashlib
import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from bnbench.config import Experiment, ModelSettings, configuration_hash, dump_experiment
from bnbench.errors import BnbenchError
from bnbench.runs import (
    BATCH_COLUMNS,
    EPOCH_COLUMNS,
    Found,
    Identity,
    Manifest,
    Run,
    find_runs,
    is_finished,
    locked,
    look,
    run_directory,
    versions,
    write_text,
    written_whole,
)
from bnbench.runs import manifest as manifests
from tests.edits import edit_manifest
from tests.manifests import a_manifest

EXPERIMENT = Experiment(experiment="folder/tiny", model=ModelSettings(name="LeNet5"))
CODE = {"bnbench.models.lenet5": "1f", "bnbench.training.loop": "2e"}
LOOP = "bnbench.training.loop"
HERE: dict[str, tuple[str, ...]] = {name: (now,) for name, now in CODE.items()}


def manifest(seed: int = 0) -> Manifest:
    return a_manifest(
        experiment=EXPERIMENT.experiment,
        seed=seed,
        configuration_hash=configuration_hash(EXPERIMENT),
        versions=versions(),
        code=CODE,
    )


def make_run(results: Path, seed: int = 0) -> Run:
    run = run_directory(results, EXPERIMENT, seed)
    manifest(seed).write(run.manifest)
    write_text(run.config, dump_experiment(EXPERIMENT))
    for path in (run.batches, run.epochs, run.weights):
        path.write_bytes(b"abc")
    return run


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "file.txt"
    write_text(path, "old")

    def half_write() -> None:
        with written_whole(path) as beside:
            beside.write_text("ha", encoding="utf-8")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        half_write()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(path.parent.iterdir()) == [path]


def test_the_interface_of_the_logs() -> None:
    """Other tools read these files: columns may be added at the end, and nothing else."""
    assert BATCH_COLUMNS == ("split", "epoch", "step", "examples", "loss", "accuracy")
    assert EPOCH_COLUMNS[:8] == (
        "epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
        "learning_rate", "train_seconds", "evaluation_seconds",
    )  # fmt: skip


def test_manifest_reads_back(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert run.read_manifest().content() == manifest().content()
    assert run.path == tmp_path / "folder" / "tiny" / "seed-0"


def test_the_seal_is_of_all_other_fields(tmp_path: Path) -> None:
    """Without white space, by name, in ASCII."""
    run = make_run(tmp_path)
    content = json.loads(run.manifest.read_text(encoding="utf-8"))
    seal = content.pop("seal")
    text = json.dumps(content, sort_keys=True).replace(", ", ",").replace(": ", ":")
    assert " " not in text
    assert seal == hashlib.sha256(text.encode("ascii")).hexdigest()


EDITS = {
    "seed": 1, "status": "failed", "final": {"validation_accuracy": 0.99},
    "files": {"a": "b" * 64},
    "versions": {"torch": "1.0"}, "error": "none", "resumed_after_epochs": [1], "seal": "0" * 64,
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_field_breaks_the_seal(tmp_path: Path, name: str) -> None:
    run = make_run(tmp_path)
    edit_manifest(run, **{name: EDITS[name]})
    with pytest.raises(BnbenchError) as caught:
        run.read_manifest()
    assert str(caught.value) == (
        f"{run.manifest}: was edited since it was written (its seal is of other fields);"
        " restore it, or move the run's folder away and train again"
    )


def test_another_layout_is_no_edit(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    content = json.loads(run.manifest.read_text(encoding="utf-8"))
    backwards = dict(reversed(content.items()))
    run.manifest.write_text(json.dumps(backwards, ensure_ascii=True), encoding="utf-8")
    assert run.read_manifest().content() == manifest().content()


def test_a_manifest_of_an_earlier_release_has_no_seal(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    edit_manifest(run, seed=3, seal=None)
    assert run.read_manifest() == manifest(3)


def wanted(
    experiment: Experiment = EXPERIMENT,
    seed: int = 0,
    dataset_hash: str = "0" * 64,
    device: str = "cpu",
    code: dict[str, tuple[str, ...]] = HERE,
) -> Identity:
    return Identity(experiment, seed, dataset_hash, device, code)


def test_finished_is_this_very_run(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert look(run, wanted()) == Found("cached", "complete")
    assert look(Run(tmp_path / "absent"), wanted()) == Found("run", "not there yet")
    for status in ("running", "failed", "interrupted"):
        manifest().changed(status=status).write(run.manifest)
        assert look(run, wanted()) == Found("run", f"{status} before its first whole epoch")
    run.checkpoint(2, 14).touch()
    assert look(run, wanted()).state == "resume"


OTHER = Experiment(experiment="folder/tiny", model=ModelSettings(name="LeNet5", in_channels=3))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (wanted(OTHER), "model.in_channels: 1 there, 3 here"),
        (wanted(seed=1), "seed: 0 there, 1 here"),
        (wanted(dataset_hash="def"), "the data set's files"),
        (wanted(device="cuda"), "device: cpu there, cuda here"),
        (wanted(code=HERE | {LOOP: ("2f",)}), "the code of bnbench.training.loop"),
        (wanted(code=HERE | {LOOP: ("2f", "2d")}), "the code of bnbench.training.loop"),
        (wanted(code=HERE | {"bnbench.new": ("3a",)}), "the code of bnbench.new"),
    ],
)
def test_another_run_is_refused_with_what_differs(
    tmp_path: Path, changed: Identity, reason: str
) -> None:
    run = make_run(tmp_path)
    assert look(run, changed) == Found("other", reason)
    with pytest.raises(BnbenchError, match=re.escape(f"differs in {reason}; give another")):
        is_finished(run, changed)


# echo -n abc | sha256sum, as in FIPS 180-2, appendix B.1
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_finished_run_with_an_edited_file_is_another(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    config = hashlib.sha256(run.config.read_bytes()).hexdigest()
    logs = dict.fromkeys(("batches.csv", "epochs.csv", "weights.pt"), ABC)
    manifest().changed(files=logs | {"config.yaml": config}).write(run.manifest)
    assert look(run, wanted()) == Found("cached", "complete")
    run.epochs.write_bytes(b"abd")
    run.weights.unlink()
    run.predictions.write_bytes(b"")
    reason = (
        "epochs.csv (changed since it ended); test_predictions.npy (new since it ended);"
        " weights.pt (missing since it ended)"
    )
    assert look(run, wanted()) == Found("other", reason)
    with pytest.raises(BnbenchError, match=re.escape(f"differs in {reason}; give another")):
        is_finished(run, wanted())


@pytest.mark.parametrize("name", ["config.yaml", "batches.csv", "epochs.csv", "weights.pt"])
def test_a_finished_run_without_hashes_and_a_file(tmp_path: Path, name: str) -> None:
    """As the first release left it: what is in a file is not known, but that it must be there."""
    run = make_run(tmp_path)
    (run.path / name).unlink()
    found = look(run, wanted())
    assert (found.state, found.reason.split()[:2]) == ("other", [name, "(missing"])


def test_what_only_some_finished_runs_have(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.weights.unlink()
    manifest().changed(status="diverged").write(run.manifest)
    assert look(run, wanted()) == Found("cached", "diverged")
    often = EXPERIMENT.model_copy(
        update={"training": EXPERIMENT.training.model_copy(update={"evaluate_every": 9})}
    )
    manifest().changed(status="diverged", configuration_hash=configuration_hash(often)).write(
        run.manifest
    )
    found = look(run, wanted(often))
    assert (found.state, found.reason.split()[:2]) == ("other", ["evaluations.csv", "(missing"])


def test_code_that_gave_the_same_numbers_is_no_other(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    rewritten = HERE | {LOOP: ("2f", "2e")}
    assert look(run, wanted(code=rewritten)).state == "cached"
    del rewritten["bnbench.models.lenet5"]  # nothing imports it any more
    assert look(run, wanted(code=rewritten)).state == "cached"


def test_a_run_that_recorded_no_code_is_another(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    manifest().changed(code={}).write(run.manifest)
    names = "bnbench.models.lenet5, bnbench.training.loop"
    assert look(run, wanted()) == Found("other", f"the code of {names}")


def test_another_version_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    manifest().changed(versions=versions() | {"torch": "1.0"}).write(run.manifest)
    with pytest.raises(BnbenchError, match=r"torch 1\.0 there, .* here"):
        is_finished(run, wanted())


def test_a_run_is_held_by_one(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with (
        locked(run),
        pytest.raises(
            BnbenchError, match=r"/run: another process is working on this run; wait for it$"
        ),
        locked(run),
    ):
        pass
    with locked(run):  # and is free again
        pass


@pytest.mark.parametrize("name", ["batches.csv", "epochs.csv", "evaluations.csv", "probes"])
def test_a_run_is_not_written_through_a_link(tmp_path: Path, name: str) -> None:
    """A log is written in place: a link in a folder from elsewhere cut the file that it led to."""
    run = Run(tmp_path / "run")
    run.path.mkdir()
    (run.path / name).symlink_to(tmp_path / "somebody_s")
    with pytest.raises(BnbenchError, match=f"{name}: is a link, through which"), locked(run):
        pass
    assert sorted(path.name for path in run.path.iterdir()) == [name]


@pytest.mark.parametrize("seed", [-1, 1 << 63])
def test_a_seed_that_no_random_stream_takes(seed: int) -> None:
    with pytest.raises(BnbenchError, match=f"seed {seed}: must be a whole number from 0"):
        run_directory(Path("results"), EXPERIMENT, seed)


def test_runs_are_found_in_the_order_of_their_seeds(tmp_path: Path) -> None:
    for seed in (10, 9, 0):
        make_run(tmp_path, seed)
    found = find_runs([tmp_path / "folder" / "tiny"])
    assert [run.path.name for run in found] == ["seed-0", "seed-9", "seed-10"]
    assert find_runs([found[0].path]) == [found[0]]
    with pytest.raises(BnbenchError, match="there is no such folder"):
        find_runs([tmp_path / "absent"])
    with pytest.raises(BnbenchError, match="holds no run"):
        find_runs([tmp_path])


def test_from_its_source_tree_the_version_is_the_tree_s(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is installed there, and so nothing knows a version but pyproject.toml."""
    installed = metadata.version

    def missing(name: str) -> str:
        if name == "bnbench":
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", missing)
    found = manifests.versions.__wrapped__()
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{found["bnbench"]}"\n' in text
    assert found["numpy"] == installed("numpy")


def test_a_link_planted_beside_a_file_is_not_followed(tmp_path: Path) -> None:
    """In a folder that others may write to, nobody can know the name that is written first."""
    victim, path = tmp_path / "victim", tmp_path / "report.html"
    victim.write_text("mine")
    with written_whole(path) as first:
        first.write_text("one")
    first.symlink_to(victim)  # the name of the last time, as a listing of the folder shows it
    with written_whole(path) as second:
        assert second != first
        assert not second.exists()
        second.write_text("two")
    assert (victim.read_text(), path.read_text()) == ("mine", "two")
