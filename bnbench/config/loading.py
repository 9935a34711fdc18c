"""A YAML file and overrides in, a checked `Experiment` out, or every problem at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bnbench.config.marks import parse, read_text, read_yaml
from bnbench.config.named import config_file, refuse_other_kind
from bnbench.config.problems import problems_of
from bnbench.config.schema import Experiment
from bnbench.errors import BnbenchError, each

DECIDES_NO_NUMBER = {"experiment", "description", "published"}
HOW_IT_IS_DONE = (
    "training.device:", "training.threads:", "training.stack:", "training.cuda_graph:",
    "training.kernels:", "training.keep_state:",
)  # fmt: skip
ADDED_LATER: dict[tuple[str, str], Any] = {
    ("data", "class_shares"): None,
    ("data", "order"): "file",
    ("data", "split_seed"): 0,
    ("model", "dropout"): 0.0,
    ("model", "normalization"): None,
    ("model", "widths"): None,
    ("training", "early_stopping"): None,
    ("training", "evaluate_every"): None,
    ("training", "schedule"): None,
    ("training", "shuffled"): "images",
    ("training", "stack"): None,
    ("training", "cuda_graph"): True,
}
"""Keys that the first release did not have, with what it did: so set, they leave the hash alone,
and runs that were made before a key existed stay good."""


class Override(NamedTuple):
    """One setting that is changed: a dotted key, a plain value, and where that is written."""

    key: str
    value: Any
    place: str


def load_experiment(
    path: str | Path,
    overrides: Sequence[str] = (),
    device: str | None = None,
    stack: int | None = None,
    name: str | None = None,
) -> Experiment:
    """Load and check one experiment.

    Parameters
    ----------
    path : str or Path
        A YAML file such as ``configs/lenet5.yaml``, or its name, ``lenet5``.
    overrides : sequence of str
        ``key=value`` with dotted keys, such as ``training.optimizer.learning_rate=0.01``. The
        experiment's name takes them on, so that its runs get a folder of their own.
    device : str, optional
        Override of ``training.device`` that leaves the name as it is.
    stack : int, optional
        Likewise of ``training.stack``.
    name : str, optional
        In place of the experiment's own, whatever the overrides.
    """
    path = config_file(path, "experiment")
    values, places = read_mapping(path, "experiment")
    for change in (*read_overrides(overrides), *given_by_options(device, stack)):
        _set(values, places, *change)
    if overrides and isinstance(values.get("experiment"), str):
        values["experiment"] = _overridden_name(values["experiment"], overrides)
    if any(text.startswith("model.name=") for text in overrides):
        values.pop("description", None)  # it is of the architecture that the file names
    if name is not None:
        _set(values, places, "experiment", name, f"--name {name}")
    return _checked_experiment(values, places, path)


_STORED: dict[str, tuple[str, Experiment]] = {}
"""Text of a run's configuration -> the path where it was first seen, and what it says."""


def load_stored(path: Path) -> Experiment:
    """Load the configuration that a run keeps, which all seeds of an experiment share.

    A text that is known is not parsed again: a fifth of the time that a run's files take to read.
    """
    text = read_text(path)
    if text not in _STORED:
        _STORED[text] = str(path), load_experiment(path)
    first, experiment = _STORED[text]
    copy = experiment.model_copy()
    copy._places = {
        key: f"{path}{place.removeprefix(first)}" for key, place in experiment._places.items()
    }
    return copy


def load_variant(path: Path, overrides: Iterable[Override], name: str | None) -> Experiment:
    """Load one experiment of a study: a base config with some settings changed.

    Parameters
    ----------
    path : Path
        Of the base config.
    overrides : iterable of Override
        In order: a later one of the same key counts.
    name : str or None
        The variant's name; ``None`` keeps the base config's.
    """
    values, places = read_mapping(path, "experiment")
    for key, value, place in overrides:
        _set(values, places, key, deepcopy(value), place)
    if name is not None:
        values["experiment"] = name
    return _checked_experiment(values, places, path)


