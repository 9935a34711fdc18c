"""A ladder: the published recipe, the corrected one, and the recipes between them.

With n switches these are: the first k of them corrected, for k = 0 ... n; each one alone
corrected; and each one alone left as published. They are the points of a grid that both arms have,
so that all that is asked of them is contrasts and changes like those of any study. Recipes that
come out equal are one experiment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bnbench.config.loading import differing_keys
from bnbench.config.planned import Change, PlannedContrast
from bnbench.config.schema import Experiment
from bnbench.config.study import StudyArm
from bnbench.config.study_schema import LadderArm, StudyLadder
from bnbench.errors import BnbenchError
from bnbench.metrics import Metric
from bnbench.registry import unknown

RECIPE = "recipe"
"""What the points of a ladder give values to, in place of the key of a grid."""

Recipe = tuple[str, ...]
"""The switches that are corrected, in the ladder's order."""


WHERE = {
    "switch": "on its rung",
    "alone": "alone, in the published recipe",
    "last": "last, with all others corrected",
}
"""Where one more switch is corrected, in words."""


@dataclass(frozen=True)
class LadderPlan:
    """What a ladder adds to its study.

    Attributes
    ----------
    arms : tuple of StudyArm
        ``<arm>@<recipe>``, with all recipes of each arm.
    contrasts : tuple of PlannedContrast
        ``lead@<recipe>`` rung by rung, and ``lead_in_other_recipes@<recipe>``;
        ``corrections_of_<arm>``, what each switch does in one arm.
    changes : tuple of Change
        Of the lead, by correcting one switch: ``switch@<switch>`` on its rung, ``alone@<switch>``
        in the published recipe, ``last@<switch>`` where all others are corrected.
    titles : dict of str to str
        See `Study.titles`.
    """

    arms: tuple[StudyArm, ...]
    contrasts: tuple[PlannedContrast, ...]
    changes: tuple[Change, ...]
    titles: dict[str, str]


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


def recipes(switches: Recipe) -> list[Recipe]:
    """List the recipes that a ladder visits, each once: its rungs first, from the published one.

    Examples
    --------
    >>> recipes(("a", "b", "c"))
    [(), ('a',), ('a', 'b'), ('a', 'b', 'c'), ('b',), ('c',), ('b', 'c'), ('a', 'c')]
    """
    alone = [(name,) for name in switches]
    left_out = [tuple(switch for switch in switches if switch != name) for name in switches]
    return list(dict.fromkeys([*_rungs(switches), *alone, *left_out]))


def recipe_name(corrected: Recipe, switches: Recipe) -> str:
    """Name a recipe by the shorter way to it, but for the rungs.

    Examples
    --------
    >>> [recipe_name(recipe, ("a", "b", "c")) for recipe in ((), ("a", "b"), ("b",), ("a", "c"))]
    ['published', 'published+a+b', 'published+b', 'corrected-b']
    """
    if corrected == switches:
        return "corrected"
    if corrected in _rungs(switches) or len(corrected) == 1:
        return "+".join(["published", *corrected])
    return "-".join(["corrected", *(name for name in switches if name not in corrected)])


def climb(ladder: StudyLadder, study: str, loader: Loader) -> LadderPlan:
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
    arms = tuple(arm for name in ladder.arms for arm in _arms(ladder, name, study, loader))
    leads = {recipe: _lead(ladder, recipe, metrics) for recipe in recipes(tuple(ladder.switches))}
    steps = list(_steps(tuple(ladder.switches)))
    return LadderPlan(
        arms,
        contrasts=(*leads.values(), *_corrections(ladder, steps, metrics)),
        changes=tuple(
            Change(f"{where}@{name}", leads[after], leads[before], metrics)
            for where, name, after, before in steps
        ),
        titles=_titles(ladder),
    )


def check_levels(metrics: Iterable[Metric], who: str, place: str) -> None:
    """Refuse metrics of which differences cannot be subtracted from each other."""
    for metric in metrics:
        if metric.quantity.kind != "level":
            raise BnbenchError(
                f"{place}: {metric.text} may be infinite; {who} takes levels, such as"
                " validation_accuracy@1"
            )


def _titles(ladder: StudyLadder) -> dict[str, str]:
    """Words for the groups and points of everything but the lead on the rungs."""
    switches = tuple(ladder.switches)
    others = [recipe for recipe in recipes(switches) if recipe not in _rungs(switches)]
    titles = {recipe_name(recipe, switches): _spoken(recipe, ladder) for recipe in others}
    for name in switches:
        titles[name] = _defect(name, ladder)
        titles |= {f"{where}:{name}": f"{titles[name]}, {words}" for where, words in WHERE.items()}
    titles |= {where: f"one switch corrected {words}" for where, words in WHERE.items()}
    titles |= {
        f"corrections_of_{name}": f"what corrections do to “{arm.title or name}”"
        for name, arm in ladder.arms.items()
    }
    return titles | {"lead_in_other_recipes": "the lead in the other recipes"}


