"""Every name that a config or a study may use, by what it names: for docs/names.md."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from bnbench.report import markdown


def names_page() -> str:
    """Lay them out in Markdown, a table a registry."""
    return "\n\n".join(_section(title, names) for title, names in registered().items())


def registered() -> dict[str, dict[str, str]]:
    """What is named, and where -> name -> what it is, in one line."""
    from bnbench.claims import RULES
    from bnbench.data import DATASETS
    from bnbench.metrics import QUANTITIES
    from bnbench.models import ARCHITECTURES
    from bnbench.models.normalizations import NORMALIZATIONS
    from bnbench.probes import PROBES
    from bnbench.report.animations import SCENES
    from bnbench.report.figures import KINDS

    metrics = {
        name: f"{quantity.title}{f', {quantity.unit}' if quantity.unit else ''}"
        for name, quantity in QUANTITIES.items()
    }
    return {
        "Architectures: `model.name`": {
            name: _said(architecture.network).removesuffix(".")
            + (", with batch norm." if architecture.normalized_layers else ".")
            for name, architecture in ARCHITECTURES.items()
        },
        "Normalizations: `model.normalization.kind`": _told(NORMALIZATIONS),
        "Datasets: `data.dataset`": {name: dataset.title for name, dataset in DATASETS.items()},
        "Probes: `probes[].kind`": _told(PROBES),
        "Metrics: of contrasts, claims and figures": metrics,
        "Rules: of claims, and of what a study asks": _told(RULES),
        "Figures: `figures` of a study": {name: _said(kind.draw) for name, kind in KINDS.items()},
        "Animations: `bnbench animate --probe`": _told(SCENES),
    }


def _told(registry: Mapping[str, object]) -> dict[str, str]:
    return {name: _said(entry) for name, entry in registry.items()}


def _said(entry: object) -> str:
    """The first sentence of what its author says of it."""
    first = (inspect.getdoc(entry) or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`").replace("|", "\\|")


def _section(title: str, names: Mapping[str, str]) -> str:
    """Lay out one registry; names of which the same is said share a row."""
    alike: dict[str, list[str]] = {}
    for name, said in sorted(names.items()):
        alike.setdefault(said, []).append(f"`{name}`")
    rows = [(", ".join(names), said) for said, names in alike.items()]
    return f"## {title}\n\n{markdown.table(('name', 'what it is'), rows)}"
