"""Studies: grids, contrasts, small variants and ladders spelt out; every problem at its place."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from bnbench.config import Study, configuration_hash, load_experiment, load_study
from bnbench.config.ladder import recipes
from bnbench.errors import BnbenchError

PLAIN = """\
experiment: plain
description: LeNet-5
model: {name: LeNet5}
training: {optimizer: {name: adam}}
"""
BATCH_NORM = """\
experiment: batch_norm
model: {name: LeNet5_BatchNorm, batch_norm: {placement: after_activation}}
training: {shuffle: false, optimizer: {name: adam}}
"""
CORRECTED = """\
experiment: corrected
model: {name: LeNet5_BatchNorm, batch_norm: {placement: before_activation}}
training: {shuffle: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("plain", PLAIN), ("batch_norm", BATCH_NORM), ("corrected", CORRECTED)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str, **options: bool | int | str) -> Study:
    path = folder / "study.yaml"
    path.write_text("study: s\nquestion: why\n" + text, encoding="utf-8")
    return load_study(path, **options)  # type: ignore[arg-type]


GRID = """\
experiments:
  a:
    config: plain.yaml
    grid: {training.optimizer.learning_rate: [1e-3, 0.1], training.batch_size: [8, 16]}
  b:
    config: batch_norm.yaml
    grid: {training.optimizer.learning_rate: [0.001, 0.1], training.batch_size: [16, 32]}
  c: {config: plain.yaml}
"""


def test_a_config_without_changes_keeps_its_runs(folder: Path) -> None:
    study = load(folder, "experiments: {a: {config: plain.yaml}}")
    assert [one.experiment for one in study.experiments] == ["plain"]
    assert study.arms["a"].title == "LeNet-5"
    assert study.seeds == tuple(range(10))


def test_a_config_may_be_an_experiment_by_its_name(folder: Path) -> None:
    study = load(folder, "experiments: {a: {config: published/mlp}, b: {config: plain.yaml}}")
    assert study.arms["a"].experiment == load_experiment("published/mlp")


def test_a_grid_is_every_combination(folder: Path) -> None:
    study = load(folder, GRID, seeds=2)
    assert [label for label in study.arms if label.startswith("a@")] == [
        "a@0.001,8", "a@0.001,16", "a@0.1,8", "a@0.1,16",
    ]  # fmt: skip
    arm = study.arms["a@0.1,8"]
    assert arm.experiment.experiment == "s/a@0.1,8"
    assert arm.experiment.training.optimizer.learning_rate == 0.1
    assert arm.experiment.training.batch_size == 8
    assert study.seeds == (0, 1)


def test_contrasts_pair_points(folder: Path) -> None:
    study = load(
        folder,
        GRID
        + "contrasts:\n"
        + "  both: {treatment: b, baseline: a, metrics: [test_accuracy]}\n"
        + "  one: {treatment: a, baseline: c, metrics: [test_accuracy], smallest_effect: 0.01}\n"
        + "  point: {treatment: 'b@0.1,32', baseline: c, metrics: [test_accuracy]}\n"
        + "  best: {treatment: b, baseline: a, metrics: [test_accuracy], tuning_seeds: 3}\n",
    )
    named = {one.name: (one.treatment, one.baseline) for one in study.contrasts}
    assert named == {
        "both@0.001,16": ("b@0.001,16", "a@0.001,16"),
        "both@0.1,16": ("b@0.1,16", "a@0.1,16"),
        "one@0.001,8": ("a@0.001,8", "c"),
        "one@0.001,16": ("a@0.001,16", "c"),
        "one@0.1,8": ("a@0.1,8", "c"),
        "one@0.1,16": ("a@0.1,16", "c"),
        "point": ("b@0.1,32", "c"),
    }
    assert {one.smallest_effect for one in study.contrasts if one.group == "one"} == {0.01}
    assert [len(best.treatment) for best in study.best] == [4]


CHANGES = """\
contrasts:
  both: {treatment: b, baseline: a, metrics: [test_accuracy]}
  single: {treatment: b, baseline: c, metrics: [test_accuracy]}
  point: {treatment: 'b@0.1,32', baseline: c, metrics: [test_accuracy]}
changes:
"""