def _spoken(corrected: Recipe, ladder: StudyLadder) -> str:
    """Say in words what a recipe corrects."""
    switches = tuple(ladder.switches)
    if corrected in ((), switches):
        return "corrected" if corrected else "published"
    if corrected in _rungs(switches):
        return f"corrected up to {_defect(corrected[-1], ladder)}"
    if len(corrected) == 1:
        return f"only {_defect(corrected[0], ladder)} corrected"
    left = [_defect(name, ladder) for name in switches if name not in corrected]
    return f"all but {' and '.join(left)} corrected"


def _defect(switch: str, ladder: StudyLadder) -> str:
    return f"“{ladder.switches[switch].says}”"


def _rungs(switches: Recipe) -> list[Recipe]:
    return [switches[:count] for count in range(len(switches) + 1)]


def _steps(switches: Recipe) -> Iterator[tuple[str, str, Recipe, Recipe]]:
    """Where one more switch is corrected: the place, the switch, the recipes after and before."""
    for where in WHERE:
        for place, name in enumerate(switches):
            first, rest = switches[:place], switches[place + 1 :]
            before = {"switch": first, "alone": (), "last": first + rest}[where]
            after = tuple(switch for switch in switches if switch in (*before, name))
            yield where, name, after, before


def _lead(ladder: StudyLadder, corrected: Recipe, metrics: tuple[Metric, ...]) -> PlannedContrast:
    switches = tuple(ladder.switches)
    group = "lead" if corrected in _rungs(switches) else "lead_in_other_recipes"
    name = recipe_name(corrected, switches)
    return PlannedContrast(
        f"{group}@{name}", f"{ladder.treatment}@{name}", f"{ladder.baseline}@{name}",
        metrics, None, confirmatory=False,
    )  # fmt: skip


def _corrections(
    ladder: StudyLadder, steps: Iterable[tuple[str, str, Recipe, Recipe]],
    metrics: tuple[Metric, ...],
) -> Iterator[PlannedContrast]:  # fmt: skip
    """What correcting a switch does in one arm, wherever it can have an effect there."""
    switches = tuple(ladder.switches)
    for arm, (where, switch, *sides) in ((arm, step) for arm in ladder.arms for step in steps):
        if arm in (ladder.switches[switch].arms or ladder.arms):
            after, before = (f"{arm}@{recipe_name(side, switches)}" for side in sides)
            name = f"corrections_of_{arm}@{where}:{switch}"
            yield PlannedContrast(name, after, before, metrics, None, confirmatory=False)


def _arms(ladder: StudyLadder, name: str, study: str, loader: Loader) -> Iterator[StudyArm]:
    """Every recipe of one arm; switches without an effect in it change nothing."""
    arm, switches = ladder.arms[name], tuple(ladder.switches)
    effective = tuple(
        switch for switch in switches if name in (ladder.switches[switch].arms or ladder.arms)
    )
    experiments = _experiments(ladder, name, effective, study, loader)
    title = arm.title or experiments[()].description
    for corrected in recipes(switches):
        recipe = recipe_name(corrected, switches)
        experiment = experiments[tuple(switch for switch in effective if switch in corrected)]
        yield StudyArm(f"{name}@{recipe}", title, experiment, (_spoken(corrected, ladder),))


def _experiments(
    ladder: StudyLadder, name: str, effective: Recipe, study: str, loader: Loader
) -> dict[Recipe, Experiment]:
    """Load an arm's recipes, by those of its effective switches that are corrected."""
    key, arm = f"ladder.arms.{name}", ladder.arms[name]
    published, target = _ends(ladder, name, arm, study, loader)
    settings = target.model_dump(mode="json")
    always = _settings(ladder, set(ladder.switches) - set(effective), settings)
    experiments: dict[Recipe, Experiment] = {(): published}
    for corrected in recipes(effective)[1:]:
        overrides = {**ladder.overrides, **always, **_settings(ladder, corrected, settings)}
        label = "+".join([name, *corrected])
        experiment = loader.load(arm.published, overrides, f"{study}/{label}", key)
        if experiment is None:
            raise BnbenchError(f"{loader.place(key)}: its recipe {label} cannot be loaded")
        experiments[corrected] = experiment
    arrived = experiments[effective]
    if missed := differing_keys(arrived, target):
        raise BnbenchError(
            f"{loader.place(key)}: no switch leads to the corrected recipe in {'; '.join(missed)};"
            " name the key under ladder.switches or in ladder.overrides"
        )
    if not target.experiment.startswith(f"{study}/"):
        experiments[effective] = target
    return experiments


def _ends(
    ladder: StudyLadder, name: str, arm: LadderArm, study: str, loader: Loader
) -> tuple[Experiment, Experiment]:
    key = f"ladder.arms.{name}"
    published = loader.load(arm.published, ladder.overrides, f"{study}/{name}", key)
    target = loader.load(arm.corrected, ladder.overrides, f"{study}/{name}+all", key)
    if published is None or target is None:
        raise BnbenchError(f"{loader.place(key)}: its two ends cannot be loaded")
    return published, target


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
