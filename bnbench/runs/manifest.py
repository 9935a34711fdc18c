"""``manifest.json``: what a run was, where it ran, and how it ended."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bnbench.config import hash_of_json
from bnbench.config.schema import ExperimentName
from bnbench.errors import BnbenchError, more_than_told
from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs.files import write_text

SEAL = "seal"
FINISHED = ("complete", "diverged")
MOST_BYTES = MEBIBYTE // 4
"""Sixty times what a manifest takes."""

MOST_TOLD = 20
"""Problems of one manifest; its fields are as many."""

Status = Literal["running", "complete", "diverged", "failed", "interrupted"]


def _as_now_writes_it(text: str) -> str:
    """Refuse other times than those of `now`, whose order is that of their letters."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo != UTC or moment.isoformat(timespec="seconds") != text:
        raise ValueError("must be a time in UTC such as 2026-11-20T10:09:51+00:00")
    return text


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1, lt=1 << 31)]
Whole = Annotated[int, Field(ge=0, lt=1 << 31)]
Share = Annotated[float, Field(ge=0, le=1)]
Loss = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Mebibytes = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Moment = Annotated[str, AfterValidator(_as_now_writes_it)]


class Section(BaseModel):
    """A frozen part of a manifest; more fields may stand beside those that are named."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")


class Dataset(Section):
    """The data set and the sizes of its splits; ``test_examples`` is `None` without a third."""

    name: str
    sha256: Sha256
    train_examples: Count
    validation_examples: Count
    test_examples: Count | None = None
    validation_is_test_file: bool
    classes: Count = 10
    """Earlier releases did not state them."""
    commonest_class: Share | None = None
    """Largest share of one class in the validation or test images. Earlier releases: ``None``."""
    commonest_test_class: Share | None = None
    """In the test images alone, where there are such."""

    def examples(self, split: str) -> int:
        """How many images the split ``train`` or ``validation`` has."""
        return self.train_examples if split == "train" else self.validation_examples


TORCH = "torch"
"""Kernels of runs whose manifest names none."""


class Machine(Section):
    """Where the run was done; `stack` lists the seeds of a stacked run's network."""

    processor: str
    device: str
    threads: Count
    processor_kind: list[str] | None = None
    stack: list[int] | None = None
    kernels: str = TORCH

    @property
    def device_kind(self) -> str:
        """``cpu``, ``cuda`` or ``mps``, without the card's name."""
        return self.device.partition(" ")[0]


class EarlyStop(Section):
    """What early stopping would have given; the test split's measures where there is one."""

    epoch: Count
    """After it the rule of the configuration would have stopped the run."""
    test_accuracy: Share | None = None
    test_loss: Loss | None = None


class Final(Section):
    """Measures after the last whole epoch; accuracies in [0, 1], losses in nats.

    A run that is going on, or was killed, has none.
    """

    epochs: Whole | None = None
    train_accuracy: Share | None = None
    validation_accuracy: Share | None = None
    validation_loss: Loss | None = None
    test_accuracy: Share | None = None
    test_loss: Loss | None = None
    early_stopping: EarlyStop | None = None
    """``None``: there was no rule, or it would not have stopped the run."""
    probe_seconds: dict[str, Seconds] | None = None
    """Kind of probe -> seconds that its looks have taken."""


class Manifest(Section):
    """Everything about a run that is not a number of its logs.

    Attributes
    ----------
    experiment, seed : str, int
        The run.
    status : str
        ``running``, ``complete``, ``diverged``, ``failed`` or ``interrupted``.
    configuration_hash : str
        SHA-256 of the settings that decide the numbers.
    versions : dict
        bnbench, Python and the packages that can change a number.
    code : dict
        Module -> hash of the code that computed the numbers; empty in runs of the first release.
    files : dict
        File name -> SHA-256, hex, of what the finished run left beside the manifest; empty until
        then, and in runs of the first release.
    registered : dict
        Study -> hash of what it asked when the run began; see `bnbench.findings.registration`.
        Empty in runs that no study began, and in those of earlier releases.
    source : dict
        Git commit of bnbench's source and whether it was changed since; ``None`` if unknown.
    started, ended : str
        UTC, ISO 8601 to the second.
    peak_memory_mib : float or None
        Largest resident memory of the process, MiB.
    final : Final
        Last epoch's measures; the test split's too where it was held out until then.
    error : str or None
        What a failed or diverged run died of.
    resumed_after_epochs : list of int
        The last whole epoch each time that the run was taken up again.
    seal : str or None
        As read; it is made anew when the manifest is written. Earlier releases wrote none.
    """

    model_config = ConfigDict(extra="forbid")

    experiment: ExperimentName
    seed: Annotated[int, Field(ge=0, lt=1 << 63)]
    status: Status
    configuration_hash: Sha256
    dataset: Dataset
    versions: dict[str, str]
    source: dict[str, Any]
    machine: Machine
    started: Moment
    ended: Moment | None = None
    peak_memory_mib: Mebibytes | None = None
    final: Final = Final()
    error: str | None = None
    resumed_after_epochs: list[Whole] = []
    code: dict[str, str] = {}
    files: dict[str, Sha256] = {}
    registered: dict[str, Sha256] = {}
    schema_version: Literal[1] = 1
    seal: Sha256 | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: complete, or diverged with everything logged."""
        return self.status in FINISHED

    def content(self) -> dict[str, Any]:
        """The fields as JSON has them, without the seal; sections as they were given."""
        given = {name: getattr(self, name) for name in Manifest.model_fields if name != SEAL}
        return {
            name: value.model_dump(exclude_unset=True) if isinstance(value, Section) else value
            for name, value in given.items()
        }

    def changed(self, **changes: Any) -> Manifest:
        """Another manifest with some fields changed, checked again."""
        return Manifest.model_validate(self.content() | changes)

    def write(self, path: Path) -> None:
        """Write the manifest as JSON with its seal, whole or not at all."""
        content = self.content()
        content[SEAL] = seal_of(content)
        write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, and refuse one that was edited since it was written."""
    return read_hashed(path)[0]


