"""``bnbench schema``: the keys of the YAML files, for editors and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bnbench.cli.terminal import say

if TYPE_CHECKING:
    from pydantic import BaseModel


def schema(
    study: Annotated[
        bool, typer.Option("--study", help="Of a study's file, not of an experiment's.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a table for people, not as a JSON Schema.")
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="Instead: each column of the CSV files, as tables.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Instead: each name that a config may use, as tables.")
    ] = False,
    methods: Annotated[
        bool, typer.Option("--methods", help="Instead: each formula, with its sources.")
    ] = False,
) -> None:
    """Print what a config may hold: a JSON Schema, by which editors complete and check.

    With --columns, print what the CSV files hold instead; with --names, what has a name; with
    --methods, the formulas of statistics, metrics, rules and normalizations.

    Example: bnbench schema --markdown
    """
    import json

    if columns:
        from bnbench.report.columns import columns_page

        say(columns_page())
        return
    if names:
        from bnbench.cli.registered import names_page

        say(names_page())
        return
    if methods:
        from bnbench.cli.methods import methods_page

        say(methods_page())
        return
    keys = described(study=study)
    say(as_table(keys) if markdown else json.dumps(keys, indent=2, ensure_ascii=False))


def described(*, study: bool) -> dict[str, Any]:
    """Describe the keys of an experiment's or a study's file as a JSON Schema."""
    from bnbench.config import Experiment
    from bnbench.config.json_schema import json_schema
    from bnbench.config.study_schema import StudyFile
    from bnbench.models.normalizations import NORMALIZATIONS

    model: type[BaseModel] = StudyFile if study else Experiment
    return json_schema(model, NORMALIZATIONS)


def as_table(schema: dict[str, Any]) -> str:
    """Lay the keys of a schema out in Markdown, a row a key."""
    from bnbench.config.json_schema import keys
    from bnbench.report import markdown

    rows = [
        (
            f"`{key.name}`",
            key.values,
            ", ".join(f"`{one}`" for one in key.default.split(", ") if one),
            key.meaning,
        )
        for key in keys(schema)
    ]
    return markdown.table(("key", "what it may be", "default", "meaning"), rows)
