"""YAML text to plain values, keeping the line and column at which each key was written."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer

from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign

# PyYAML's own resolver for scalars, without the tags that build Python objects.
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


def parse(text: str, name: str) -> tuple[Any, dict[str, str]]:
    """Parse one YAML document into dicts, lists and scalars.

    Parameters
    ----------
    text : str
        The document.
    name : str
        The file's name, for marks and errors.

    Returns
    -------
    values : Any
        Plain values; nothing but dicts, lists, text, numbers, booleans and ``None``.
    places : dict of str to str
        For each dotted key, ``file:line:column`` counted from 1.
    """
    try:
        node = _composed(text)
    except (yaml.YAMLError, UnicodeEncodeError) as error:  # half of a pair cannot be UTF-8
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = getattr(error, "problem", None) or "cannot be parsed"
        line = "".join(text.splitlines()[mark.line : mark.line + 1]) if mark else ""
        if mark and line[mark.column :].startswith("\t"):
            problem = "a tab stands here; indent with spaces"
        raise BnbenchError(f"{place}: is no YAML ({problem}); see configs/ for examples") from None
    except RecursionError:
        raise BnbenchError(f"{name}: is nested too deeply for a config") from None
    places: dict[str, str] = {}
    return _value(node, name, "", places, set()), places


@lru_cache(maxsize=512)
def _composed(text: str) -> yaml.Node | None:
    """Compose a document; a study's runs all hold the same one."""
    return _Loader(text).get_single_node()


class _Loader(Composer, yaml.CSafeLoader):
    """Takes libyaml's scanner, of five times the speed, but PyYAML's own composer.

    libyaml's composer runs out of the stack at ten thousand brackets, and takes the process down.
    """

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)


def _value(
    node: yaml.Node | None, name: str, key: str, places: dict[str, str], seen: set[int]
) -> Any:
    if node is None:
        return None
    place = f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    places.setdefault(key, place)
    if id(node) in seen:  # an alias gives the same node again, possibly inside itself
        raise BnbenchError(f"{place}: {key}: aliases are not supported; write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, name, key, places, seen)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, name, f"{key}.{index}", places, seen)
            for index, item in enumerate(node.value)
        ]
    return _scalar(node, f"{place}: {key}")


MOST_BYTES = MEBIBYTE // 16
"""Thirty times a study; PyYAML takes a fifth of a second for them."""

# A number with a leading zero is octal to YAML 1.1, one with colons counts in sixties, and one with
# underscores drops them: a reader takes each for something else.
_READ_DIFFERENTLY = re.compile(r"[-+]?(0[0-9_]+|[0-9_.]*[_:][0-9_.:]*)")
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}

_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and marks that turn the direction of writing: a terminal would obey them, and
no file can be named by some."""


def _scalar(node: yaml.Node, place: str) -> Any:
    if node.tag in _NUMBERS and _READ_DIFFERENTLY.fullmatch(str(node.value)):
        raise BnbenchError(
            f"{place}: YAML does not read {node.value} as it looks; write a number without leading"
            " zeros, underscores and colons, or quote it"
        )
    try:
        value = _CONSTRUCTOR.construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        # A tag such as !!int on what is none: PyYAML raises whatever its own code runs into.
        raise BnbenchError(f"{place}: is no plain value ({_in_one_line(error)})") from None
    _check_text(value, place)
    return value


def _check_text(value: Any, place: str) -> None:
    if isinstance(value, str) and (found := _NO_TEXT.search(value)):
        raise BnbenchError(f"{place}: holds the control character {found[0]!a}; remove it")


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _mapping(
    node: yaml.MappingNode, name: str, key: str, places: dict[str, str], seen: set[int]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        place = f"{name}:{key_node.start_mark.line + 1}:{key_node.start_mark.column + 1}"
        if not isinstance(key_node, yaml.ScalarNode):
            raise BnbenchError(f"{place}: {key}: a key must be a plain word")
        _check_text(key_node.value, place)
        child = f"{key}.{key_node.value}" if key else str(key_node.value)
        if key_node.value in values:
            raise BnbenchError(f"{place}: {child}: stands here a second time; remove one")
        places[child] = place
        values[key_node.value] = _value(value_node, name, child, places, seen)
    return values


def read_yaml(path: Path) -> tuple[Any, dict[str, str]]:
    """Read and `parse` a YAML file, of `MOST_BYTES` at most."""
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Read a YAML file, of `MOST_BYTES` at most."""
    try:
        return read_foreign(path, MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        raise BnbenchError(f"{path}: is no UTF-8 text; is it a config?") from None
