"""What a study set out to ask, written down when its first run starts.

``<results>/studies/<study>.json`` keeps the questions, contrasts, margins and rules, so that a
reader can tell whether they were chosen before the numbers were seen. The manifest of each run
that the study begins has their hash.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bnbench.config import Change, PlannedContrast, Study, hash_of_json
from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign, there_is
from bnbench.runs import Manifest, run_directory, write_text
from bnbench.runs.packed import STUDIES
from bnbench.words import counted

PARTS = {
    "question": "the question",
    "contrasts": "comparison",
    "changes": "difference of comparisons",
    "asks": "the parts of the question",
    "brief": "the short questions",
    "claims": "the study's own claims",
    "tests": "claim test",
}
"""What is written down -> what it is called; of what has names, a single one."""

SAID_OF_ANY_TIME = (
    "; seeds were added while they were undecided, so intervals and p are of the any-time kind,"
    " which holds at every number of seeds"
)

Tests = Mapping[str, Any]
"""What claims ask of a study; see `bnbench.claims.tests_of`."""


class Registration(BaseModel):
    """A study's questions as they stood when its first run started.

    Attributes
    ----------
    runs_before : int
        Runs of the study that were there already.
    any_time : bool
        Whether seeds are added until the questions are decided; see `Study.any_time`.
    asks : dict
        Questions, contrasts and claims; see `questions_of`.
    file : str
        The study's file, as seen from the folder that the command was run in; empty if it lies
        elsewhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    registered: datetime
    runs_before: int
    any_time: bool
    asks: dict[str, Any]
    file: str = ""

    @property
    def sha256(self) -> str:
        """Hash of what the study asks; see `bnbench.config.hash_of_json`."""
        return hash_of_json(self.asks)


def questions_of(study: Study, tests: Tests) -> dict[str, Any]:
    """List all that decides what a study's numbers mean, as plain data."""
    return {
        "question": study.question,
        "contrasts": {contrast.name: _planned(contrast) for contrast in study.contrasts},
        "changes": {change.name: _planned(change) for change in study.changes},
        "asks": [ask.model_dump(mode="json") for ask in study.answered_by],
        "brief": [row.model_dump(mode="json") for row in study.brief],
        "claims": [dict(claim) for claim in study.claims],
        "tests": dict(tests),
        "seeds": len(study.seeds),
    }


def register(study: Study, results: Path, tests: Tests, *, any_time: bool = False) -> Registration:
    """Write down what a study asks, unless that was done before.

    A study that is once judged at any time stays so: it has been looked at.
    """
    known = read_registration(study, results)
    if known is not None and (known.any_time or not any_time):
        return known
    new = Registration(
        study=study.name,
        registered=known.registered if known else datetime.now(UTC).replace(microsecond=0),
        runs_before=known.runs_before if known else _runs(study, results),
        any_time=any_time,
        asks=known.asks if known else questions_of(study, tests),
        file=_below_folder(study),
    )
    write_registration(new, results)
    return new


def read_registration(study: Study, results: Path) -> Registration | None:
    """Read what was written down of a study, if anything was."""
    path = _path(study.name, results)
    return _read(path) if there_is(path) else None


def _read(path: Path) -> Registration:
    try:
        return Registration.model_validate_json(read_foreign(path, MEBIBYTE))
    except ValidationError as error:
        raise BnbenchError(
            f"{path}: is not a registration as bnbench wrote it; put back the file, or remove it,"
            " and the study counts as never registered"
        ) from error


def write_registration(known: Registration, results: Path) -> None:
    """Write down in a results folder what is known of a study."""
    write_text(_path(known.study, results), known.model_dump_json(indent=1) + "\n")


def registered_files(results: Path) -> dict[str, Path]:
    """List the files of all studies that have been registered, by the studies' names.

    A results folder may be another's: only files below the folder of the command are listed.
    """
    known = [_read(path) for path in sorted((results / STUDIES).glob("*.json"))]
    files = {written.study: Path(written.file) for written in known if written.file}
    folder = Path.cwd().resolve()
    return {
        name: file
        for name, file in files.items()
        if file.is_file() and file.resolve().is_relative_to(folder)
    }


def registration_line(
    study: Study, known: Registration | None, manifests: Iterable[Manifest], tests: Tests
) -> str:
    """Say when a study's questions were written down, and what has changed since.

    Parameters
    ----------
    manifests : iterable of Manifest
        Of its runs: one that began under other questions is counted.
    tests : mapping
        What claims ask of the study now.
    """
    if known is None:
        return "its questions were not written down before its first run"
    line = f"its questions were written down on {known.registered:%Y-%m-%d at %H:%M} UTC, "
    were = "was" if known.runs_before == 1 else "were"
    before = f"when {known.runs_before} of its runs {were} there already"
    line += before if known.runs_before else "before its first run"
    changed = [*_changed(known.asks, questions_of(study, tests)), *_added_seeds(known, study)]
    if changed:
        line += f"; since then: {', '.join(changed)}"
    hashes = [manifest.registered.get(study.name, known.sha256) for manifest in manifests]
    if others := sum(began != known.sha256 for began in hashes):
        line += f"; {others} of its {len(hashes)} runs began under other questions"
    return line + SAID_OF_ANY_TIME * study.any_time


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Say what is asked otherwise; the file itself, and the study's, have the names."""
    known = [key for key in PARTS if key in then]  # an earlier release wrote down less
    for before, after, key in ((then[key], now[key], key) for key in known):
        if isinstance(before, dict) and isinstance(after, dict):
            both = before.keys() & after.keys()
            numbers = {
                "added": len(after.keys() - both),
                "changed": sum(before[name] != after[name] for name in both),
                "dropped": len(before.keys() - both),
            }
            for how, number in numbers.items():
                if number:
                    yield f"{counted(number, PARTS[key])} {how}"
        elif before != after:
            yield f"{PARTS[key]} changed"


def _added_seeds(known: Registration, study: Study) -> Iterator[str]:
    """Say that there are more seeds, unless their number was not to be fixed; fewer are to come."""
    before, now = known.asks.get("seeds", math.inf), len(study.seeds)
    if now > before and not study.any_time:
        yield f"{before} seeds became {now}, perhaps because of what {before} had shown"


def _planned(planned: PlannedContrast | Change) -> dict[str, Any]:
    kept = {"name": planned.name, "group": planned.group, **asdict(planned)}
    if isinstance(planned, Change):
        kept |= {"after": planned.after.name, "before": planned.before.name}
    kept["metrics"] = [metric.text for metric in planned.metrics]
    effects = {metric.text: planned.effect_on(metric) for metric in planned.metrics}
    first, *others = {*effects.values()}
    kept["smallest_effect"] = effects if others else first
    return kept


def _runs(study: Study, results: Path) -> int:
    runs = (
        run_directory(results, experiment, seed)
        for experiment in study.experiments
        for seed in study.seeds
    )
    return sum(run.manifest.exists() for run in runs)


def _below_folder(study: Study) -> str:
    """The study's file as seen from the command's folder, if it lies there."""
    file, folder = Path(study.path).resolve(), Path.cwd().resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else ""


def _path(study: str, results: Path) -> Path:
    return results / STUDIES / f"{study}.json"
