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
from bnbench.runs import BatchRows, EpochRow, Run, RunLogs
from bnbench.verification.logs import Log, read_batches, read_epochs, read_evaluations, read_log


@given(
    losses=arrays.arrays(np.float32, st.integers(1, 20), elements=st.floats(width=32)),
    number=st.floats(),
)
def test_what_is_written_is_read_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, losses: NDArray[np.float32], number: float
) -> None:
    run = Run(tmp_path_factory.mktemp("run"))
    count = len(losses)
    rows = BatchRows(
        "train", 1, np.arange(count) + 1, np.full(count, 7), losses, np.arange(count) % 7
    )
    epoch = EpochRow(1, number, 0.5, number, 0.25, 1e-3, 1.0, 2.0, number, training_mode=False)
    with RunLogs(run.batches, run.epochs) as logs:
        logs.write(rows)
        logs.write(epoch)
    batches, epochs = read_batches(run), read_epochs(run)
    np.testing.assert_array_equal(batches.losses(), losses)
    assert batches.losses().dtype == np.float32
    np.testing.assert_array_equal(batches.floats("accuracy"), np.arange(count) % 7 / 7)
    np.testing.assert_array_equal(epochs.floats("train_loss"), [number])
    assert epochs.cells["training_mode"] == ("False",)
    assert len(read_evaluations(run)) == 0


@given(st.text(alphabet="0123456789.,-+e\n infa_", max_size=60))
def test_any_text_is_refused_or_read_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.csv"
    path.write_text("loss\n" + text, encoding="utf-8", newline="")
    with suppress(BnbenchError):
        losses = read_log(path, ["loss"]).losses()
        assert [str(loss) for loss in losses] == text.split("\n")[:-1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: must begin with a,b"),
        (b"b,a\n", "line 1: must begin with a,b"),
        (b"a\n", "line 1: must begin with a,b"),
        (b"a,b\n1,2\n3,4", "line 3: was cut off"),
        (b"a,b\n1,2\n3\n", "line 3: has 1 cells, not 2"),
        (b"a,b\n1,2\n\n3,4\n", "line 3: has 1 cells, not 2"),
        (b"a,b\n1,2,3\n", "line 2: has 3 cells, not 2"),
        (b"a,b,c\n1,2\n", "line 2: has 2 cells, not 3"),
        (b"a,b\r\n1,2\r\n", "line 1: must begin with a,b"),
        (b"\x93NUMPY", "is no text"),
    ],
)
def test_what_is_no_log(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(BnbenchError, match=said):
        read_log(path, ["a", "b"])


def test_a_log_without_rows_and_with_more_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b,new\n", encoding="utf-8")
    assert read_log(path, ["a", "b"]) == Log(path, {"a": (), "b": (), "new": ()})
    assert len(read_log(path, ["a", "b"])) == 0
    with pytest.raises(BnbenchError, match=r"absent\.csv: cannot be read"):
        read_log(tmp_path / "absent.csv", ["a"])


def test_training_batches(tmp_path: Path) -> None:
    log = Log(tmp_path, {"split": ("train", "validation", "train"), "step": ("1", "1", "2")})
    assert log.of_training().cells["step"] == ("1", "2")
    assert log.of_training(1).cells["step"] == ("1",)
