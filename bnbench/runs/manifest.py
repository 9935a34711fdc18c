"""``manifest.json``: what a run was, where it ran, and how it ended."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from bnbench.errors import BnbenchError
from bnbench.runs.files import write_text

SCHEMA_VERSION = 1
SEAL = "seal"
FINISHED = ("complete", "diverged")
FIELD_TYPES = {
    "experiment": str, "seed": int, "status": str, "configuration_hash": str, "dataset": dict,
    "versions": dict, "source": dict, "machine": dict, "started": str, "final": dict,
    "resumed_after_epochs": list, "code": dict, "files": dict,
}  # fmt: skip

Status = Literal["running", "complete", "diverged", "failed", "interrupted"]


@dataclass(frozen=True)
class Manifest:
    """Everything about a run that is not a number of its logs.

    Attributes
    ----------
    experiment, seed : str, int
        The run.
    status : str
        ``running``, ``complete``, ``diverged``, ``failed`` or ``interrupted``.
    configuration_hash : str
        SHA-256 of the settings that decide the numbers.
    dataset : dict
        Name, SHA-256, sizes of the splits, and which split served as validation.
    versions : dict
        bnbench, Python and the packages that can change a number.
    code : dict
        Module -> hash of the code that computed the numbers; empty in runs of the first release.
    files : dict
        File name -> SHA-256, hex, of what the finished run left beside the manifest; empty until
        then, and in runs of the first release.
    source : dict
        Git commit of bnbench's source and whether it was changed since; ``None`` if unknown.
    machine : dict
        System, processor's name and kind, device, threads.
    started, ended : str
        UTC, ISO 8601.
    peak_memory_mib : float or None
        Largest resident memory of the process, MiB.
    final : dict
        Last epoch's measures; the test split's too where it was held out until then.
    error : str or None
        What a failed or diverged run died of.
    resumed_after_epochs : list of int
        The last whole epoch each time that the run was taken up again.
    """

    experiment: str
    seed: int
    status: Status
    configuration_hash: str
    dataset: dict[str, Any]
    versions: dict[str, str]
    source: dict[str, Any]
    machine: dict[str, Any]
    started: str
    ended: str | None = None
    peak_memory_mib: float | None = None
    final: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    resumed_after_epochs: list[int] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: complete, or diverged with everything logged."""
        return self.status in FINISHED

    def write(self, path: Path) -> None:
        """Write the manifest as JSON with its seal, whole or not at all."""
        content = asdict(self)
        content[SEAL] = seal_of(content)
        write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest and check that it is one of ours.

    Parameters
    ----------
    path : Path
        A ``manifest.json``.

    Returns
    -------
    Manifest

    Raises
    ------
    BnbenchError
        If the file cannot be read, is no JSON, has other fields, or of other types, than this
        version writes, or a seal that was made of others.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BnbenchError(f"{path}: cannot be read ({error.strerror}); is this a run?") from None
    except (ValueError, RecursionError):
        raise BnbenchError(f"{path}: is no JSON; remove the run's folder and run again") from None
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        raise BnbenchError(f"{path}: is not a manifest of schema version {SCHEMA_VERSION}")
    try:
        manifest = Manifest(**{name: content[name] for name in content if name != SEAL})
    except TypeError as error:
        raise BnbenchError(f"{path}: is not a manifest of this version ({error})") from None
    for name, kind in FIELD_TYPES.items():
        if type(getattr(manifest, name)) is not kind:
            raise BnbenchError(
                f"{path}: {name}: is not what bnbench writes there; train the run again"
            )
    check_seal(path, content)
    return manifest


def seal_of(content: Mapping[str, Any]) -> str:
    """Hash a manifest, so that an edit by hand or by accident shows.

    Whoever computes it anew after an edit is not found out: it is no signature.

    Returns
    -------
    str
        SHA-256, hex, of all fields but the seal itself: JSON in ASCII, the names in order,
        without white space.
    """
    others = {name: value for name, value in content.items() if name != SEAL}
    text = json.dumps(others, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def check_seal(path: Path, content: Mapping[str, Any]) -> None:
    """Compare a manifest with its seal, if it has one: earlier releases wrote none.

    Raises
    ------
    BnbenchError
        If the seal is not that of the other fields.
    """
    if SEAL in content and content[SEAL] != seal_of(content):
        raise BnbenchError(
            f"{path}: was edited since it was written (its seal is of other fields);"
            " restore it, or remove the run's folder and run again"
        )


def now() -> str:
    """Give the time in UTC, ISO 8601 to the second."""
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