def read_hashed(path: Path) -> tuple[Manifest, str]:
    """Read a manifest as `read_manifest` does, and hash the very bytes: SHA-256, hex."""
    text = read_foreign(path, MOST_BYTES)
    manifest, edited = _possibly_edited(path, text)
    if edited:
        raise BnbenchError(edited)
    return manifest, hashlib.sha256(text).hexdigest()


def read_possibly_edited(path: Path) -> tuple[Manifest, str | None]:
    """Read a manifest, whether or not it was edited.

    Returns
    -------
    manifest : Manifest
    edited : str or None
        One line, where the seal is of other fields than are there; earlier releases wrote none.
    """
    return _possibly_edited(path, read_foreign(path, MOST_BYTES))


def _possibly_edited(path: Path, text: bytes) -> tuple[Manifest, str | None]:
    content = _parsed(path, text)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        lines = [_explain(detail) for detail in details[:MOST_TOLD]]
        lines += more_than_told(len(details), MOST_TOLD)
        raise BnbenchError(*(f"{path}: {line}" for line in lines)) from None
    if manifest.seal in (None, seal_of(content)):
        return manifest, None
    return manifest, (
        f"{path}: was edited since it was written (its seal is of other fields);"
        " restore it, or move the run's folder away and train again"
    )


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BnbenchError(
            f"{path}: is no manifest, which is JSON; restore it, or move the run's folder away"
        )
    return content


def _explain(detail: ErrorDetails) -> str:
    message = detail["msg"][0].lower() + detail["msg"][1:]
    given = json.dumps(detail["input"], default=str)
    return f"{'.'.join(map(str, detail['loc']))}: {message}, not {given[:80]}"


def seal_of(content: Mapping[str, Any]) -> str:
    """Hash a manifest, so that an edit by hand or by accident shows.

    Whoever computes it anew after an edit is not found out: it is no signature.

    Returns
    -------
    str
        Of all fields but the seal itself; see `bnbench.config.hash_of_json`.
    """
    return hash_of_json({name: value for name, value in content.items() if name != SEAL})


def now() -> str:
    """The time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


NUMERIC_PACKAGES = ("bnbench", "torch", "torchvision", "numpy")


@cache
def versions() -> dict[str, str]:
    """Name the versions that can change a number."""
    return {"python": platform.python_version()} | {
        name: _version(name) for name in NUMERIC_PACKAGES
    }


def _version(package: str) -> str:
    """Look up an installed version; of this package, run from its source tree, the tree's own."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        if package != "bnbench" or not project.is_file():
            raise
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


@cache
def source() -> dict[str, Any]:
    """Find the git commit that this package runs from, and whether its files differ from it."""
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(package), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    if git("ls-files", "--error-unmatch", "__init__.py") is None:  # installed, not a checkout
        return {"git_commit": None, "dirty": None}
    return {
        "git_commit": git("rev-parse", "HEAD"),
        "dirty": bool(git("status", "--porcelain", "--", ".")),
    }


def processor() -> str:
    """Name the processor as its maker does, which may say little: a cloud's is AMD EPYC."""
    names = (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def processor_kind() -> list[str]:
    """Describe the kind of processor, on which the last bits of a sum depend.

    Returns
    -------
    list of str
        Family, model, its name and the size of the cache, a line each, in the system's words.
    """
    told = ("cpu family", "model", "cache size")
    kind = {" ".join(line.split()) for line in _cpuinfo() if line.startswith(told)}
    return sorted(kind) or [processor()]


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
