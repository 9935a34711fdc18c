"""The JSON Schema of the configs, held to another validator: ours pass, slips do not."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bnbench.cli.schema import described
from bnbench.config.json_schema import keys


class Yaml12(yaml.SafeLoader):
    """Reads as editors do: 1e-3 is a number, and ``yes`` a word."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"])
Yaml12.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


@cache
def validator(*, study: bool) -> Any:
    schema = described(study=study)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Yaml12)


def test_shipped_files_pass_and_name_their_schema(root: Path) -> None:
    for path in [*sorted((root / "configs").rglob("*.yaml")), *(root / "examples").glob("*.yaml")]:
        study = path.parent.name in ("studies", "examples")
        errors = list(validator(study=study).iter_errors(read(path)))
        assert not errors, (path, errors[0].message)
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        named = (path.parent / first.partition("=")[2]).resolve()
        assert named == root / f"configs/schema/{'study' if study else 'experiment'}.json"


RENEW = "a key has changed: make schema"


@pytest.mark.parametrize("name", ["experiment", "study"])
def test_the_schema_beside_the_configs_has_today_s_keys(root: Path, name: str) -> None:
    text = (root / f"configs/schema/{name}.json").read_text(encoding="utf-8")
    assert bare(json.loads(text)) == bare(described(study=name == "study")), RENEW


def bare(value: Any) -> Any:
    """Leave out the descriptions, which may be reworded."""
    if isinstance(value, dict):
        return {
            key: bare(one)
            for key, one in value.items()
            if not (key == "description" and isinstance(one, str))
        }
    return [bare(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "slip",
    [
        {"training": {"epoch": 3}},
        {"training": {"epochs": 0}},
        {"training": {"optimizer": {"name": "adam", "momentum": 0.9}}},
        {"training": {"optimizer": {"name": "adam", "learning_rate": 0}}},
        {"model": {"name": "LeNet5", "normalization": {"kind": "grup"}}},
        {"model": {"name": "LeNet5", "normalization": {"kind": "batch", "groups": 2}}},
        {"model": {}},
    ],
)
def test_slips_are_marked(slip: dict[str, Any]) -> None:
    good = {"experiment": "x", "model": {"name": "LeNet5"}}
    assert validator(study=False).is_valid(good)
    assert not validator(study=False).is_valid(good | slip)


@pytest.mark.parametrize(
    ("page", "study", "without"),
    # The bytes of schema.py count for every run: a meaning there would orphan them all.
    [("keys.md", False, ["probes.0.kind"]), ("study-keys.md", True, [])],
)
def test_every_key_has_a_meaning_and_is_documented(
    root: Path, page: str, study: bool, without: list[str]
) -> None:
    there = keys(described(study=study))
    assert [key.name for key in there if not key.meaning] == without
    rows = (root / "docs" / page).read_text(encoding="utf-8").splitlines()
    documented = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert documented == [key.name for key in there], RENEW