def read_mapping(
    path: Path, what: Literal["experiment", "study", "claims"]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a YAML file that must hold keys; see `bnbench.config.marks.read_yaml`."""
    values, places = read_yaml(path)
    if not isinstance(values, dict):
        raise BnbenchError(f"{path}: is no {what}; it must hold keys such as `{what}:`")
    if what != "claims":
        refuse_other_kind(values, path, what)
    return values, places


Schema = TypeVar("Schema", bound=BaseModel)


def checked(
    schema: type[Schema],
    values: dict[str, Any],
    places: dict[str, str],
    file: str | Path,
    section: str = "",
) -> Schema:
    """Validate what was read from a file against its schema, or a section of it."""
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        problems = problems_of(error, schema, values, places, str(file), section)
        raise BnbenchError(*problems) from None


def _checked_experiment(
    values: dict[str, Any], places: dict[str, str], path: str | Path
) -> Experiment:
    experiment = checked(Experiment, values, places, path)
    experiment._places.update(places)
    return experiment


def checked_section(experiment: Experiment, key: str, schema: type[Schema]) -> Schema:
    """Check a section whose schema is another module's: the one registered under a name in it.

    Parameters
    ----------
    key : str
        Dotted, such as ``model.normalization`` or ``probes.0``.
    schema : type of BaseModel
        Of the section.
    """
    section: Any = experiment
    for part in key.split("."):
        section = section[int(part)] if isinstance(section, tuple) else getattr(section, part)
    values = section.model_dump(exclude_unset=True)
    within = (place for place in experiment._places if place.startswith(f"{key}."))
    places = {place.removeprefix(f"{key}."): experiment._places[place] for place in within}
    file = experiment.place(key).removesuffix(f": {key}")
    return checked(schema, values, places, file, f"{key}.")


def dump_experiment(experiment: Experiment) -> str:
    """Write an experiment as YAML with every setting spelt out."""
    return yaml.safe_dump(
        experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
    )


def configuration_hash(experiment: Experiment) -> str:
    """Hash the settings that decide the numbers: SHA-256 of their canonical JSON, hex."""
    settings = experiment.model_dump(mode="json", exclude=DECIDES_NO_NUMBER)
    # what it comes to is compared by itself: `Identity.kernels`
    del settings["training"]["kernels"]
    del settings["training"]["keep_state"]
    for (section, key), as_before in ADDED_LATER.items():
        if settings[section][key] == as_before:
            del settings[section][key]
    if settings["training"]["initialization"]["scale"] == 1:
        del settings["training"]["initialization"]["scale"]
    if not experiment.probes:
        del settings["probes"]
    return hash_of_json(settings)


def hash_of_json(content: Mapping[str, Any]) -> str:
    """SHA-256, hex, of plain data as JSON in ASCII, the names in order, without white space."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


EPOCH_BY_EPOCH = ("constant", "step")
"""Schedules whose rates do not depend on how many epochs follow."""


def is_open_ended(experiment: Experiment) -> bool:
    """Whether its states are those of a longer run, too, and the last of them is kept."""
    training = experiment.training
    schedule = training.schedule is None or training.schedule.name in EPOCH_BY_EPOCH
    return training.keep_state and schedule and training.stack is None and not experiment.probes


def hash_of_states(experiment: Experiment) -> str:
    """Hash the settings that decide a run's states; their number is left out if it decides none."""
    if is_open_ended(experiment):
        training = experiment.training.model_copy(update={"epochs": 1})
        experiment = experiment.model_copy(update={"training": training})
    return configuration_hash(experiment)


def differing_keys(first: Experiment, second: Experiment) -> list[str]:
    """List the settings in which two experiments differ, as ``key: a there, b here``."""
    if dict(first) == dict(second):  # as nearly always: a tenth of reading a study is saved
        return []
    old, new = (
        dict(_flat(experiment.model_dump(mode="json", exclude=DECIDES_NO_NUMBER)))
        for experiment in (first, second)
    )
    return [
        f"{key}: {old.get(key)} there, {new.get(key)} here"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def differing_recipe(first: Experiment, second: Experiment) -> list[str]:
    """List `differing_keys` but for those that say where and how a run is done.

    By these a run's numbers differ as two seeds do not: by rounding. Its findings are the same.
    """
    return [line for line in differing_keys(first, second) if not line.startswith(HOW_IT_IS_DONE)]


def _flat(values: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(values, dict):
        yield key, values
        return
    for name, value in values.items():
        yield from _flat(value, f"{key}.{name}" if key else name)


def read_overrides(texts: Iterable[str]) -> list[Override]:
    """Read what ``-o`` is given, such as ``training.epochs=3``."""
    return each(_override, texts)


def _override(text: str) -> Override:
    key, equals, value = text.partition("=")
    place = f"-o {text}"
    if not equals:
        raise BnbenchError(f"{place}: must read key=value, such as training.epochs=3")
    if any(value.count(begin) > value.count(end) for begin, end in ("{}", "[]")):
        raise BnbenchError(
            f"-o {text!r} ends before its bracket is closed; put quotes around all of it, as in"
            " -o 'model.normalization={kind: batch}'"
        )
    parsed = parse(value, place)[0]
    if isinstance(parsed, dict) and any(":" in name for name in parsed):
        raise BnbenchError(f"{place}: put a space after each colon, and quotes around all of it")
    return Override(key.strip(), parsed, place)


def given_by_options(device: str | None, stack: int | None) -> Iterator[Override]:
    """List what options of a command's own put in place of a config's settings."""
    if device is not None:
        yield Override("training.device", device, f"--device {device}")
    if stack is not None:
        yield Override("training.stack", stack, f"--stack {stack}")


def _set(values: dict[str, Any], places: dict[str, str], key: str, value: Any, place: str) -> None:
    """Set a dotted key, and note where that was written."""
    if not all(key.split(".")):
        raise BnbenchError(f"{place}: must name a key, such as training.epochs")
    *parents, last = key.split(".")
    section = values
    for depth, parent in enumerate(parents, 1):
        if section.get(parent) is None:  # a section that is null becomes one
            section[parent] = _begun(parents[:depth])
            places[".".join(parents[:depth])] = place
        section = section[parent]
        if not isinstance(section, dict):
            raise BnbenchError(f"{place}: {parent} is a value, not a section")
    if not parents and value and isinstance(value, dict) and isinstance(section.get(last), dict):
        raise BnbenchError(
            f"{place}: would replace all of `{last}:`; name its keys with dots, such as"
            f" {last}.{next(iter(value))}"
        )
    section[last] = value
    for stale in [known for known in places if known == key or known.startswith(key + ".")]:
        del places[stale]
    places[key] = place


def _begun(path: Sequence[str]) -> dict[str, Any]:
    """Begin a section that a config leaves out: one of several kinds has the default's name."""
    schema: Any = Experiment
    default: Any = None
    for key in path:
        field = getattr(schema, "model_fields", {}).get(key)
        default = field and field.get_default(call_default_factory=True)
        schema = type(default)
    name = getattr(default, "name", None)
    return {"name": name} if name and isinstance(default, BaseModel) else {}


def _overridden_name(name: str, overrides: Iterable[str]) -> str:
    """Add the overrides to a name; too long or odd ones by the first digits of their hash."""
    last = {text.partition("=")[0].strip(): text.replace(" ", "") for text in overrides}
    suffix = ",".join(sorted(last.values()))  # of a key that is given twice, the later one counts
    plain = all(letter.isalnum() or letter in "_.,=+-" for letter in suffix) and suffix.isascii()
    if not plain or len(suffix) > 100:
        suffix = hashlib.sha256(suffix.encode()).hexdigest()[:12]
    return f"{name}@{suffix}"
