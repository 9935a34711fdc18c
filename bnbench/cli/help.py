"""A command's help and its refusals: an option's value is a word, and a mistake is one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from bnbench.errors import BnbenchError

USAGE_ERRORS: Any = typer.BadParameter.__mro__[1]
"""All of its kind; Typer gives no other name to them."""

OF_PYDANTIC = {
    "Input should be": "must be",
    "Value error, ": "",
    "a valid integer, unable to parse string as an integer": "a whole number",
    "a valid number, unable to parse string as a number": "a number",
}
"""Words of the checks of an option's value -> ours."""

METAVARS = {
    "<bool>": "",
    "<path>": "PATH",
    "<list[Path]>": "PATH",
    "<str>": "TEXT",
    "<list[str]>": "TEXT",
    "<int range>": "N",
    "<list[int]>": "N",
    "<int>": "N",
    "<float range>": "NUMBER",
    "<float>": "NUMBER",
}
"""What Typer says of a value -> what we say."""


class PlainCommand(TyperCommand):
    """A command whose options take words."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, its own ``--help`` among them."""
        return _in_words(super().get_params(ctx), ctx)

    def make_context(self, info_name: str | None, *given: Any, **named: Any) -> Any:
        """Read what the command was given."""
        above = named.get("parent")
        with _refusals(f"{above.command_path} {info_name}" if above else "bnbench"):
            return super().make_context(info_name, *given, **named)


class PlainGroup(TyperGroup):
    """A group of commands whose options take words."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, its own ``--help`` among them."""
        return _in_words(super().get_params(ctx), ctx)

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Read what stands before the command."""
        with _refusals():
            return super().make_context(*given, **named)

    def resolve_command(self, *given: Any) -> Any:
        """Find the command."""
        with _refusals():
            return super().resolve_command(*given)


@contextmanager
def _refusals(command: str = "bnbench") -> Iterator[None]:
    """Let what Typer refuses become a line, as everything else that is refused.

    Typer does not say of which command an option is that has no value.
    """
    try:
        yield
    except USAGE_ERRORS as error:
        said = " ".join(error.format_message().split()).rstrip(".")
        if not said:  # a group without a command has shown its help
            raise
        for theirs, ours in OF_PYDANTIC.items():
            said = said.replace(theirs, ours)
        command = error.ctx.command_path if error.ctx else command
        if meaning := getattr(getattr(error, "param", None), "help", None):
            said += f" ({meaning.rstrip('.')})"
        raise BnbenchError(
            said if said.endswith("?") else f"{said}; see `{command} --help`"
        ) from None


def _in_words(params: list[Any], ctx: Any) -> list[Any]:
    for param in params:
        if isinstance(param, TyperOption) and param.metavar is None:
            param.metavar = METAVARS.get(param.display_type(ctx))
    return params
