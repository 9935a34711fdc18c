"""What a manifest states, field by field: types and ranges, and that the configuration agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bnbench.config import Experiment, configuration_hash
from bnbench.errors import BnbenchError
from bnbench.runs import Run
from bnbench.runs.manifest import Status, check_seal

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1, lt=1 << 31)]
Share = Annotated[float, Field(ge=0, le=1)]
Loss = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A frozen part of a manifest; more fields may stand beside those that are checked."""

    model_config = ConfigDict(strict=True, frozen=True)


class Dataset(Section):
    """The data set and its splits."""

    name: str
    sha256: Sha256
    train_examples: Count
    validation_examples: Count
    test_examples: Count | None
    validation_is_test_file: bool


class Machine(Section):
    """Where the run was done."""

    processor: str
    device: str
    threads: Count


class Final(Section):
    """Measures after the last whole epoch; accuracies in [0, 1], losses in nats."""

    epochs: Annotated[int, Field(ge=0)]
    train_accuracy: Share | None = None
    validation_accuracy: Share | None = None
    validation_loss: Loss | None = None
    test_accuracy: Share | None = None
    test_loss: Loss | None = None


class Stated(Section):
    """The fields of `bnbench.runs.Manifest`, and no others."""

    model_config = ConfigDict(extra="forbid")

    experiment: str
    seed: Annotated[int, Field(ge=0, lt=1 << 63)]
    status: Status
    configuration_hash: Sha256
    dataset: Dataset
    versions: dict[str, str]
    source: dict[str, Any]
    machine: Machine
    started: AwareDatetime
    ended: AwareDatetime | None = None
    peak_memory_mib: Annotated[float, Field(gt=0)] | None = None
    final: Final
    error: str | None = None
    resumed_after_epochs: list[Annotated[int, Field(ge=0)]] = []
    code: dict[str, str] = {}
    files: dict[str, Sha256] = {}
    """Name -> SHA-256 of what the finished run left; empty in runs of the first release."""
    seal: Sha256 | None = None
    """SHA-256 of the other fields; earlier releases wrote none."""
    schema_version: Literal[1]


def read_stated(run: Run) -> Stated:
    """Read a run's manifest and check each field.

    Raises
    ------
    BnbenchError
        With one line a field that is not what bnbench writes there.
    """
    try:
        return Stated.model_validate_json(run.manifest.read_bytes())
    except OSError as error:
        raise BnbenchError(f"{run.manifest}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        lines = [_explain(detail) for detail in error.errors(include_url=False)]
    raise BnbenchError("\n".join(f"{run.manifest}: {line}" for line in lines))


def edited(run: Run) -> Iterator[str]:
    """Tell, in one line, of a manifest whose seal is of other fields than it has."""
    try:
        check_seal(run.manifest, json.loads(run.manifest.read_bytes()))
    except BnbenchError as error:
        yield str(error)


def _explain(detail: ErrorDetails) -> str:
    message = detail["msg"][0].lower() + detail["msg"][1:]
    if not detail["loc"]:
        return f"is no manifest ({message})"
    given = json.dumps(detail["input"], default=str, ensure_ascii=False)
    return f"{'.'.join(map(str, detail['loc']))}: {message}, not {given[:80]}"


def read_stated_experiment(run: Run, stated: Stated) -> Experiment:
    """Read a run's configuration and check that the manifest says the same.

    Raises
    ------
    BnbenchError
        If it cannot be read, or with one line an entry of the manifest that differs from it.
    """
    experiment = run.read_experiment()
    pairs = {
        "experiment": (stated.experiment, experiment.experiment),
        "configuration_hash": (stated.configuration_hash, configuration_hash(experiment)),
        "dataset.name": (stated.dataset.name, experiment.data.dataset),
        "dataset.validation_is_test_file": (
            stated.dataset.validation_is_test_file,
            experiment.data.split == "published",
        ),
        "machine.threads": (stated.machine.threads, experiment.training.threads),
    }
    if run.path.name.startswith("seed-"):
        pairs["seed"] = (f"seed-{stated.seed}", run.path.name)
    lines = [
        f"{run.manifest}: {name}: is {said}, but by {run.config.name} and the folder {found}"
        for name, (said, found) in pairs.items()
        if said != found
    ]
    if lines:
        raise BnbenchError("\n".join(lines))
    return experiment
