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
    """Try whether an architecture keeps to what runs rest on; exit code 1 if not.

    One row of logits an image; the same numbers from the same seed; an image alone as in a batch;
    evaluation leaves no trace; both arms of a seed start from equal weights; a stopped run goes
    on to the same bits.

    Example: bnbench check-model LeNet5_BatchNorm
    """
    from bnbench.training.contract import check_contract

    points = list(check_contract(name))
    rows = [(point.name, point.problem or "ok") for point in points]
    show(table(("point", "found"), rows, whole=("point",)), as_json=as_json)
    raise typer.Exit(any(point.problem for point in points))
