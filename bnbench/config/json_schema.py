"""The keys of a YAML file as a JSON Schema, which editors complete by, and as a table.

What a key means stands behind it in the code, as its docstring; here it is found there.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bnbench.config.problems import models_in

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(
    model: type[BaseModel], normalizations: Mapping[str, type[BaseModel]]
) -> dict[str, Any]:
    """Describe what a YAML file may hold.

    Parameters
    ----------
    model : type of BaseModel
        `bnbench.config.Experiment`, or a study's.
    normalizations : mapping of str to type of BaseModel
        Kind -> its settings: those that are registered.

    Returns
    -------
    dict
        A JSON Schema of draft 2020-12, each key with its meaning and default.
    """
    schema = model.model_json_schema()
    known = {part.__name__: part for part in (model, *_parts(model), *normalizations.values())}
    parts = schema.setdefault("$defs", {})
    if "NormalizationSettings" in parts:
        for name, kind in normalizations.items():
            parts[kind.__name__] = kind.model_json_schema()
            parts[kind.__name__]["properties"]["kind"] = {"const": name}
        kinds = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in normalizations.values()]
        parts["NormalizationSettings"] = {"oneOf": kinds}
    for name, part in [(model.__name__, schema), *parts.items()]:
        if name in known:
            _describe(part, known[name])
    return {"$schema": DIALECT, **_standard(schema)}


def _describe(part: dict[str, Any], model: type[BaseModel]) -> None:
    part["description"] = (inspect.getdoc(model) or "").partition("\n\n")[0].replace("\n", " ")
    texts = meanings(model)
    for name, key in part.get("properties", {}).items():
        key.pop("title", None)
        if name in texts:
            key["description"] = _as_yaml_says(texts[name])
    part.pop("title", None)


IN_YAML = {"``None``": "null", "``True``": "true", "``False``": "false", "``": "`"}
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
"""Pydantic writes its own names for the bounds of a number that it first reads from text."""


def _as_yaml_says(text: str) -> str:
    for python, yaml in IN_YAML.items():
        text = text.replace(python, yaml)
    return text


def _standard(value: Any) -> Any:
    """Write every bound by the name that JSON Schema has for it."""
    if isinstance(value, dict):
        return {BOUNDS.get(key, key): _standard(inner) for key, inner in value.items()}
    return [_standard(inner) for inner in value] if isinstance(value, list) else value


def _parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """List the sections of a section, and theirs."""
    for field in model.model_fields.values():
        for part in models_in(field.annotation):
            yield part
            yield from _parts(part)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Read what each key of a section means: the docstrings behind its fields."""
    texts: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part is not BaseModel:
            texts |= _field_docstrings(part)
    return texts


def _field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }


@dataclass(frozen=True)
class Key:
    """One key of a YAML file.

    Attributes
    ----------
    name : str
        Dotted, such as ``training.epochs``.
    values : str
        What it may be, in words.
    default : str
        As YAML; empty where the key must be given.
    """

    name: str
    values: str
    default: str
    meaning: str


def keys(schema: Mapping[str, Any]) -> list[Key]:
    """List the keys of a schema in the order of its file, those of sections after their section."""
    return list(_keys(schema, schema, ""))


def _keys(root: Mapping[str, Any], part: Mapping[str, Any], prefix: str) -> Iterator[Key]:
    for name, key in part.get("properties", {}).items():
        yield Key(f"{prefix}{name}", _values(root, key), _default(key), key.get("description", ""))
        merged: dict[str, Key] = {}
        for place, section in _sections(root, key):
            for row in _keys(root, section, f"{prefix}{name}.{place}"):
                merged[row.name] = _both(merged.get(row.name, row), row)
        yield from merged.values()


def _both(first: Key, second: Key) -> Key:
    """Merge a key that several kinds of a section have: its values, and its defaults."""
    values, defaults = (
        ", ".join(dict.fromkeys([*before.split(", "), *after.split(", ")]))
        for before, after in ((first.values, second.values), (first.default, second.default))
    )
    return Key(first.name, values, defaults, first.meaning)


def _sections(
    root: Mapping[str, Any], key: Mapping[str, Any], place: str = ""
) -> list[tuple[str, Mapping[str, Any]]]:
    """Find the sections that a key may hold, each with its place below the key.

    It holds one, or one for each kind; or some in a list, or by names that the file chooses.
    """
    if "$ref" in key:
        target = root["$defs"][key["$ref"].rpartition("/")[2]]
        return [(place, target)] if "properties" in target else _sections(root, target, place)
    below = [(place, choice) for choice in (*key.get("anyOf", ()), *key.get("oneOf", ()))]
    below += [(f"{place}NAME.", named) for named in key.get("patternProperties", {}).values()]
    below += [(f"{place}0.", key["items"])] if isinstance(key.get("items"), dict) else []
    return [section for place, held in below for section in _sections(root, held, place)]


def _values(root: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    choices = [choice for choice in key.get("anyOf", [key]) if choice.get("type") != "null"]
    null = ", or null" if len(choices) < len(key.get("anyOf", [key])) else ""
    single = any(not place for place, _ in _sections(root, key))
    words = "a section" if single else " or ".join(map(_words, choices))
    return words + null


def _words(key: Mapping[str, Any]) -> str:
    if "enum" in key or "const" in key:
        values = key.get("enum", [key.get("const")])
        return ", ".join(map(_yaml, values))
    kinds = {
        "integer": "a whole number", "number": "a number", "boolean": "true or false",
        "string": "text", "array": "a list", "object": "a section",
    }  # fmt: skip
    words = kinds.get(str(key.get("type")), "any value")
    words = "sections by name" if "patternProperties" in key else words
    bounds = {
        "minimum": "{:,} or more", "exclusiveMinimum": "above {:,}",
        "maximum": "at most {:,}", "exclusiveMaximum": "below {:,}",
    }  # fmt: skip
    limits = [text.format(key[bound]) for bound, text in bounds.items() if bound in key]
    return ", ".join([words, *limits])


def _default(key: Mapping[str, Any]) -> str:
    if "default" not in key or isinstance(key["default"], dict):
        return ""
    return _yaml(key["default"])


def _yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value) or "''"
