"""A YAML file and overrides in, a checked `Experiment` out, or every problem at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bnbench.config.marks import parse, read_yaml
from bnbench.config.schema import Experiment
from bnbench.errors import BnbenchError

DECIDES_NO_NUMBER = {"experiment", "description", "published"}
ADDED_LATER: dict[tuple[str, str], Any] = {
    ("model", "dropout"): 0.0,
    ("training", "evaluate_every"): None,
}
"""Keys that the first release did not have, with what it did: so set, they leave the hash alone,
and runs that were made before a key existed stay good."""


def load_experiment(
    path: str | Path, overrides: Sequence[str] = (), device: str | None = None
) -> Experiment:
    """Load and check one experiment.

    Parameters
    ----------
    path : str or Path
        A YAML file such as ``configs/lenet5.yaml``.
    overrides : sequence of str
        ``key=value`` with dotted keys, such as ``training.optimizer.learning_rate=0.01``. The
        experiment's name takes them on, so that its runs get a folder of their own.
    device : str, optional
        Override of ``training.device`` that leaves the name as it is.

    Returns
    -------
    Experiment

    Raises
    ------
    BnbenchError
        With one line a problem: ``file:line:column: key``, what is wrong, and the remedy.
    """
    values, places = read_mapping(Path(path), "experiment")
    for text in overrides:
        _override(values, places, text)
    if device is not None:
        _override(values, places, f"training.device={device}")
    if overrides and isinstance(values.get("experiment"), str):
        values["experiment"] = _overridden_name(values["experiment"], overrides)
    return _checked_experiment(values, places, path)


def load_variant(
    path: Path, overrides: Mapping[str, Any], name: str | None, place: str
) -> Experiment:
    """Load one experiment of a study: a base config with some settings changed.

    Parameters
    ----------
    path : Path
        Of the base config.
    overrides : mapping of str to Any
        Dotted key -> plain value.
    name : str or None
        The variant's name; ``None`` keeps the base config's.
    place : str
        Where the overrides are written, for errors.
    """
    values, places = read_mapping(path, "experiment")
    for key, value in overrides.items():
        _set(values, places, key, deepcopy(value), place)
    if name is not None:
        values["experiment"] = name
    return _checked_experiment(values, places, path)


def read_mapping(path: Path, what: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a YAML file that must hold keys; see `bnbench.config.marks.read_yaml`."""
    values, places = read_yaml(path)
    if not isinstance(values, dict):
        raise BnbenchError(f"{path}: is no {what}; it must hold keys such as `{what}:`")
    return values, places


Schema = TypeVar("Schema", bound=BaseModel)


def checked(
    schema: type[Schema], values: dict[str, Any], places: dict[str, str], path: str | Path
) -> Schema:
    """Validate what was read from a file against its schema.

    Raises
    ------
    BnbenchError
        With one line a problem, at its place in the file.
    """
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        problems = [_explain(one, values, places, str(path), schema) for one in error.errors()]
        raise BnbenchError("\n".join(problems)) from None


def _checked_experiment(
    values: dict[str, Any], places: dict[str, str], path: str | Path
) -> Experiment:
    experiment = checked(Experiment, values, places, path)
    experiment._places.update(places)
    return experiment


def dump_experiment(experiment: Experiment) -> str:
    """Write an experiment as YAML with every setting spelt out."""
    return yaml.safe_dump(
        experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
    )