def test_a_change_is_the_difference_of_two_contrasts(folder: Path) -> None:
    study = load(
        folder,
        GRID
        + CHANGES
        + "  grids: {after: both, before: single, metrics: [train_loss@1], smallest_effect: 0.2}\n"
        + "  one: {after: point, before: 'both@0.1,16', metrics: [test_accuracy]}\n",
    )
    named = {one.name: (one.after.name, one.before.name) for one in study.changes}
    assert named == {
        "grids@0.001,16": ("both@0.001,16", "single@0.001,16"),
        "grids@0.1,16": ("both@0.1,16", "single@0.1,16"),
        "one": ("point", "both@0.1,16"),
    }
    assert [one.effect_on(one.metrics[0]) for one in study.changes] == [0.2, 0.2, 0.001]
    assert study.changes[0].after.baseline == "a@0.001,16"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("both: {after: point, before: single,", "changes.both: a contrast has this name"),
        ("x: {after: pont, before: single,", "x.after: there is no contrast 'pont'; did you mean"),
        ("x: {after: point, before: single, tuning_seeds: 3,", "x.tuning_seeds: there is no such"),
        ("x: {after: point,", "changes.x.before: is missing"),
    ],
)
def test_a_change_that_cannot_be_is_one_line(folder: Path, line: str, said: str) -> None:
    with pytest.raises(BnbenchError) as caught:
        load(folder, f"{GRID}{CHANGES}  {line} metrics: [test_accuracy]}}\n")
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_change_takes_levels(folder: Path) -> None:
    with pytest.raises(BnbenchError, match="may be infinite; a change takes levels"):
        load(folder, GRID + CHANGES + "  x: {after: point, before: single, metrics: [diverged]}\n")


SMALL = """\
small: {keeps: all but one epoch, seeds: 4, overrides: {training.epochs: 1},
  grid: {training.batch_size: [16]}}
"""


def test_the_small_variant_has_runs_of_its_own(folder: Path) -> None:
    study = load(folder, GRID + SMALL, small=True)
    assert (study.name, len(study.seeds)) == ("s_small", 4)
    assert study.keeps == "all but one epoch, 4 of 10 seeds"
    assert [one.experiment for one in study.experiments] == [
        "s_small/a@0.001,16", "s_small/a@0.1,16", "s_small/b@0.001,16", "s_small/b@0.1,16",
        "s_small/c",
    ]  # fmt: skip
    assert {one.training.epochs for one in study.experiments} == {1}


def test_what_a_small_variant_keeps_counts_the_seeds_it_has(folder: Path) -> None:
    text = GRID + "small: {seeds: 4}\n"
    kept = [load(folder, text, small=True, seeds=count).keeps for count in (9, 10, 11)]
    assert kept == ["9 of 10 seeds", "", ""]


def test_a_small_variant_with_overrides_says_what_it_leaves(folder: Path) -> None:
    with pytest.raises(BnbenchError, match=r"small: must say under `keeps` what it leaves"):
        load(folder, GRID + "small: {overrides: {training.epochs: 1}}\n", small=True)


LADDER = """\
ladder:
  treatment: bn
  baseline: plain
  arms:
    plain: {published: plain.yaml, corrected: plain.yaml}
    bn: {published: batch_norm.yaml, corrected: corrected.yaml}
  switches:
    order: {says: file order, keys: [training.shuffle]}
    placement: {says: after, keys: [model.batch_norm.placement], arms: [bn]}
  metrics: [validation_accuracy@1]
"""


def test_a_ladder_leads_from_one_end_to_the_other(folder: Path) -> None:
    study = load(folder, LADDER)
    names = ["published", "published+order", "corrected", "published+placement"]
    assert [*study.arms] == [f"{arm}@{name}" for arm in ("plain", "bn") for name in names]
    for recipe, name in {"published": "batch_norm", "corrected": "corrected"}.items():
        own = load_experiment(folder / f"{name}.yaml")
        end = study.arms[f"bn@{recipe}"].experiment
        assert end.experiment == name
        assert configuration_hash(end) == configuration_hash(own)
    between = study.arms["bn@published+placement"].experiment
    assert between.model.batch_norm is not None
    assert between.model.batch_norm.placement == "before_activation"
    assert not between.training.shuffle
    plain = [arm.experiment.experiment for arm in study.arms.values() if "plain@" in arm.label]
    assert plain == ["plain", "plain", "plain", "plain"]  # its two ends are one file here


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (LADDER + "experiments: {plain: {config: plain.yaml}}", "experiments.plain"),
        (
            LADDER + "changes: {switch: {after: lead, before: lead, metrics: [test_accuracy]}}",
            "changes.switch",
        ),
    ],
)
def test_a_name_of_the_ladders_is_taken(folder: Path, text: str, name: str) -> None:
    with pytest.raises(BnbenchError, match=f"{name}: the ladder has this name; give it another"):
        load(folder, text)


