from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.runs import (
    BatchRows,
    EpochRow,
    Log,
    Run,
    RunLogs,
    read_batches,
    read_epochs,
    read_evaluations,
)
from bnbench.runs.tables import read_log
from bnbench.verification.logs import other_text


@given(
    losses=arrays.arrays(np.float32, st.integers(1, 20), elements=st.floats(width=32)),
    number=st.floats(),
)
def test_what_is_written_is_read_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, losses: NDArray[np.float32], number: float
) -> None:
    run = Run(tmp_path_factory.mktemp("run"))
    steps = np.arange(len(losses)) + 1
    examples, correct = steps + 2, steps * 7 % (steps + 3)
    rows = BatchRows("train", 1, steps, examples, losses, correct)
    epoch = EpochRow(1, number, 0.5, number, 0.25, 1e-3, 1.0, 2.0, number, training_mode=False)
    with RunLogs(run.batches, run.epochs) as logs:
        logs.write(rows)
        logs.write(epoch)
    batches, epochs = read_batches(run), read_epochs(run)
    np.testing.assert_array_equal(batches.losses(), losses)
    assert batches.losses().dtype == np.float32
    np.testing.assert_array_equal(batches["accuracy"], correct / examples)
    np.testing.assert_array_equal(epochs["train_loss"], [number])
    assert epochs["training_mode"].tolist() == ["False"]
    assert len(read_evaluations(run)) == 0
    assert [*other_text(batches), *other_text(epochs), *other_text(read_evaluations(run))] == []


@given(st.text(alphabet="0123456789.,-+e\n infa_", max_size=60))
def test_any_text_is_refused_or_read_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.csv"
    path.write_text("step,loss\n" + text, encoding="utf-8", newline="")
    with suppress(BnbenchError):
        log = read_log(path, {"step": "i8", "loss": "f8"})
        if not list(other_text(log)):
            cells = zip(log["step"], log.losses(), strict=True)
            assert [f"{step},{loss}" for step, loss in cells] == text.split("\n")[:-1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: must begin with a,b"),
        (b"b,a\n", "line 1: must begin with a,b"),
        (b"a\n", "line 1: must begin with a,b"),
        (b"a,b\n1,2\n3,4", "line 3: was cut off"),
        (b"a,b", "line 1: was cut off"),
        (b"a,b\n1,2\n3\n", "line 3: has 1 cells, not 2"),
        (b"a,b\n1,2\n\n3,4\n", "line 3: has 1 cells, not 2"),
        (b"a,b\n1,2,3\n", "line 2: has 3 cells, not 2"),
        (b"a,b,c\n1,2\n", "line 2: has 2 cells, not 3"),
        (b"a,b\r\n1,2\r\n", "line 1: must begin with a,b"),
        (b"a,b\n1,2\r\n", r"line 2: holds '\\r'"),
        (b'a,b\n1,"2"\n', "line 2: holds '\"'"),
        (b"a,b\n1, 2\n", "line 2: holds ' '"),
        (b"a,b\n1,2\n1,\n", "line 3: b: '' is no number"),
        (b"a,b\n1,2\n,2\n", "line 3: a: '' is no number"),
        (b"a,b\n1,2\n1,high\n", "line 3: b: 'high' is no number"),
        (b"a,b\n1.5,2\n", "line 2: a: '1.5' is no number"),
        (b"a,b\n1,0x1\n", "line 2: b: '0x1' is no number"),
        (b"a,b\n1,1_0\n", "line 2: b: '1_0' is no number"),
        (b"\x93NUMPY", "line 1: must begin with a,b"),
    ],
)
def test_what_is_no_log(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(BnbenchError, match=said):
        read_log(path, {"a": "i8", "b": "f8"})


def test_a_log_without_rows_and_with_more_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b,new\n", encoding="utf-8")
    log = read_log(path, {"a": "i8", "b": "f8"})
    assert (len(log), log.columns) == (0, ("a", "b"))
    path.write_text("a,b,new\n1,0.5,x\n", encoding="utf-8")
    log = read_log(path, {"a": "i8", "b": "f8"})
    assert log.rows.tolist() == [(1, 0.5)]
    assert list(other_text(log)) == []
    with pytest.raises(BnbenchError, match=r"absent\.csv: cannot be read"):
        read_log(tmp_path / "absent.csv", {"a": "i8"})


def test_training_batches() -> None:
    rows = [("train", 1), ("validation", 1), ("train", 2)]
    log = Log(Path("batches.csv"), np.array(rows, [("split", "U11"), ("step", "i8")]))
    assert log.of_training()["step"].tolist() == [1, 2]
    assert log.of_training(1)["step"].tolist() == [1]
