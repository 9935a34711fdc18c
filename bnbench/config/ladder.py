"""A ladder: the published recipe, the corrected one, and the recipes between them.

With n switches these are: the first k of them corrected, for k = 0 ... n; each one alone
corrected; and each one alone left as published. Recipes that come out equal are one experiment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bnbench.config.label import Label
from bnbench.config.loading import differing_keys
from bnbench.config.planned import SMALLEST_EFFECT, Change, PlannedContrast
from bnbench.config.schema import Experiment
from bnbench.config.study_schema import LadderArm, StudyLadder
from bnbench.errors import BnbenchError
from bnbench.metrics import Metric
from bnbench.registry import unknown


@dataclass(frozen=True)
class LadderState:
    """One recipe of one arm.

    Attributes
    ----------
    label : str
        ``ladder/<arm>+<switch>+...``: the switches that are corrected.
    """

    label: str
    title: str
    experiment: Experiment


@dataclass(frozen=True)
class LadderPath:
    """One arm's recipes.

    Attributes
    ----------
    switches : tuple of str
        Those that can have an effect in this arm, in the ladder's order.
    states : dict of tuple of str to LadderState
        Corrected switches -> recipe.
    """

    title: str
    switches: tuple[str, ...]
    states: dict[tuple[str, ...], LadderState]

    def at(self, corrected: Iterable[str]) -> LadderState:
        """The recipe with these switches corrected; those without effect are ignored."""
        wanted = set(corrected)
        return self.states[tuple(name for name in self.switches if name in wanted)]


@dataclass(frozen=True)
class Ladder:
    """Both arms' recipes.

    Attributes
    ----------
    treatment, baseline : str
        Names of arms.
    switches : dict of str to str
        Name -> the defect in words, in the order in which they are corrected.
    paths : dict of str to LadderPath
        By arm.
    metrics : tuple of Metric
    """

    treatment: str
    baseline: str
    switches: dict[str, str]
    paths: dict[str, LadderPath]
    metrics: tuple[Metric, ...]

    @property
    def rungs(self) -> list[tuple[str, ...]]:
        """The corrected switches of each rung, the published recipe first."""
        names = tuple(self.switches)
        return [names[:count] for count in range(len(names) + 1)]

    def lead(self, corrected: Iterable[str]) -> PlannedContrast:
        """Plan the contrast of both arms where some switches are corrected."""
        chosen = tuple(corrected)
        labels = [self.paths[arm].at(chosen).label for arm in (self.treatment, self.baseline)]
        return self._contrast("+".join(["lead", *chosen]), *labels)

    @property
    def changes(self) -> list[Change]:
        """What a study may ask of its ladder.

        ``ladder`` is from the published recipe to the corrected one, ``switch@<name>`` one rung.
        """
        whole = self._change("ladder", self.rungs[-1], ())
        steps = [
            self._change(f"switch@{name}", *self.steps(name)["switch"]) for name in self.switches
        ]
        return [whole, *steps]

    @property
    def effects(self) -> list[PlannedContrast | Change]:
        """What is drawn besides: each rung's lead, and each switch in each arm, alone and last."""
        planned: list[PlannedContrast | Change] = [self.lead(rung) for rung in self.rungs]
        for name in self.switches:
            for where, (after, before) in self.steps(name).items():
                planned += [
                    self._contrast(
                        f"{arm}:{where}@{name}", path.at(after).label, path.at(before).label
                    )
                    for arm, path in self.paths.items()
                    if name in path.switches
                ]
                planned += (
                    [] if where == "switch" else [self._change(f"{where}@{name}", after, before)]
                )
        return planned

    def steps(self, name: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """The corrected switches after and before one more is corrected, wherever that is done.

        ``switch``: on the ladder; ``alone``: in the published recipe; ``last``: in the recipe in
        which all others are corrected.
        """
        names = tuple(self.switches)
        place = names.index(name)
        befores = {"switch": names[:place], "alone": (), "last": names[:place] + names[place + 1 :]}
        return {where: ((*before, name), before) for where, before in befores.items()}

    def _contrast(self, name: str, treatment: str, baseline: str) -> PlannedContrast:
        group = Label.parse(name).group
        return PlannedContrast(
            name, group, treatment, baseline, self.metrics, SMALLEST_EFFECT, confirmatory=False
        )

    def _change(self, name: str, after: tuple[str, ...], before: tuple[str, ...]) -> Change:
        group = Label.parse(name).group
        return Change(name, group, self.lead(after), self.lead(before), self.metrics)


class Loader(Protocol):
    """What `climb` needs of the study that the ladder stands in."""

    def load(
        self, config: str, overrides: Mapping[str, Any], name: str | None, key: str
    ) -> Experiment | None:
        """Load a config with overrides; ``None`` where a problem has been noted."""

    def metrics(self, names: tuple[str, ...], key: str) -> tuple[Metric, ...]:
        """Read the names of metrics."""

    def place(self, key: str) -> str:
        """Say where a key of the study's file stands."""


def recipes(switches: tuple[str, ...]) -> list[tuple[str, ...]]:
    """List the sets of corrected switches that a ladder visits, each once, published first.

    Examples
    --------
    >>> recipes(("a", "b", "c"))
    [(), ('a',), ('a', 'b'), ('a', 'b', 'c'), ('b',), ('c',), ('b', 'c'), ('a', 'c')]
    """
    prefixes = [switches[:count] for count in range(len(switches) + 1)]
    alone = [(name,) for name in switches]
    left_out = [tuple(switch for switch in switches if switch != name) for name in switches]
    return list(dict.fromkeys([*prefixes, *alone, *left_out]))


def climb(ladder: StudyLadder, study: str, loader: Loader) -> Ladder:
    """Load every recipe of a ladder, whose switches must lead from one end to the other."""
    for side in ("treatment", "baseline"):
        if (arm := getattr(ladder, side)) not in ladder.arms:
            raise unknown("arm", arm, ladder.arms, loader.place(f"ladder.{side}"))
    for name, switch in ladder.switches.items():
        for arm in switch.arms or ():
            if arm not in ladder.arms:
                place = loader.place(f"ladder.switches.{name}.arms")
                raise unknown("arm", arm, ladder.arms, place)
    metrics = loader.metrics(ladder.metrics, "ladder.metrics")
    check_levels(metrics, "a ladder", loader.place("ladder.metrics"))
    return Ladder(
        treatment=ladder.treatment,
        baseline=ladder.baseline,
        switches={name: switch.says for name, switch in ladder.switches.items()},
        paths={name: _path(ladder, name, arm, study, loader) for name, arm in ladder.arms.items()},
        metrics=metrics,
    )


def check_levels(metrics: Iterable[Metric], who: str, place: str) -> None:
    """Refuse metrics of which differences cannot be subtracted from each other."""
    for metric in metrics:
        if metric.quantity.kind != "level":
            raise BnbenchError(
                f"{place}: {metric.text} may be infinite; {who} takes levels, such as"
                " validation_accuracy@1"
            )


def _path(ladder: StudyLadder, name: str, arm: LadderArm, study: str, loader: Loader) -> LadderPath:
    key = f"ladder.arms.{name}"
    published = loader.load(arm.published, ladder.overrides, f"{study}/{name}", key)
    target = loader.load(arm.corrected, ladder.overrides, f"{study}/{name}+all", key)
    if published is None or target is None:
        raise BnbenchError(f"{loader.place(key)}: its two ends cannot be loaded")
    effective = tuple(
        name_of_switch
        for name_of_switch, switch in ladder.switches.items()
        if switch.arms is None or name in switch.arms
    )
    settings = target.model_dump(mode="json")
    always = _settings(ladder, set(ladder.switches) - set(effective), settings)
    states = {}
    for corrected in recipes(effective):
        changed = always | _settings(ladder, corrected, settings)
        label = "+".join([name, *corrected])
        experiment: Experiment | None = published
        if corrected:
            overrides = {**ladder.overrides, **changed}
            experiment = loader.load(arm.published, overrides, f"{study}/{label}", key)
        if experiment is None:
            raise BnbenchError(f"{loader.place(key)}: its recipe {label} cannot be loaded")
        if corrected == effective:
            _check_arrival(experiment, target, loader.place(key))
            experiment = experiment if target.experiment.startswith(f"{study}/") else target
        states[corrected] = LadderState(f"ladder/{label}", _title(corrected, effective), experiment)
    return LadderPath(arm.title or published.description, effective, states)


def _check_arrival(arrived: Experiment, target: Experiment, place: str) -> None:
    if missed := differing_keys(arrived, target):
        raise BnbenchError(
            f"{place}: no switch leads to the corrected recipe in {'; '.join(missed)};"
            " name the key under ladder.switches or in ladder.overrides"
        )


def _settings(
    ladder: StudyLadder, switches: Iterable[str], corrected: dict[str, Any]
) -> dict[str, Any]:
    """The corrected recipe's value of each key of these switches, where it has the key."""
    keys = [key for name in switches for key in ladder.switches[name].keys]
    values = {key: _value(corrected, key) for key in keys}
    return {key: value for key, value in values.items() if value is not _ABSENT}


_ABSENT = object()


def _value(settings: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(settings, dict) or part not in settings:
            return _ABSENT
        settings = settings[part]
    return settings


def _title(corrected: tuple[str, ...], effective: tuple[str, ...]) -> str:
    if not corrected:
        return "as published"
    if corrected == effective:
        return "corrected"
    return "corrected: " + ", ".join(corrected)
