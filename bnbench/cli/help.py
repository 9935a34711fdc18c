"""The help of a command, in which an option's value is a word and a switch has none."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption

WORDS = {
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


class PlainGroup(TyperGroup):
    """A group of commands whose options take words."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, its own ``--help`` among them."""
        return _in_words(super().get_params(ctx), ctx)


def _in_words(params: list[Any], ctx: Any) -> list[Any]:
    for param in params:
        if isinstance(param, TyperOption) and param.metavar is None:
            param.metavar = WORDS.get(param.display_type(ctx))
    return params