def test_the_recipes_are_those_that_the_docstring_promises() -> None:
    switches = ("a", "b", "c", "d")
    sets = {frozenset(one) for one in recipes(switches)}
    assert len(sets) == len(recipes(switches))
    assert sets >= {frozenset(one) for one in combinations(switches, 1)}
    assert sets >= {frozenset(one) for one in combinations(switches, 3)}
    assert sets >= {frozenset(switches[:count]) for count in range(5)}
    assert len(sets) == 4 + 4 + 5 - 2  # the first rung is alone, the last but one leaves one out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "experiments: {a: {config: lenet}}",
            r"study\.yaml:3:19: experiments\.a\.config: is no file beside the study: there is no"
            " experiment 'lenet'; did you mean 'lenet5'",
        ),
        (
            "experiments: {a: {config: plian.yaml}}",
            r"there is no experiment 'plian\.yaml'; did you mean 'plain\.yaml'",
        ),
        (
            "experiments: {a: {config: plain.yaml, overrides: {training.epoch: 3}}}",
            r"study\.yaml:3:.*experiments\.a.*there is no such key; did you mean 'epochs'",
        ),
        ("experimnts: {}", "did you mean 'experiments'"),
        (
            GRID + "contrasts: {x: {treatment: d, baseline: c, metrics: [test_accuracy]}}",
            r"contrasts\.x\.treatment: there is no experiment 'd'",
        ),
        (
            GRID + "contrasts: {x: {treatment: a, baseline: c, metrics: [test_acuracy]}}",
            "there is no metric 'test_acuracy'; did you mean 'test_accuracy'",
        ),
        (
            LADDER.replace("order: {says: file order, keys: [training.shuffle]}", ""),
            r"no switch leads to the corrected recipe in training\.shuffle: False there",
        ),
        (LADDER.replace("treatment: bn", "treatment: bm"), "did you mean 'bn'"),
        (
            GRID + "contrasts: {x: {treatment: a, baseline: c, metrics: [train_loss@11]}}",
            r"contrasts\.x\.metrics: train_loss@11: a@0.001,8 has 10 epochs; name one",
        ),
        (
            GRID + "contrasts: {x: {treatment: c, baseline: c, metrics: [test_accuracy]}}",
            r"study\.yaml:.*contrasts\.x: treatment and baseline are both c; name two",
        ),
        (
            GRID + "contrasts:\n  x: {treatment: a, baseline: c, metrics: [train_loss@1,"
            " test_accuracy], smallest_effect: 1}",
            r"contrasts\.x\.smallest_effect: must be below 0\.5, because test_accuracy is a share",
        ),
        (
            GRID + CHANGES + "  x: {after: point, before: 'both@0.1,16', metrics: [test_accuracy],"
            " smallest_effect: 0.5}",
            r"changes\.x\.smallest_effect: must be below 0\.5",
        ),
        (
            LADDER.replace("[validation_accuracy@1]", "[epochs_to_accuracy@0.97]"),
            "epochs_to_accuracy@0.97 may be infinite; a ladder takes levels",
        ),
    ],
)
def test_problems_are_named_at_their_place(folder: Path, text: str, said: str) -> None:
    with pytest.raises(BnbenchError, match=said):
        load(folder, text)


