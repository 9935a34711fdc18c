"""`bnbench new` writes what loads, and overwrites nothing; `demo` answers in one sentence."""

from __future__ import annotations

import itertools
import math
import re
import sys
from pathlib import Path
from statistics import NormalDist

import pytest

from bnbench.cli import demo
from bnbench.cli.reproduce_summary import say_answers
from bnbench.config import Experiment, ModelSettings, load_experiment, load_study
from bnbench.errors import BnbenchError
from tests.invoke import invoke
from tests.unit.conftest import MakeRun


def test_a_new_config_is_the_defaults_each_with_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "my-net.yaml"
    assert invoke("new", path).exit_code == 0
    written = load_experiment(path)
    defaults = Experiment(experiment="my_net", model=ModelSettings(name="LeNet5"))
    assert written.model_dump() == defaults.model_dump()
    lines = path.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for above, line in itertools.pairwise(lines)
        if not line.lstrip().startswith("#") and not above.lstrip().startswith("#")
    ]
    assert bare == []


def test_a_new_study_loads(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    *files, then = invoke("new", path.with_suffix(""), "--study").stdout.splitlines()
    assert files == [str(path), str(tmp_path / "mine_base.yaml")]
    assert then.endswith(f"bnbench reproduce {path}")
    study = load_study(path)
    assert [arm.title for arm in study.arms.values()] == ["without batch norm", "with batch norm"]
    assert study.arms["batch_norm"].experiment.model.normalization is not None
    folders = [arm.experiment.experiment for arm in study.arms.values()]
    assert folders == ["mine/plain", "mine/batch_norm"]
    lines = path.read_text(encoding="utf-8").splitlines()
    first: dict[str, str] = {}  # key -> the line above it where it comes first
    for above, line in itertools.pairwise(lines):
        key = line.strip().lstrip("# ").partition(":")[0]
        first.setdefault(key, above.strip())
    for key in ("study", "question", "answered_by", "seeds", "config", "title", "overrides"):
        assert first[key].startswith("#"), key


def ended_at(make_run: MakeRun, experiment: Experiment, seed: int, accuracy: float) -> None:
    """Write a run that has one accuracy throughout, also of the test file."""
    epochs = experiment.training.epochs * [accuracy]
    make_run(experiment, seed, epochs, manifest={"final": {"test_accuracy": accuracy}})


def test_a_new_study_has_an_answer(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("new", tmp_path / "mine.yaml", "--study")
    study = load_study(tmp_path / "mine.yaml")
    for arm, accuracy in (("plain", 0.80), ("batch_norm", 0.85)):
        for seed in study.seeds:
            ended_at(make_run, study.arms[arm].experiment, seed, accuracy + seed / 1000)
    say_answers(demo._judged(study, tmp_path / "results"))
    question, sentence, *more = capsys.readouterr().out.splitlines()
    assert question == "Does batch norm help? Yes."
    pair = "“with batch norm” against “without batch norm”"
    assert sentence == f"  In test accuracy: {pair}: +5.00 pp [+5.00, +5.00], n = 6."
    assert more == []


def test_an_answer_that_is_not_decided_says_how_many_seeds_it_takes(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Differences of ±0.2 pp, whose deviation is 0.2 sqrt(6/5) pp; 0.1 pp is of interest."""
    invoke("new", tmp_path / "mine.yaml", "--study")
    study = load_study(tmp_path / "mine.yaml")
    for arm, step in (("plain", 0.0), ("batch_norm", 0.002)):
        for seed in study.seeds:
            ended_at(make_run, study.arms[arm].experiment, seed, 0.8 + step * (-1) ** seed)
    say_answers(demo._judged(study, tmp_path / "results"))
    *_, last = capsys.readouterr().out.splitlines()
    found = re.fullmatch(
        r"  Deciding takes at least (\d+) seeds for a difference as small as 0.10 pp\.", last
    )
    assert found, last
    by_normal = 2 * NormalDist().inv_cdf(0.95) * 0.2 * math.sqrt(6 / 5) / 0.1
    assert by_normal**2 < int(found[1]) < by_normal**2 + 4


def test_of_several_questions_it_is_counted_how_many_take_so_many_seeds(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    invoke("new", path, "--study")
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("    metrics: [test_accuracy]\n    yes",
                     "    metrics: [validation_accuracy@1, test_accuracy]\n    yes"),
        encoding="utf-8",
    )  # fmt: skip
    study = load_study(path)
    for arm, step in (("plain", 0.0), ("batch_norm", 0.002)):
        for seed in study.seeds:
            ended_at(make_run, study.arms[arm].experiment, seed, 0.8 + step * (-1) ** seed)
    say_answers(demo._judged(study, tmp_path / "results"))
    (last,) = capsys.readouterr().out.splitlines()[2:]
    assert last.startswith("  Deciding takes at least ")
    assert last.endswith(" seeds for a difference as small as 0.10 pp (2 of 2 comparisons).")


@pytest.mark.parametrize("taken", ["mine.yaml", "mine_base.yaml"])
def test_nothing_is_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine", encoding="utf-8")
    result = invoke("new", tmp_path / "mine.yaml", "--study")
    assert isinstance(result.exception, BnbenchError)
    assert f"{taken}: is there already; choose another name" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text(encoding="utf-8") == "mine"


def test_the_demonstration_s_verdict_is_one_sentence(make_run: MakeRun, tmp_path: Path) -> None:
    study = load_study(demo.STUDY)
    for arm, first in (("plain", 0.80), ("batch_norm", 0.85)):
        for seed in study.seeds:
            curve = [first + seed / 1000] + 7 * [0.9]
            final = {"final": {"test_accuracy": 0.9}}
            make_run(study.arms[arm].experiment, seed, curve, manifest=final)
    (findings,) = demo._judged(study, tmp_path / "results").findings
    assert demo.verdict(findings) == (
        "Does batch norm make LeNet-5 learn faster? Yes, on these small digits:"
        " +5.00 pp [+5.00, +5.00] of validation accuracy after epoch 1"
        " (mean of 6 seeds, 95 % interval)."
    )


def test_the_doctor_names_what_is_missing_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    text = invoke("doctor", "--data-dir", tmp_path, "--results", tmp_path / "none/yet").stdout
    (mnist,) = [line for line in text.splitlines() if line.startswith("MNIST")]
    assert f"not in {tmp_path}" in mnist
    assert f"bnbench data fetch --data-dir {tmp_path}" in mnist
    (folder,) = [line for line in text.splitlines() if line.startswith("data folder")]
    assert str(tmp_path) in folder
    for looked_at in ("Python", "PyTorch", "device", "cores", "memory", "disk", "terminal", "Ray"):
        assert f"\n{looked_at}" in text
