"""Which studies claims may name, each once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnbench.cli.studies import judge_results, known_studies
from bnbench.config import load_study
from bnbench.errors import BnbenchError
from bnbench.findings.registration import register
from tests.invoke import invoke
from tests.studies import write_study
from tests.unit.conftest import MakeRun


def test_a_small_variant_that_was_registered_is_no_other_study(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    for small in (True, False):
        register(load_study(root / "configs/studies/bias.yaml", small=small), tmp_path, {})
    names = [study.name for study in known_studies([], tmp_path)]
    assert names.count("bias") == 1
    assert len(names) == len(set(names))


def test_a_study_whose_file_is_elsewhere_is_said_to_be_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    for name in ("mine", "ours"):
        file = tmp_path / f"there/{name}.yaml"
        file.write_text(f"study: {name}\nquestion: why\nexperiments: {{a: {{config: lenet5}}}}\n")
        register(load_study(file), tmp_path / "results", {})
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(BnbenchError, match="holds no run of a study"):
        judge_results([], tmp_path / "results")
    said = "not judged: mine, ours, whose files are not here; name them as well"
    assert said in capsys.readouterr().err
    (tmp_path / "here/configs/studies").mkdir(parents=True)
    (tmp_path / "there/mine.yaml").rename(tmp_path / "here/configs/studies/mine.yaml")
    with pytest.raises(BnbenchError, match="holds no run of a study"):
        judge_results([], tmp_path / "results")
    assert "not judged: ours, whose file is not here; name it as" in capsys.readouterr().err
    with pytest.raises(BnbenchError, match="holds no run of"):
        judge_results([tmp_path / "there/ours.yaml"], tmp_path / "results")
    assert "not judged" not in capsys.readouterr().err


OWN = """\
claims:
  - id: p.1
    article: mine
    claim: It helps.
    claimed: higher
    tests: [{aspect: level, study: s, contrast: lead, metric: validation_accuracy@last,
             rule: higher}]
"""


def test_a_claim_of_ones_own_is_found_by_its_id(
    root: Path, tmp_path: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever case, as an article's; of a study that its results folder knows."""
    path = write_study(root, tmp_path, "training.epochs=1")
    results = tmp_path / "results"
    path.write_text(path.read_text("utf-8") + OWN, "utf-8")
    study = load_study(path)
    for arm in study.arms.values():
        make_run(arm.experiment, 0, [0.9])
    monkeypatch.chdir(tmp_path)
    register(study, results, {})
    listed = invoke("claims", "--article", "mine", "--results", results, "--json")
    found = invoke("claims", "P.1", "--results", results, "--json")
    assert [row["claim"] for row in json.loads(found.stdout)] == ["p.1"]
    assert found.stdout == listed.stdout
    unknown = invoke("claims", "p.2", "--results", results).exception
    assert str(unknown) == "there is no claim or study 'p.2'; did you mean 'p.1'?"


@pytest.mark.parametrize(
    ("paths", "tests", "command"),
    [
        ([], [], "bnbench reproduce"),
        ([Path("cnn"), Path("mlp")], [], "bnbench reproduce cnn mlp"),
        ([], [{"study": "mlp"}, {"study": "cnn"}], "bnbench reproduce cnn mlp"),
    ],
)
def test_the_runs_that_are_missing_are_made_by_a_command_that_names_their_study(
    paths: list[Path], tests: list[dict[str, str]], command: str, tmp_path: Path
) -> None:
    with pytest.raises(BnbenchError, match=f"; `{command}` makes them, and --results names"):
        judge_results(paths, tmp_path, tests=tests)


def test_packed_runs_are_named_by_the_folder_that_was_given(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the one into which they are unpacked; the reference has no run of this study."""
    monkeypatch.chdir(root)
    study = tmp_path / "mine.yaml"
    invoke("new", study, "--study")
    folder = Path("results/reference/runs")
    with pytest.raises(BnbenchError, match=f"^{folder}: holds no run of {study}, but of headline"):
        judge_results([study], folder)


def test_only_some_studies_are_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All 33 take a quarter of a minute; a small variant goes by its study's name."""
    monkeypatch.chdir(root)
    tests = [{"study": name} for name in ("mlp", "rotation", "none")]
    judged = judge_results([], Path("results/reference/runs"), tests=tests)
    assert [found.study.name for found in judged.findings] == ["mlp", "rotation_small"]
