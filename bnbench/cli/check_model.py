"""``bnbench check-model``: whether an architecture of one's own keeps to what runs rest on."""

from __future__ import annotations

from typing import Annotated

import typer

from bnbench.cli.options import Json
from bnbench.cli.terminal import show, table


def check_model(
    name: Annotated[str, typer.Argument(help="A registered architecture; see bnbench models.")],
    as_json: Json = False,
) -> None:
    """Check that an architecture does what bnbench expects; exit code 1 if not.

    It gives one row of logits for each image, the same numbers from the same seed, and the same
    logits for an image alone and in a batch. Evaluation changes nothing. With and without batch
    norm, a seed gives equal first weights. A stopped run ends with the same bits.

    Example: bnbench check-model LeNet5_BatchNorm
    """
    from bnbench.training.contract import check_contract

    points = list(check_contract(name))
    rows = [(point.name, point.problem or "ok") for point in points]
    show(table(("point", "found"), rows, whole=("point",)), as_json=as_json)
    raise typer.Exit(any(point.problem for point in points))