def configuration_hash(experiment: Experiment) -> str:
    """Hash the settings that decide the numbers: SHA-256 of their canonical JSON, hex."""
    settings = experiment.model_dump(mode="json", exclude=DECIDES_NO_NUMBER)
    for (section, key), as_before in ADDED_LATER.items():
        if settings[section][key] == as_before:
            del settings[section][key]
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differing_keys(there: Experiment, here: Experiment) -> list[str]:
    """List the settings in which two experiments differ, as ``key: a there, b here``."""
    old, new = (
        dict(_flat(experiment.model_dump(mode="json", exclude=DECIDES_NO_NUMBER)))
        for experiment in (there, here)
    )
    return [
        f"{key}: {old.get(key)} there, {new.get(key)} here"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _flat(values: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(values, dict):
        yield key, values
        return
    for name, value in values.items():
        yield from _flat(value, f"{key}.{name}" if key else name)


def _override(values: dict[str, Any], places: dict[str, str], text: str) -> None:
    key, equals, value = text.partition("=")
    if not equals:
        raise BnbenchError(f"-o {text}: must read key=value, such as training.epochs=3")
    _set(values, places, key.strip(), parse(value, f"-o {text}")[0], f"-o {text}")


def _set(values: dict[str, Any], places: dict[str, str], key: str, value: Any, place: str) -> None:
    """Set a dotted key, and note where that was written."""
    if not all(key.split(".")):
        raise BnbenchError(f"{place}: must name a key, such as training.epochs")
    *parents, last = key.split(".")
    section = values
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            raise BnbenchError(f"{place}: {parent} is a value, not a section")
    section[last] = value
    for stale in [known for known in places if known == key or known.startswith(key + ".")]:
        del places[stale]
    places[key] = place


def _overridden_name(name: str, overrides: Iterable[str]) -> str:
    """Add the overrides to a name; too long or odd ones by the first digits of their hash."""
    suffix = ",".join(sorted(text.replace(" ", "") for text in overrides))
    plain = all(letter.isalnum() or letter in "_.,=+-" for letter in suffix) and suffix.isascii()
    if not plain or len(suffix) > 100:
        suffix = hashlib.sha256(suffix.encode()).hexdigest()[:12]
    return f"{name}@{suffix}"


def _explain(
    detail: ErrorDetails,
    values: dict[str, Any],
    places: dict[str, str],
    file: str,
    schema: type[BaseModel],
) -> str:
    """Turn one of pydantic's problems into ``place: key: what; remedy``."""
    parts = _written_parts(detail["loc"], values)
    key = ".".join(parts)
    nearest = key
    while nearest and nearest not in places:
        nearest = nearest.rpartition(".")[0]
    where = f"{places.get(nearest, file)}: {key}"
    if detail["type"] == "extra_forbidden":
        return f"{where}: there is no such key; {_suggest(schema, detail['loc'], parts[-1])}"
    if detail["type"] == "missing":
        return f"{where}: is missing"
    if detail["type"] == "union_tag_invalid":
        context = detail["ctx"]
        place = places.get(f"{key}.name", file)
        return f"{place}: {key}.name: {context['tag']!r} is none of {context['expected_tags']}"
    if detail["type"] == "union_tag_not_found":
        return f"{where}.name: is missing; choose adam or sgd"
    given = json.dumps(detail["input"], default=str, ensure_ascii=False)
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{where}: {message.removeprefix('value error, ')}, not {given[:80]}"


def _written_parts(location: tuple[int | str, ...], values: Any) -> list[str]:
    """Leave out of pydantic's location what is no key of the file: the tag of a union."""
    parts: list[str] = []
    for position, part in enumerate(location):
        if isinstance(values, dict) and part in values:
            values = values[part]
        elif isinstance(values, list):
            values = values[int(part)]
        elif position < len(location) - 1:
            continue
        parts.append(str(part))
    return parts


def _suggest(schema: type[BaseModel], location: tuple[int | str, ...], key: str) -> str:
    names = _keys_at(schema, location[:-1])
    near = get_close_matches(key, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"the keys here are: {', '.join(names)}"


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """List the keys that the section at pydantic's `location` may hold."""
    models = [model]
    for part in map(str, location):
        fields = [one.model_fields[part] for one in models if part in one.model_fields]
        if fields:
            models = [found for field in fields for found in _models_in(field.annotation)]
        else:  # the tag of a union: keep the member that carries it; or a name of the user's
            models = [one for one in models if part in _tags(one)] or models
    return list(dict.fromkeys(name for one in models for name in one.model_fields))


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["name"].annotation) if "name" in model.model_fields else ()


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]
