"""What a schema refuses, in the words of the file: place, key, what is wrong, the remedy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bnbench.config.places import place_of
from bnbench.errors import more_than_told
from bnbench.registry import unknown

SAID = "said"
"""Kind of a problem whose message says all of it, and is not followed by the value."""

PLACE = re.compile(r":(\d+):(\d+): ")
MOST_TOLD = 200
"""Problems of one file; nobody reads more, and each is compared with every name there is."""


def problems_of(
    error: ValidationError,
    schema: type[BaseModel],
    values: dict[str, Any],
    places: Mapping[str, str],
    file: str,
    section: str = "",
) -> list[str]:
    """One line a problem, ``place: key: what; remedy``, in the order of the file.

    Parameters
    ----------
    schema : type of BaseModel
        That refused the values.
    values : dict
        As they were read from the file.
    places : mapping of str to str
        Dotted key -> ``file:line:column``.
    file : str
        Named where a key has no place.
    section : str, default ""
        Put in front of each key: the schema is of this section, such as ``model.``.
    """
    details = error.errors()
    lines = (
        _explain(detail, schema, values, places, file, section)
        for detail in details[:MOST_TOLD]
        if not _follows(detail, details)
    )
    more = (f"{file}: {line}" for line in more_than_told(len(details), MOST_TOLD))
    return [*sorted(dict.fromkeys(lines), key=_line_and_column), *more]


def _line_and_column(problem: str) -> tuple[float, ...]:
    """Read where a problem is; what no file says, such as an override, comes last."""
    place = PLACE.search(problem)
    return tuple(map(float, place.groups())) if place else (math.inf,)


def _follows(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Say whether a problem is only another's: a list short of bad items, a key misspelt."""
    *section, key = detail["loc"]
    if detail["type"] == "too_short":
        count = len(detail["loc"])
        return any(item["loc"][:count] == detail["loc"] != item["loc"] for item in details)
    if detail["type"] != "missing":
        return False
    misspelt = [str(detail["loc"][-1]) for detail in details if detail["type"] == "extra_forbidden"
                and list(detail["loc"][:-1]) == section]  # fmt: skip
    return bool(get_close_matches(str(key), misspelt[:MOST_TOLD], n=1))


def _explain(
    detail: ErrorDetails,
    schema: type[BaseModel],
    values: dict[str, Any],
    places: Mapping[str, str],
    file: str,
    section: str,
) -> str:
    parts = list(_written_parts(detail["loc"], values))
    key = ".".join(parts)
    where = place_of(places, key, file, section)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        keys = _keys_at(schema, detail["loc"][:-1])
        return f"{where}: there is no such key; {_suggest(schema, parts, keys, where)}"
    if kind == "missing":
        return f"{where}: is missing; add it"
    if kind == SAID:
        return f"{where}: {detail['msg']}"
    if kind == "union_tag_invalid":
        tag = context["discriminator"].strip("'")
        place = place_of(places, f"{key}.{tag}", file, section)
        known = re.findall("'([^']*)'", context["expected_tags"])
        kind_of = parts[-1] if tag == "name" else tag
        return str(unknown(kind_of, context["tag"], known, place))
    if kind == "union_tag_not_found":
        tag = context["discriminator"].strip("'")
        chosen = f"; choose {NAMES[parts[-1]]}" if parts[-1] in NAMES else "; add it"
        return f"{where}.{tag}: is missing{chosen}"
    if detail["loc"][-1] == "[key]":
        return f"{where}: {SENTENCES[kind](context)}"
    given = json.dumps(detail["input"], default=str, ensure_ascii=False)
    words = SENTENCES[kind](context) if kind in SENTENCES else detail["msg"]
    if len(parts) < len(detail["loc"]) and detail["loc"][-1] in ONE_OF_SEVERAL:
        words = "must be one value: text, a number, true, false or null"
    return f"{where}: {words}, not {given[:80]}"


NAMES = {"optimizer": "adam or sgd", "schedule": "constant, step, cosine or one_cycle"}
"""Sections of several kinds, and the names of these."""

Context = Mapping[str, Any]

SENTENCES: dict[str, Callable[[Context], str]] = {
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "bool_type": lambda _: "must be true or false",
    "string_type": lambda _: "must be text in quotes",
    "string_too_short": lambda _: "must not be empty",
    "string_pattern_mismatch": lambda context: _name_of(context["pattern"]),
    "tuple_type": lambda _: "must be a list in brackets",
    "too_short": lambda context: f"must hold {context['min_length']} or more values",
    "dict_type": lambda _: "must be a section of keys and values",
    "model_type": lambda _: "must be a section of keys and values",
    "model_attributes_type": lambda _: "must be a section of keys and values",
    "literal_error": lambda context: f"must be {context['expected']}",
    "greater_than": lambda context: f"must be above {context['gt']:g}",
    "greater_than_equal": lambda context: f"must be {context['ge']:,g} or more",
    "less_than": lambda context: f"must be below {context['lt']:g}",
    "less_than_equal": lambda context: f"must be {context['le']:,.10g} or less",
    "value_error": lambda context: str(context["error"]),
}
"""Pydantic's kinds of problems -> what the value must be."""

