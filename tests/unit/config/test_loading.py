"""Loading configs: places, hints, every problem at once, overrides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bnbench.config import (
    SGDSettings,
    configuration_hash,
    differing_keys,
    load_experiment,
    load_stored,
)
from bnbench.config.marks import parse
from bnbench.config.schema import AdamSettings
from bnbench.errors import BnbenchError
from bnbench.training.check import check_experiment

Write = Callable[[str], Path]

MINIMAL = "experiment: tiny\nmodel:\n  name: LeNet5\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str) -> Path:
        path = tmp_path / "tiny.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def problem(path: Path, *overrides: str) -> str:
    with pytest.raises(BnbenchError) as caught:
        load_experiment(path, overrides)
    return str(caught.value)


def test_defaults_are_the_corrected_recipe(write: Write) -> None:
    experiment = load_experiment(write(MINIMAL))
    assert experiment.training.epochs == 10
    assert experiment.training.batch_size == 64
    assert experiment.training.optimizer.learning_rate == 1e-3
    assert not experiment.training.softmax_before_loss


def test_text_such_as_1e_3_is_a_number(write: Write) -> None:
    text = MINIMAL + "training:\n  optimizer: {name: adam, learning_rate: 1e-3}\n"
    assert yaml.safe_load(text)["training"]["optimizer"]["learning_rate"] == "1e-3"  # the trap
    assert load_experiment(write(text)).training.optimizer.learning_rate == 0.001


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  epochs: true", "tiny.yaml:5:3: training.epochs: must be a whole number, not true"),
        (
            '  batch_size: "64"',
            'tiny.yaml:5:3: training.batch_size: must be a whole number, not "64"',
        ),
        ("  epochs: 0", "training.epochs: must be 1 or more, not 0"),
        (
            "  epoch: 3",
            "tiny.yaml:5:3: training.epoch: there is no such key; did you mean 'epochs'?",
        ),
        ("  shuffle: 1", "training.shuffle: must be true or false, not 1"),
        ("  epochs: 1\n  epochs: 2", "tiny.yaml:6:3: training.epochs: stands here a second time"),
        (
            "  optimizer: {name: adam, learning_rate: .nan}",
            "training.optimizer.learning_rate: must be a finite number",
        ),
        (
            "  optimizer: {name: adam, momentum: 0.9}",
            "training.optimizer.momentum: there is no such key; the keys here are: name, learning",
        ),
        (
            "  optimizer: {name: adm}",
            "training.optimizer.name: there is no optimizer 'adm'; did you mean 'adam'?",
        ),
        ("  optimizer: {beta1: 0.9}", "training.optimizer.name: is missing; choose adam or sgd"),
        ("  optimizer: adam", 'training.optimizer: must be a section of keys and values, not "ad'),
        (
            "  optimizer: {name: sgd, learning_rate: fast}",
            'training.optimizer.learning_rate: must be a number, not "fast"',
        ),
        ("  optimizer: {name: sgd, momentum: 1}", "optimizer.momentum: must be below 1, not 1"),
        ("  optimizer: {name: sgd, learning_rate: 0}", "learning_rate: must be above 0, not 0"),
        ("  epochs: 10000000", "training.epochs: must be 1,000,000 or less, not 10000000"),
        (
            "  epoch_loss: mean",
            "training.epoch_loss: must be 'mean_of_examples' or 'mean_of_batches', not \"mean\"",
        ),
    ],
)
def test_problem_names_file_line_key_and_remedy(write: Write, line: str, said: str) -> None:
    assert said in problem(write(MINIMAL + "training:\n" + line + "\n"))


def test_all_problems_at_once(write: Write) -> None:
    text = MINIMAL + "data:\n  datset: mnist\n  scaling: zscore\ntraining:\n  epochs: -1\n"
    lines = problem(write(text)).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "data.datset",
        "data.scaling",
        "training.epochs",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2", "is no YAML"),
        ("model:\n\tname: MLP", "tiny.yaml:2:1: is no YAML (a tab stands here; indent with"),
        ("- 1\n- 2\n", "is no experiment"),
        ("", "is no experiment"),
        ("experiment: &x a\nmodel: *x\n", "aliases are not supported"),
        ("a: &a [*a]\n", "aliases are not supported"),
        ("a: !!python/object/apply:os.system [ls]\n", "there is no such key"),
        ("a: !!python/name:os.system\n", "is no plain value"),
    ],
)
def test_what_is_no_config(write: Write, text: str, said: str) -> None:
    assert said in problem(write(text))


def test_a_text_that_is_known_is_said_to_stand_where_it_was_read(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first.yaml", "second.yaml")]
    for file in files:
        file.write_text(MINIMAL)
    first, second = map(load_stored, files)
    assert differing_keys(first, second) == []
    for file, experiment in zip(files, (first, second), strict=True):
        assert experiment.place("model.name") == load_experiment(file).place("model.name")
        assert experiment.place("model.name").startswith(f"{file}:")


def test_a_binary_file_a_folder_and_nothing(tmp_path: Path) -> None:
    binary = tmp_path / "x.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "is no UTF-8 text" in problem(binary)
    assert "is a folder, and no file of an experiment" in problem(tmp_path)
    assert "cannot be read" in problem(tmp_path / "absent.yaml")


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a//b", "a/../b", ".x", "a b", "a:b", ""])
def test_a_name_cannot_leave_the_results_folder(write: Write, name: str) -> None:
    text = f"experiment: {name!r}\nmodel:\n  name: LeNet5\n"
    said = "experiment: must be a name that begins with a letter from A to Z, small or large"
    assert said in problem(write(text))


def test_an_override_of_a_section_that_is_left_out_keeps_its_kind(write: Write) -> None:
    changed = load_experiment(write(MINIMAL), ["training.optimizer.beta2=0.9"]).training.optimizer
    assert changed == AdamSettings(name="adam", beta2=0.9)


def test_override_changes_one_setting_and_the_name(write: Write) -> None:
    path = write(MINIMAL + "training:\n  optimizer: {name: sgd, learning_rate: 0.5}\n")
    changed = load_experiment(path, ["training.optimizer.learning_rate=1e-2"])
    assert isinstance(changed.training.optimizer, SGDSettings)
    assert changed.training.optimizer.learning_rate == 0.01
    assert changed.experiment == "tiny@training.optimizer.learning_rate=1e-2"
    assert differing_keys(load_experiment(path), changed) == [
        "training.optimizer.learning_rate: 0.5 there, 0.01 here"
    ]


def test_of_a_key_that_is_given_twice_the_later_value_is_in_the_name(write: Write) -> None:
    changed = load_experiment(write(MINIMAL), ["training.epochs=1", "training.epochs=2"])
    assert (changed.training.epochs, changed.experiment) == (2, "tiny@training.epochs=2")


def test_override_that_is_wrong(write: Write) -> None:
    path = write(MINIMAL)
    assert problem(path, "training.epochs") == (
        "-o training.epochs: must read key=value, such as training.epochs=3"
    )
    assert problem(path, "training.epochs=x").startswith(
        "-o training.epochs=x: training.epochs: must be a whole number"
    )
    assert "is a value, not a section" in problem(path, "experiment.x=1")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "model.normalization={kind:",  # as a shell splits what has no quotes
            "-o 'model.normalization={kind:' ends before its bracket is closed; put quotes around"
            " all of it, as in -o 'model.normalization={kind: batch}'",
        ),
        (
            "model.normalization={kind:batch}",
            "-o model.normalization={kind:batch}: put a space after each colon, and quotes around"
            " all of it",
        ),
        (
            "momentum=0.5",
            "-o momentum=0.5: momentum: there is no such key; did you mean"
            " 'model.batch_norm.momentum' or 'training.optimizer.momentum'?",
        ),
        (
            "training.optimizer.lr=1",
            "-o training.optimizer.lr=1: training.optimizer.lr: there is no such key; did you mean"
            " 'training.optimizer.learning_rate'?",
        ),
        (
            "learning_rat=1",
            "-o learning_rat=1: learning_rat: there is no such key; did you mean"
            " 'training.optimizer.learning_rate'?",
        ),
        (
            "training.schedule.final=1",
            "-o training.schedule.final=1: training.schedule.name: is missing; choose constant,"
            " step, cosine or one_cycle",
        ),
    ],
)
def test_an_override_that_is_wrong_is_named_as_it_was_given(
    write: Write, override: str, said: str
) -> None:
    assert problem(write(MINIMAL), override) == said


def test_a_section_given_by_an_override_is_its_place(write: Write) -> None:
    """A key of a kind of normalization, which its own file checks, was placed in the config."""
    given = "model.normalization={kind: group, grops: 2}"
    with pytest.raises(BnbenchError) as caught:
        check_experiment(load_experiment(write(MINIMAL), [given]))
    assert str(caught.value) == (
        f"-o {given}: model.normalization.grops: there is no such key; did you mean 'groups'?"
    )


def test_a_device_that_is_wrong_is_the_options(write: Write) -> None:
    with pytest.raises(
        BnbenchError, match=r"^--device gpu: training\.device: must be 'auto', 'cpu'"
    ):
        load_experiment(write(MINIMAL), device="gpu")


def test_name_with_odd_overrides_stays_a_folder_name(write: Write) -> None:
    name = load_experiment(write(MINIMAL), ["description='a b/c'"]).experiment
    assert name.startswith("tiny@")
    assert not set(name) & set(" :/")


def test_hash_ignores_what_decides_no_number(write: Write) -> None:
    one = load_experiment(write(MINIMAL))
    other = load_experiment(write(MINIMAL.replace("tiny", "other") + "description: words\n"))
    changed = load_experiment(write(MINIMAL + "training: {epochs: 9}\n"))
    assert configuration_hash(one) == configuration_hash(other) != configuration_hash(changed)


def test_every_committed_config_loads_and_is_named_as_its_file(root: Path) -> None:
    paths = sorted((root / "configs").rglob("*.yaml"))
    assert len(paths) >= 11
    for path in paths:
        if path.parent.name == "studies":
            continue
        relative = path.relative_to(root / "configs").with_suffix("")
        assert load_experiment(path).experiment == relative.as_posix()


# The published code's quirks (their names are explained in configs/published/*.yaml).
SWITCHES = {
    "data.split",  # test_as_val
    "data.scaling",  # no_standardise
    "data.resize",  # resize
    "model.batch_norm.placement",  # bn_after_tanh
    "model.batch_norm.preceding_bias",  # dead_bias
    "training.shuffle",  # no_shuffle
    "training.softmax_before_loss",  # double_softmax
    "training.mode_after_first_epoch",  # eval_bug
    "training.epoch_loss",  # mean_of_batches
    "training.evaluate_every",  # no quirk, and no number of the training's
}


@pytest.mark.parametrize("name", ["lenet5", "lenet5_batchnorm", "mlp", "mlp_batchnorm"])
def test_corrected_differs_from_published_in_switches_alone(root: Path, name: str) -> None:
    published = load_experiment(root / "configs/published" / f"{name}.yaml")
    corrected = load_experiment(root / "configs" / f"{name}.yaml")
    differing = {text.partition(":")[0] for text in differing_keys(published, corrected)}
    assert differing
    assert differing <= SWITCHES


@pytest.mark.parametrize("folder", ["published", "."])
@pytest.mark.parametrize("name", ["lenet5", "mlp"])
def test_arms_differ_in_batch_norm_alone(root: Path, folder: str, name: str) -> None:
    plain, normalized = (
        load_experiment(root / "configs" / folder / f"{name}{ending}.yaml")
        for ending in ("", "_batchnorm")
    )
    differing = {text.partition(":")[0] for text in differing_keys(plain, normalized)}
    assert all(key.startswith(("model.name", "model.batch_norm")) for key in differing)


@pytest.mark.parametrize(
    "value",
    ['!!int ""', "!!int x", '!!bool ""', "!!bool x", "!!float x", "!!timestamp x", "!!binary x"],
)
def test_a_tag_that_does_not_fit_is_one_line(write: Write, value: str) -> None:
    """PyYAML has an exception of another kind for each."""
    text = problem(write(MINIMAL + f"training:\n  epochs: {value}\n"))
    assert "tiny.yaml:5:11: training.epochs: is no plain value" in text
    assert "\n" not in text
    assert "is no plain value" in problem(write(MINIMAL), f"training.epochs={value}")


@pytest.mark.parametrize("value", ["0100", "-010", "1:30", "1_000", "1:30.5", "00"])
def test_a_number_that_yaml_reads_differently_is_refused(write: Write, value: str) -> None:
    assert f"YAML does not read {value} as it looks" in problem(
        write(MINIMAL + f"training:\n  epochs: {value}\n")
    )


@pytest.mark.parametrize("value", ["0x10", "10", "0", "0.5", "1e-3", "-0.0"])
def test_a_number_that_reads_as_it_looks_is_taken(value: str) -> None:
    found, _ = parse(f"a: {value}", "a.yaml")
    assert float(found["a"]) == (16 if value == "0x10" else float(value))


def test_a_number_beyond_any_float_is_one_line(write: Write) -> None:
    text = problem(write(MINIMAL), f"model.dropout=1{400 * '0'}")
    assert "model.dropout: must be a finite number" in text
    assert "\n" not in text


@pytest.mark.parametrize("sign", ["\\0", "\\x1b[31m", "\\x9b", "\\u202e", "\\r"])
def test_what_a_terminal_would_obey_is_refused(write: Write, sign: str) -> None:
    for line in (f'description: "a{sign}b"', f'"a{sign}b": 1'):
        text = problem(write(MINIMAL + line + "\n"))
        assert "holds the control character" in text
        assert text.isprintable()


@pytest.mark.parametrize("half", ["\\ud800", "\udcff"], ids=ascii)
def test_half_of_a_surrogate_pair_is_no_text(write: Write, half: str) -> None:
    text = problem(write(MINIMAL), f'description="a{half}b"')
    assert "is no YAML" in text
    assert text.isprintable()
