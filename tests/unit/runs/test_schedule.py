"""The rows that are due, against the loops that write them, spelt out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bnbench.config import DataSettings, Experiment, ModelSettings, TrainingSettings
from bnbench.runs import Dataset
from bnbench.runs.schedule import schedule

sizes = st.integers(1, 40)


def written(
    train: int, validation: int, epochs: int, settings: TrainingSettings
) -> tuple[list[tuple[object, ...]], list[tuple[int, int]]]:
    """Walk through a run: rows of batches.csv and of evaluations.csv."""
    batches: list[tuple[object, ...]] = []
    evaluations, step = [], 0
    for epoch in range(1, epochs + 1):
        left = train
        while left > 0 and not (settings.drop_last and left < settings.batch_size):
            step += 1
            batches.append(("train", epoch, step, min(left, settings.batch_size)))
            left -= settings.batch_size
            ended = left <= 0 or (settings.drop_last and left < settings.batch_size)
            if settings.evaluate_every and step % settings.evaluate_every == 0 and not ended:
                evaluations.append((epoch, step))
        for start in range(0, validation, settings.batch_size):
            batches.append(  # noqa: PERF401
                ("validation", epoch, step, min(validation - start, settings.batch_size))
            )
    return batches, evaluations


@given(
    train=sizes,
    validation=sizes,
    batch_size=st.integers(1, 12),
    epochs=st.integers(1, 3),
    drop_last=st.booleans(),
    evaluate_every=st.none() | st.integers(1, 20),
)
def test_rows_of_a_run(
    train: int, validation: int, batch_size: int, epochs: int, drop_last: bool,
    evaluate_every: int | None,
) -> None:  # fmt: skip
    train += batch_size  # one whole batch at least, as a run must have
    settings = TrainingSettings(
        batch_size=batch_size, drop_last=drop_last, evaluate_every=evaluate_every
    )
    experiment = Experiment(
        experiment="any", model=ModelSettings(name="MLP"), data=DataSettings(), training=settings
    )
    data = Dataset(
        name="any", sha256="0" * 64, train_examples=train, validation_examples=validation,
        test_examples=None, validation_is_test_file=True,
    )  # fmt: skip
    planned = schedule(experiment, data)
    batches, evaluations = written(train, validation, epochs, settings)
    assert planned.epoch_rows * epochs == len(batches)
    due = planned.batches(len(batches))
    assert list(due) == ["split", "epoch", "step", "examples"]
    assert list(zip(*due.values(), strict=True)) == batches
    steps = sum(row[0] == "train" for row in batches)
    assert planned.evaluations_before(steps) == len(evaluations)
    due = planned.evaluations(len(evaluations))
    assert list(zip(*due.values(), strict=True)) == evaluations
