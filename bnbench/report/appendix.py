"""What the runs of a report were made with: the text of their configurations and manifests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bnbench.report.document import Listing, Section
from bnbench.runs import Run


@dataclass(frozen=True)
class AppendixRun:
    """One run's own record.

    Attributes
    ----------
    experiment : str
    seed : int
    configuration : str
        ``config.yaml`` as it stands in the run's folder.
    manifest : str
        ``manifest.json`` likewise.
    """

    experiment: str
    seed: int
    configuration: str
    manifest: str


def read_appendix(runs: Iterable[Run]) -> tuple[AppendixRun, ...]:
    """Read what each run keeps of itself, sorted by experiment and seed.

    Raises
    ------
    BnbenchError
        If a manifest is not one.
    """
    records = []
    for run in runs:
        manifest = run.read_manifest()
        texts = [path.read_text(encoding="utf-8") for path in (run.config, run.manifest)]
        records.append(AppendixRun(manifest.experiment, manifest.seed, *texts))
    return tuple(sorted(records, key=lambda one: (one.experiment, one.seed)))


def appendix(runs: Sequence[AppendixRun]) -> Section:
    """Lay out every configuration once, and every manifest."""
    by_experiment: dict[str, list[AppendixRun]] = {}
    for run in runs:
        by_experiment.setdefault(run.experiment, []).append(run)
    return Section(
        "Appendix: configurations and manifests",
        sections=tuple(_experiment(name, group) for name, group in by_experiment.items()),
    )


def _experiment(name: str, runs: Sequence[AppendixRun]) -> Section:
    configurations = dict.fromkeys(run.configuration for run in runs)
    return Section(
        name,
        (
            *[Listing("configuration (YAML)", text) for text in configurations],
            Listing(f"manifest of seed {runs[0].seed} (JSON)", runs[0].manifest),
            *[
                Listing(
                    f"manifest of seed {run.seed} (JSON), where it differs from that of seed"
                    f" {runs[0].seed}",
                    _changes(run.manifest, runs[0].manifest),
                )
                for run in runs[1:]
            ],
        ),
    )


def _changes(manifest: str, first: str) -> str:
    """Keep the fields in which a manifest differs from the first: most are the same all over."""
    there = json.loads(first)
    fields = json.loads(manifest).items()
    changed = {key: value for key, value in fields if there.get(key) != value}
    return json.dumps(changed, indent=2, ensure_ascii=False)
