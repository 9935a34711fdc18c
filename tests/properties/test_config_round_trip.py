"""Laws of configs: what is written reads back as the same experiment."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from bnbench.config import (
    AdamSettings,
    BatchNormSettings,
    Experiment,
    ModelSettings,
    SGDSettings,
    TrainingSettings,
    configuration_hash,
    dump_experiment,
    load_experiment,
)

rates = st.floats(1e-12, 1e6, allow_nan=False)
optimizers = st.one_of(
    st.builds(AdamSettings, name=st.just("adam"), learning_rate=rates),
    st.builds(SGDSettings, name=st.just("sgd"), learning_rate=rates, momentum=st.floats(0, 0.999)),
)
normalizations = st.builds(
    BatchNormSettings,
    layers=st.none() | st.lists(st.sampled_from(["C1", "C3"]), min_size=1).map(tuple),
    momentum=st.floats(1e-6, 1),
    epsilon=st.floats(1e-12, 1),
    preceding_bias=st.booleans(),
)
experiments = st.builds(
    Experiment,
    experiment=st.from_regex(r"\A[a-z][a-z0-9_]{0,8}(/[a-z0-9][a-z0-9_]{0,7})?\Z"),
    description=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30),
    model=st.builds(
        ModelSettings,
        name=st.text("abcABC015_", min_size=1),
        batch_norm=st.none() | normalizations,
    ),
    training=st.builds(
        TrainingSettings,
        epochs=st.integers(1, 10**6),
        shuffle=st.booleans(),
        optimizer=optimizers,
    ),
)


@given(experiments)
def test_experiment_survives_yaml(experiment: Experiment) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "experiment.yaml"
        path.write_text(dump_experiment(experiment), encoding="utf-8")
        again = load_experiment(path)
    assert again.model_dump() == experiment.model_dump()
    assert configuration_hash(again) == configuration_hash(experiment)
