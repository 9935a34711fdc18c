"""Experiments and studies by name, from a working folder and from what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.config import config_file, load_experiment, load_study, named
from bnbench.errors import BnbenchError


def test_every_config_and_study_of_the_checkout_has_a_name(root: Path) -> None:
    configs = {path.stem for path in (root / "configs").glob("*.yaml")}
    published = {f"published/{path.stem}" for path in (root / "configs/published").glob("*.yaml")}
    assert named("experiment").keys() == configs | published
    assert named("study").keys() == {path.stem for path in (root / "configs/studies").glob("*")}


def test_names_load_outside_a_checkout(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = load_experiment(root / "configs/published/lenet5.yaml")
    assert load_experiment("published/lenet5") == there
    assert load_study("headline").name == "headline"


def test_the_working_folders_own_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = Path("configs/lenet5.yaml")
    own.parent.mkdir()
    own.write_text("experiment: mine\nmodel: {name: MLP}\n", encoding="utf-8")
    assert config_file("lenet5", "experiment") == own
    assert load_experiment("lenet5").experiment == "mine"
    assert load_experiment("lenet5", ["training.epochs=1"], name="x").experiment == "x"


def test_a_folder_of_that_name_is_no_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lenet5").mkdir()
    assert load_experiment("lenet5").experiment == "lenet5"


@pytest.mark.parametrize(
    ("load", "name", "said"),
    [
        (load_study, "hedline", "no study of that name; did you mean headline?"),
        (load_experiment, "lenet5.yml", "no experiment of that name; did you mean lenet5?"),
        (load_experiment, "configs/lenet5.yml", r"did you mean configs/lenet5.yaml\?"),
        (load_study, "lenet5", "is the name of an experiment; give a study, such as headline"),
        (
            load_experiment,
            "headline",
            "such as lenet5; `bnbench reproduce headline` runs it",
        ),
        (load_study, "configs/mlp.yaml", "headline; `bnbench train configs/mlp.yaml` trains it"),
        (
            load_experiment,
            "configs/studies/cnn.yaml",
            "`bnbench reproduce .*/cnn.yaml` runs it",
        ),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest(
    load: type, name: str, said: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(BnbenchError, match=said) as caught:
        load(name)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("load", "kind"), [(load_study, "study"), (load_experiment, "experiment")])
def test_a_file_whose_ending_was_left_out_is_meant(
    load: type, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than a name that resembles it, such as layers."""
    monkeypatch.chdir(tmp_path)
    for name in ("lr.yaml", "le.net.yml"):
        Path(name).touch()
        with pytest.raises(BnbenchError, match=f"no {kind} of that name; did you mean {name}\\?"):
            load(Path(name).stem)


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("lr=0.1", "training.optimizer.learning_rate"),
        ("epochs=2", "training.epochs"),
        ("batchsize=2", "training.batch_size"),
        ("bn=2", "model.batch_norm"),
        ("training.learning_rate=2", "training.optimizer.learning_rate"),
        ("training.epoch=2", "training.epochs"),
    ],
)
def test_a_key_in_the_wrong_place_is_answered_with_the_right_one(override: str, meant: str) -> None:
    with pytest.raises(BnbenchError, match=f"did you mean '{meant}'"):
        load_experiment("lenet5", [override])
