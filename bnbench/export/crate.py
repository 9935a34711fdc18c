"""A results folder as an RO-Crate: one file says for an archive which run wrote which files.

RO-Crate 1.1 (w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5 (w3id.org/ro/wfrun):
each run is a ``CreateAction`` of the program bnbench, from its config and data to its files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bnbench.errors import BnbenchError
from bnbench.export.files import refuse_existing
from bnbench.runs import Manifest, Run, now, write_text
from bnbench.runs.overview import look_over

NAME = "ro-crate-metadata.json"
CRATE = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
FORMATS = {
    ".csv": "text/csv", ".json": "application/json", ".yaml": "application/yaml",
    ".npy": "application/x-npy", ".npz": "application/x-npz", ".pt": "application/x-pytorch",
}  # fmt: skip

Entity = dict[str, Any]


def export_crate(results: Path, *, overwrite: bool = False) -> Path:
    """Describe every finished run of a results folder in ``ro-crate-metadata.json`` within it."""
    path = results / NAME
    refuse_existing(path, overwrite=overwrite)
    overview = look_over(results)
    if overview.problems:
        raise BnbenchError(*overview.problems)
    entities: dict[str, Entity] = {}
    for listed in overview.runs:
        run = Run(Path(listed.path))
        if (manifest := run.read_manifest()).finished:
            entities |= {entity["@id"]: entity for entity in _run(run, manifest, results)}
    graph = [*_head(entities), *entities.values()]
    content = {"@context": f"{CRATE}/context", "@graph": graph}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def _head(entities: dict[str, Entity]) -> Iterator[Entity]:
    """The file itself, the folder, and the profile that it follows."""
    yield {
        "@id": NAME, "@type": "CreativeWork",
        "about": {"@id": "./"}, "conformsTo": {"@id": CRATE},
    }  # fmt: skip
    of = {
        kind: [{"@id": name} for name, entity in entities.items() if entity["@type"] == kind]
        for kind in ("File", "CreateAction")
    }
    yield {
        "@id": "./", "@type": "Dataset",
        "name": "Runs of bnbench",
        "description": "Networks trained with and without batch normalization, a folder a seed.",
        "datePublished": now(),
        "conformsTo": {"@id": PROFILE},
        "hasPart": of["File"],
        "mentions": of["CreateAction"],
    }  # fmt: skip
    yield {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}


def _run(run: Run, manifest: Manifest, results: Path) -> Iterator[Entity]:
    """One run: what it was made by and of, its files, and the action that binds them."""
    folder = quote(run.path.relative_to(results).as_posix())
    hashes = manifest.files | {run.manifest.name: sha256(run.manifest.read_bytes()).hexdigest()}
    files = [_file(run.path / name, f"{folder}/{name}", hashes[name])
             for name in sorted(hashes) if (run.path / name).exists()]  # fmt: skip
    program, data = _program(manifest), _data(manifest)
    config = f"{folder}/{run.config.name}"
    action = {
        "@id": f"#{folder}", "@type": "CreateAction",
        "name": f"{manifest.experiment}, seed {manifest.seed}",
        "instrument": {"@id": program["@id"]},
        "object": [{"@id": config}, {"@id": data["@id"]}],
        "result": [{"@id": file["@id"]} for file in files if file["@id"] != config],
        "startTime": manifest.started,
        "endTime": manifest.ended,
        "actionStatus": {"@id": f"http://schema.org/{_STATUSES[manifest.status]}"},
    }  # fmt: skip
    if manifest.error:
        action["error"] = manifest.error
    yield from (program, data, *files, action)


_STATUSES = {"complete": "CompletedActionStatus", "diverged": "FailedActionStatus"}


def _file(path: Path, name: str, digest: str) -> Entity:
    return {
        "@id": name, "@type": "File",
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "encodingFormat": FORMATS.get(path.suffix, "application/octet-stream"),
        "sha256": digest,
    }  # fmt: skip


def _program(manifest: Manifest) -> Entity:
    version = manifest.versions["bnbench"]
    commit = manifest.source.get("git_commit")
    return {
        "@id": f"#bnbench-{commit or version}", "@type": "SoftwareApplication",
        "name": "bnbench",
        "version": f"{version}, commit {commit}" if commit else version,
        "softwareRequirements": [f"{name} {found}" for name, found in manifest.versions.items()],
    }  # fmt: skip


def _data(manifest: Manifest) -> Entity:
    name, digest = manifest.dataset.name, manifest.dataset.sha256
    return {"@id": f"#data-{digest}", "@type": "Dataset", "name": name, "identifier": digest}
