"""What a shell may complete: experiments, studies, runs, and the keys of settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bnbench.cli.options import RESULTS


def experiment_names(incomplete: str) -> list[str]:
    """Complete the name of a config."""
    from bnbench.config import named

    return _beginning(named("experiment"), incomplete)


def study_names(incomplete: str) -> list[str]:
    """Complete the name of a study."""
    from bnbench.config import named

    return _beginning(named("study"), incomplete)


def run_names(incomplete: str) -> list[str]:
    """Complete an experiment or a run of the usual results folder."""
    from bnbench.cli import folders

    runs = folders.run_names(RESULTS)
    return _beginning(runs | {name.rpartition("/")[0] for name in runs}, incomplete)


def setting_names(incomplete: str) -> list[str]:
    """Complete the key of a setting, up to its equals sign."""
    return _beginning((f"{key}=" for key in setting_keys()), incomplete)


def setting_keys() -> Iterator[str]:
    """List every key that an override may name, dotted."""
    from bnbench.config.problems import dotted_keys
    from bnbench.config.schema import Experiment

    yield from dotted_keys(Experiment)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