ONE_OF_SEVERAL = {"str", "int", "float", "bool"}
"""Where a value may be of several types, pydantic names each of them as if it were a key."""


SHORT_QUESTION = r"^\S+( \S+){1,7}$"


def _name_of(pattern: str) -> str:
    """Say what a name may hold, from its pattern."""
    if pattern == SHORT_QUESTION:
        return "must be two to eight words"
    signs = [sign for sign in "_.,=+@-/" if sign in pattern.replace("A-Za-z0-9", "")]
    return (
        "must be a name that begins with a letter from A to Z, small or large, or a digit, and"
        " holds only these and " + " ".join(signs)
    )


def _written_parts(location: tuple[int | str, ...], values: Any) -> Iterator[str]:
    """Leave out of pydantic's location what is no key of the file: the tag of a union."""
    for position, part in enumerate(location):
        in_list = isinstance(values, list) and isinstance(part, int)
        if in_list or (isinstance(values, dict) and part in values):
            values = values[part]
        elif position < len(location) - 1 or part == "[key]" or part in ONE_OF_SEVERAL:
            continue
        yield str(part)


def _suggest(schema: type[BaseModel], parts: Sequence[str], here: Sequence[str], where: str) -> str:
    """Name the keys that may be meant: here, or of the same name in the sections below or else."""
    *section, key = parts
    meant = ALIASES.get(key, key)
    if near := [meant] if meant in here else get_close_matches(meant, here, n=1, cutoff=0.6):
        return _did_you_mean([".".join([*section, *near])] if where.startswith("-o ") else near)
    known = dotted_keys(schema)
    below = [name for name in known if name.startswith(".".join([*section, ""]))]
    of_another_kind = ".".join(parts) in known
    for names in () if of_another_kind else (below, known):
        last = [name.rpartition(".")[2] for name in names]
        near = [meant] if meant in last else get_close_matches(meant, last, n=1, cutoff=0.8)
        found = [name for name, end in zip(names, last, strict=True) if end in near]
        if section and (top := [name for name in found if "." not in name]):
            return _at_the_top(top[0], here)
        if found:
            return _did_you_mean(found)
    return f"the keys here are: {', '.join(here)}"


def _at_the_top(key: str, here: Sequence[str]) -> str:
    """Say where a key belongs that is none of a section: its bare name would not say it."""
    also = NAMED_UNDER.get(key)
    naming = f"; here its names go under `{also}`" if also in here else ""
    return f"`{key}` stands at the top of the file{naming}"


NAMED_UNDER = {"changes": "contrasts"}
"""Keys at the top of a file -> what a section calls the list of names that stand there."""


def _did_you_mean(keys: Sequence[str]) -> str:
    *others, last = map(repr, keys)
    return f"did you mean {' or '.join(filter(None, [', '.join(others), last]))}?"


ALIASES = {
    "lr": "learning_rate", "rate": "learning_rate", "batchsize": "batch_size", "bs": "batch_size",
    "bn": "batch_norm", "batchnorm": "batch_norm", "n_epochs": "epochs", "opt": "optimizer",
}  # fmt: skip
"""What other programs call a key."""


def dotted_keys(model: type[BaseModel], before: str = "") -> list[str]:
    """List every key that a file of a schema may hold, but for those below names of its own."""
    keys: dict[str, None] = {}
    for name, field in model.model_fields.items():
        keys[f"{before}{name}"] = None
        if get_origin(field.annotation) not in (dict, tuple):
            for section in models_in(field.annotation):
                keys |= dict.fromkeys(dotted_keys(section, f"{before}{name}."))
    return list(keys)


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """List the keys that the section at pydantic's `location` may hold."""
    models = [model]
    for part in map(str, location):
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        if fields:
            models = [found for field in fields for found in models_in(field.annotation)]
        else:  # the tag of a union: keep the member that carries it; or a name of the user's
            models = [model for model in models if part in _tags(model)] or models
    return list(dict.fromkeys(name for model in models for name in model.model_fields))


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    """List the names of a member of a union, which its ``name`` or ``rule`` takes."""
    fields = [model.model_fields[key] for key in ("name", "rule") if key in model.model_fields]
    return tuple(tag for field in fields for tag in get_args(field.annotation))


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """List the sections that a key may hold, by its type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in models_in(part)]
