"""``bnbench predict``: one line an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bnbench.prediction import predict
from bnbench.runs import find_run


def print_predictions(folder: Path, images: Sequence[Path]) -> None:
    """Print each image's class, and the probability of every class, in per cent."""
    predictions = list(predict(find_run(folder), images))
    table = Table("image", "class", box=None, pad_edge=False)
    for label in predictions[0].probabilities:
        table.add_column(f"{label} %", justify="right")
    for prediction in predictions:
        table.add_row(
            escape(str(prediction.path)),
            prediction.label,
            *(f"{100 * value:.1f}" for value in prediction.probabilities.values()),
        )
    Console().print(table)
