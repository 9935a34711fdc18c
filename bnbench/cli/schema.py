"""``bnbench schema``: the keys of the YAML files, for editors and for people."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bnbench.cli.terminal import say


def schema(
    study: Annotated[
        bool, typer.Option("--study", help="Print the keys of a study instead of a config.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a table for people, not a JSON Schema.")
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="Instead: all columns of the CSV files, as tables.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Instead: all names that a config may use, as tables.")
    ] = False,
    methods: Annotated[
        bool, typer.Option("--methods", help="Instead: all formulas, with their sources.")
    ] = False,
) -> None:
    """Print the keys of a config as a JSON Schema, with which editors complete and check it.

    With --columns, print the columns of the CSV files instead; with --names, the names that a
    config may use; with --methods, the formulas of statistics, metrics, rules and normalizations.

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

    if study:
        from bnbench.config.study_schema import StudyFile

        return json_schema(StudyFile, {})
    from bnbench.models.normalizations import NORMALIZATIONS  # it takes PyTorch

    return json_schema(Experiment, NORMALIZATIONS)


def as_table(schema: dict[str, Any]) -> str:
    """Lay the keys of a schema out in Markdown, a row a key."""
    from bnbench.config.json_schema import keys
    from bnbench.report import markdown

    rows = [
        (
            f"`{key.name}`",
            key.values,
            ", ".join(f"`{value}`" for value in key.default.split(", ") if value),
            key.meaning,
        )
        for key in keys(schema)
    ]
    return markdown.table(("key", "what it may be", "default", "meaning"), rows)
