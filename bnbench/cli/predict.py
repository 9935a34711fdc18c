"""``bnbench predict``: one line an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folder
from bnbench.cli.options import Json, Results
from bnbench.cli.terminal import say_json, show, table

if TYPE_CHECKING:
    from bnbench.prediction import Prediction


def predict(
    run: Annotated[
        Path,
        typer.Argument(help="A completed run, such as lenet5/seed-0.", autocompletion=complete_run),
    ],
    images: Annotated[
        list[Path], typer.Argument(help="Image files of any size, dark on light or light on dark.")
    ],
    results: Results = RESULTS,
    as_json: Json = False,
    show_as: Annotated[
        Path | None,
        typer.Option("--show", help="Write a PNG with what the network saw of each image."),
    ] = None,
) -> None:
    """Classify image files with a run's network: the class, and the probability of each class.

    Example: bnbench predict lenet5/seed-0 seven.png
    """
    from bnbench.prediction import predict, save_seen
    from bnbench.runs import find_run

    predictions: list[Prediction] = []
    try:
        for prediction in predict(find_run(run_folder(run, results)), images):
            predictions.append(prediction)  # noqa: PERF402 -- kept when a later one raises
    finally:  # one that cannot be read does not keep back the others' answers
        if predictions:
            _show(predictions, as_json=as_json)
            if show_as is not None:
                save_seen(predictions, show_as)


def _show(predictions: list[Prediction], *, as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {
                    "image": str(prediction.path),
                    "class": prediction.label,
                    "probabilities": prediction.probabilities,
                }
                for prediction in predictions
            ]
        )
        return
    classes = [f"{label} %" for label in predictions[0].probabilities]
    rows = [
        (
            str(prediction.path),
            prediction.label,
            *(f"{100 * value:.1f}" for value in prediction.probabilities.values()),
        )
        for prediction in predictions
    ]
    show(table(("image", "class", *classes), rows, right=classes))