TWO = "experiments: {a: {config: plain.yaml}, b: {config: batch_norm.yaml}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": names no experiment; add one under `experiments:`, or a `ladder:`"),
        ("experiments: {}", ": names no experiment; add one under `experiments:`"),
        (TWO + "contrasts:", ":4:1: contrasts: must be a section of keys and values, not null"),
        (
            TWO + "contrasts: {x: {treatment: a, baseline: b, metrics: []}}",
            ":4:44: contrasts.x.metrics: must hold 1 or more values, not []",
        ),
        (
            TWO + "contrasts: {x: {treatment: a, baseline: b, metrics: test_accuracy}}",
            ':4:44: contrasts.x.metrics: must be a list in brackets, not "test_accuracy"',
        ),
        (
            TWO + "contrasts: {x: {treatment: a, baseline: b, metrics: [3]}}",
            ":4:54: contrasts.x.metrics.0: must be text in quotes, not 3",
        ),
        (
            "experiments: {a: {config: plain.yaml, grid: {training.epochs: []}}}",
            ":3:46: experiments.a.grid.training.epochs: must hold 1 or more values, not []",
        ),
        (
            "experiments: {a: {config: plain.yaml, grid: {training.epochs: [[1]]}}}",
            ":3:64: experiments.a.grid.training.epochs.0: must be one value: text, a number, true,"
            " false or null, not [1]",
        ),
        (
            TWO + "brief: [{question: Faster?, metric: test_accuracy, yes: higher}]",
            ":4:10: brief.0.question: must be two to eight words, not",
        ),
        (
            "experiments: {a: {config: plain.yaml, overrides: {data.class_shares: [0.5]}}}",
            "data.class_shares: must hold 2 or more values, not [0.5]",
        ),
        ("experiments: {a: plain.yaml}", ":3:15: experiments.a: must be a section of keys and"),
        ("experiments: {a: {}}", ":3:15: experiments.a.config: is missing; add it"),
        ("experiments: {a b: {config: plain.yaml}}", ":3:15: experiments.a b: must be a name"),
        (TWO + "seeds: 0", ":4:1: seeds: must be 1 or more, not 0"),
        (TWO + "seeds: six", ':4:1: seeds: must be a whole number, not "six"'),
        (TWO + "seed: 6", ":4:1: seed: there is no such key; did you mean 'seeds'?"),
        (
            TWO + "answered_by: [{says: x, changes: [high], yes: reproduced}]",
            ":4:25: answered_by.0.changes: there is no such key; `changes` stands at the top of the"
            " file; here its names go under `contrasts`",
        ),
        (
            "experiments: {a: {config: plain.yaml, seeds: 3}}",
            ":3:39: experiments.a.seeds: there is no such key; `seeds` stands at the top of the",
        ),
        (TWO + "claims: [3]", ":4:10: claims.0: must be a section of keys and values, not 3"),
        (TWO + "figures: paired", ':4:1: figures: must be a list in brackets, not "paired"'),
        (
            GRID + "small: {keeps: much, grid: {training.epoch: [1]}}",
            "small.grid.training.epoch: is in no experiment's grid; their keys:"
            " training.batch_size, training.optimizer.learning_rate",
        ),
        (
            "experiments: {a: {config: plain.yaml, overrides: {training: {epochs: 1}}}}",
            ":3:51: experiments.a.overrides: would replace all of `training:`; name its keys with"
            " dots, such as training.epochs",
        ),
        (
            "experiments: {a: {config: plain.yaml, grid: {training.epochs: [0]}}}",
            ":3:46: experiments.a.grid: training.epochs: must be 1 or more, not 0",
        ),
        (
            LADDER.replace("arms: [bn]", "arms: [bm]"),
            "ladder.switches.placement.arms: there is no arm 'bm'; did you mean 'bn'?",
        ),
    ],
)
def test_a_problem_is_one_line_in_our_words(folder: Path, text: str, said: str) -> None:
    with pytest.raises(BnbenchError) as caught:
        load(folder, text)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(str(folder / "study.yaml"))
    assert said in line


def test_a_problem_of_the_small_variant_is_named_there(folder: Path) -> None:
    """It was said to be the experiment's, whose lines are right."""
    text = TWO + "small:\n  keeps: less\n  overrides:\n    training.epochs: 0\n"
    with pytest.raises(BnbenchError) as caught:
        load(folder, text, small=True)
    file = folder / "study.yaml"
    said = f"{file}:7:5: small.overrides: training.epochs: must be 1 or more, not 0"
    assert caught.value.problems == (said,)


def test_all_problems_come_at_once(folder: Path) -> None:
    text = "experiments: {a: {config: x.yaml}, b: {config: y.yaml}}"
    with pytest.raises(BnbenchError, match=r"(?s)x\.yaml.*\n.*y\.yaml"):
        load(folder, text)


def test_the_name_of_another_study_is_refused(folder: Path) -> None:
    """Its report would replace the other's."""
    (folder / "mine.yaml").write_text(
        f"study: headline\nquestion: q\nseeds: 1\n{TWO}", encoding="utf-8"
    )
    with pytest.raises(BnbenchError, match=r"mine\.yaml:1:1: study: headline is the study of .*;"):
        load_study(folder / "mine.yaml")


def test_no_small_variant(folder: Path) -> None:
    with pytest.raises(BnbenchError, match="has no small variant; leave out --small"):
        load(folder, "experiments: {a: {config: plain.yaml}}", small=True)


def test_every_study_of_ours_loads(studies: dict[str, Study]) -> None:
    assert len(studies) >= 9
    for name, study in studies.items():
        assert study.name == name
        assert study.contrasts


def test_ours_have_seeds_enough_to_decide(
    studies: dict[str, Study], small_studies: list[Study]
) -> None:
    """Six seeds score, the fewest with which an exact p can be below 0.05: 2 / 2**6 = 0.031."""
    for study in (*studies.values(), *small_studies):
        tuning = max((best.tuning_seeds for best in study.best), default=0)
        assert len(study.seeds) - tuning >= 6, study.name


def test_the_small_headline_shares_the_runs_of_the_full_one(
    studies: dict[str, Study], small_studies: list[Study]
) -> None:
    full = studies["headline"]
    (small,) = (one for one in small_studies if one.name == "headline_small")
    assert [one.experiment for one in small.experiments] == [
        one.experiment for one in full.experiments
    ]
    assert full.seeds[: len(small.seeds)] == small.seeds
