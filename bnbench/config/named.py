"""Experiments and studies by name: from the working folder's ``configs``, else bnbench's own."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from bnbench.errors import BnbenchError
from bnbench.foreign import entries, is_folder, there_is

Kind = Literal["experiment", "study"]
OWN = Path("configs")
STUDIES = "studies"


def named(kind: Kind) -> dict[str, Path]:
    """List the files that may be given by name: ``lenet5``, ``published/mlp``; ``headline``.

    Those of the working folder's ``configs`` stand in for bnbench's own of the same name.
    """
    found: dict[str, Path] = {}
    for folder in (_shipped(), OWN):
        below = folder / STUDIES if kind == "study" else folder
        for path in sorted(below.rglob("*.yaml")):
            name = path.relative_to(below).with_suffix("").as_posix()
            if kind == "study" or not name.startswith(f"{STUDIES}/"):
                found[name] = path
    return found


def study_file(name: str) -> Path | None:
    """Find the file of one study by its name, without a look at all the others."""
    files = (folder / STUDIES / f"{name}.yaml" for folder in (OWN, _shipped()))
    return next(filter(there_is, files), None)


def study_given(path: str) -> str:
    """How a command takes a study: by its name, if it has one, else by its file."""
    return {str(file): name for name, file in named("study").items()}.get(path, path)


def config_file(given: str | Path, kind: Kind) -> Path:
    """Find the file of an experiment or a study, given by its path or its name."""
    path = Path(given)
    known = named(kind) if is_folder(path) or not there_is(path) else {}
    if path.as_posix() in known:  # a folder here may just have the name of an experiment
        return known[path.as_posix()]
    if is_folder(path):
        raise BnbenchError(
            f"{given}: is a folder, and no file of {WITH_ARTICLE[kind]}; --results names a folder"
            " of runs"
        )
    if there_is(path):
        return path
    other: Kind = "experiment" if kind == "study" else "study"
    if path.as_posix() in named(other):
        raise _of_other_kind("name", given, other, kind)
    if "=" in str(given):
        raise BnbenchError(f"{given}: is no {kind}; a setting is given as -o {given}")
    absent = f"cannot be read: there is no such file, and no {kind} of that name"
    raise BnbenchError(f"{given}: {absent}; {_nearest(path, known)}")


WITH_ARTICLE: dict[Kind, str] = {"experiment": "an experiment", "study": "a study"}
EXAMPLES: dict[Kind, str] = {"experiment": "lenet5", "study": "headline"}
COMMANDS: dict[Kind, tuple[str, str]] = {
    "experiment": ("train", "trains"), "study": ("reproduce", "runs"),
}  # fmt: skip
"""The command that takes the kind, and what it does with it."""


def refuse_other_kind(values: dict[str, object], path: Path, kind: Kind) -> None:
    """Say in one line that a file is a study's where an experiment's is needed, or the reverse."""
    other: Kind = "experiment" if kind == "study" else "study"
    if kind not in values and other in values:
        raise _of_other_kind("file", path, other, kind)


def _of_other_kind(what: str, given: str | Path, is_of: Kind, needed: Kind) -> BnbenchError:
    return BnbenchError(
        f"{given}: is the {what} of {WITH_ARTICLE[is_of]}; give {WITH_ARTICLE[needed]}, such as"
        f" {EXAMPLES[needed]}; `bnbench {COMMANDS[is_of][0]} {given}` {COMMANDS[is_of][1]} it"
    )


def file_without_ending(given: Path) -> str | None:
    """Find the YAML file that is there if the ending is added."""
    files = (f"{given}{ending}" for ending in (".yaml", ".yml"))
    return next((file for file in files if there_is(Path(file))), None)


def _nearest(path: Path, known: dict[str, Path]) -> str:
    """Suggest the file whose ending was left out, else the nearest file there, or name."""
    if whole := file_without_ending(path):
        return f"did you mean {whole}?"
    files = entries(path.parent, "*.y*ml") if path.suffix and is_folder(path.parent) else []
    beside = {file.name: str(file) for file in files}
    near = get_close_matches(path.name, beside, n=1)
    if near:
        return f"did you mean {beside[near[0]]}?"
    names = get_close_matches(path.with_suffix("").as_posix(), known, n=1, cutoff=0.5)
    return f"did you mean {names[0]}?" if names else f"the names are: {', '.join(known)}"


def shipped_schema() -> dict[str, Any]:
    """What an experiment's file may hold, as `bnbench schema` has written it."""
    text = (_shipped() / "schema/experiment.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _shipped() -> Path:
    """Find the configs that came with the package: in a wheel inside it, in a checkout beside."""
    package = Path(__file__).parents[1]
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"
