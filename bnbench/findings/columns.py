"""Columns of tables: what each is called, which field of a row it shows, and how it is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column of findings, levels, or whatever else a table has a row of.

    Attributes
    ----------
    field : str
        Dotted, of a row, such as ``contrast.t_interval``; empty: the row itself.
    write : callable or None
        Of the field's value and the row's unit; ``None``: the value as it is.
    rare : bool
        Whether few readers look for it: it is folded.
    """

    title: str
    field: str
    write: Callable[[Any, str], Any] | None = None
    rare: bool = False

    def cell(self, row: Any) -> Any:
        """What a row shows in this column; ``None`` where it does not have the field."""
        value = row
        for name in filter(None, self.field.split(".")):
            if (value := getattr(value, name)) is None:
                return None
        return value if self.write is None else self.write(value, getattr(row, "unit", ""))


def frame(columns: Iterable[Column], rows: Iterable[Any]) -> pd.DataFrame:
    """Lay out rows for programs; what a row does not have is empty."""
    import pandas as pd

    known = list(rows)
    cells = {column.title: [column.cell(row) for row in known] for column in columns}
    return pd.DataFrame(
        {title: [math.nan if cell is None else cell for cell in of] for title, of in cells.items()}
    )
