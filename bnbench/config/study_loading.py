"""A study's file in, every experiment, contrast and ladder spelt out, or every problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from bnbench.config.label import Label
from bnbench.config.ladder import RECIPE, LadderPlan, check_levels, climb
from bnbench.config.loading import (
    Override,
    checked,
    given_by_options,
    load_variant,
    read_mapping,
)
from bnbench.config.named import config_file, named, study_file
from bnbench.config.places import place_of
from bnbench.config.planned import BestAgainstBest, Change, PlannedContrast
from bnbench.config.schema import Experiment
from bnbench.config.study import SMALL, Study, StudyArm
from bnbench.config.study_schema import (
    Point,
    SmallStudy,
    StudyChange,
    StudyContrast,
    StudyExperiment,
    StudyFile,
)
from bnbench.errors import BnbenchError, noted
from bnbench.foreign import entries, there_is
from bnbench.metrics import Metric, parse_metric
from bnbench.registry import unknown


def load_study(path: str | Path, *, small: bool = False, seeds: int | None = None,
               device: str | None = None, stack: int | None = None) -> Study:  # fmt: skip
    """Load a study, expand its grids and its ladder, and check every experiment of it.

    Parameters
    ----------
    path : str or Path
        Such as ``configs/studies/headline.yaml``, or its name, ``headline``.
    small : bool, default False
        The variant that its ``small`` section describes.
    seeds : int, optional
        So many, in place of the file's.
    device : str, optional
        In place of every config's ``training.device``.
    stack : int, optional
        In place of every config's ``training.stack``.
    """
    path = config_file(path, "study")
    values, places = read_mapping(path, "study")
    file = checked(StudyFile, values, places, path)
    _refuse_name_of_another(file.study, path, places)
    if small and file.small is None:
        raise BnbenchError(f"{path}: has no small variant; leave out --small")
    given = [*given_by_options(device, stack)]
    return _Loading(file, places, path, file.small if small else None, given).study(seeds)


def _refuse_name_of_another(name: str, path: Path, places: Mapping[str, str]) -> None:
    """Refuse the name of a study that has one: their runs and reports would lie in one folder."""
    other = study_file(name)
    if other and other.resolve() != path.resolve():
        raise BnbenchError(
            f"{place_of(places, 'study', str(path))}: {name} is the study of {other}; give this"
            " one a name of its own"
        )


MOST_POINTS = 10_000
"""Of one grid; a config is read and checked for each."""
HALF = 0.5
"""A smallest effect of so large a share is meant in percentage points."""


@dataclass
class _Loading:
    """One study on its way from its file; it collects problems instead of stopping at the first."""

    file: StudyFile
    places: dict[str, str]
    path: Path
    small: SmallStudy | None
    given: list[Override]
    problems: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.file.study + (SMALL if self.small else "")

    def study(self, seeds: int | None) -> Study:
        arms = {arm.label: arm for arm in self._arms()}
        ladder = self._ladder()
        arms |= {arm.label: arm for arm in ladder.arms}
        self._check_small_grid()
        if not arms and not self.problems:
            self.problems.append(
                f"{self.path}: names no experiment; add one under `experiments:`, or a `ladder:`"
            )
        contrasts, best = self._contrasts(arms) if not self.problems else ((), ())
        contrasts = (*contrasts, *ladder.contrasts)
        changes = self._changes(contrasts) if not self.problems else ()
        if self.problems:
            raise BnbenchError(*dict.fromkeys(self.problems))
        count = seeds or (self.small and self.small.seeds) or self.file.seeds
        return Study(
            name=self.name,
            title=self.file.title,
            question=self.file.question.strip(),
            seeds=tuple(range(count)),
            arms=arms,
            grid_keys={
                name: tuple(experiment.grid) for name, experiment in self.file.experiments.items()
            } | dict.fromkeys(self.file.ladder.arms if self.file.ladder else (), (RECIPE,)),
            contrasts=contrasts,
            best=best,
            changes=(*changes, *ladder.changes),
            titles=ladder.titles,
            keeps=self._kept(count),
            has_small=self.file.small is not None,
            figures=self.file.figures,
            claims=self.file.claims,
            path=str(self.path),
            answered_by=self.file.answered_by,
            brief=self.file.brief,
        )  # fmt: skip

    def _kept(self, seeds: int) -> str:
        """Say what the small variant has of the study, and of its seeds; empty for all of it."""
        if self.small is None:
            return ""
        fewer = f"{seeds} of {self.file.seeds} seeds" if seeds < self.file.seeds else ""
        return ", ".join(filter(None, [self.small.keeps, fewer]))

    def place(self, key: str) -> str:
        return place_of(self.places, key, str(self.path))

    def load(
        self, config: str, overrides: Mapping[str, Any], name: str | None, key: str
    ) -> Experiment | None:
        """Load one experiment; a problem is noted, and ``None`` returned."""
        small = self.small.overrides if self.small else {}
        own = (f"{key}.overrides", f"{key}.grid", "ladder.overrides")
        changed = {
            setting: Override(setting, value, self._place_of_override(setting, sections, key))
            for values, sections in ((overrides, own), (small, ("small.overrides",)))
            for setting, value in values.items()
        }
        with noted(self.problems):
            return load_variant(
                self._file_of(config, key),
                [*changed.values(), *self.given],
                name if changed else None,
            )
        return None

    def _place_of_override(self, setting: str, sections: tuple[str, ...], key: str) -> str:
        """Say in which section an override is written; a ladder's switches have no place for it."""
        for section in sections:
            if place := self.places.get(f"{section}.{setting}"):
                return f"{place}: {section}"
        return self.place(key)

    def _file_of(self, config: str, key: str) -> Path:
        """Find an experiment's file beside the study, or by its name."""
        beside = self.path.parent / config
        if there_is(beside):
            return beside
        known = named("experiment")
        if config not in known:
            place = self.place(f"{key}.config")
            files = [file.name for file in entries(self.path.parent, "*.y*ml")]
            names = [*known, *(file for file in files if file != self.path.name)]
            raise unknown("experiment", config, names, f"{place}: is no file beside the study")
        return known[config]

    def _arms(self) -> Iterator[StudyArm]:
        fewer = self.small.grid if self.small else {}
        for label, experiment in self.file.experiments.items():
            points = prod(len(fewer.get(key, all_)) for key, all_ in experiment.grid.items())
            if points > MOST_POINTS:
                self.problems.append(
                    f"{self.place(f'experiments.{label}.grid')}: has {points:,} points; give"
                    f" {MOST_POINTS:,} at most"
                )
                continue
            for point in product(*(fewer.get(key, all_) for key, all_ in experiment.grid.items())):
                arm = self._arm(label, experiment, point)
                if arm is not None:
                    yield arm

    def _arm(
        self, label: str, experiment: StudyExperiment, point: tuple[Point, ...]
    ) -> StudyArm | None:
        full = "@".join([label, *([",".join(map(_text, point))] if point else [])])
        overrides = {**experiment.overrides, **dict(zip(experiment.grid, point, strict=True))}
        key = f"experiments.{label}"
        loaded = self.load(experiment.config, overrides, f"{self.name}/{full}", key)
        if loaded is None:
            return None
        title = experiment.title or loaded.description or label
        return StudyArm(full, title, loaded, tuple(map(_number, point)))

    def _check_small_grid(self) -> None:
        """Refuse fewer values for a key that no grid has: they would change nothing."""
        known = {key for experiment in self.file.experiments.values() for key in experiment.grid}
        for key in self.file.small.grid if self.file.small else ():
            if key not in known:
                place = self.place(f"small.grid.{key}")
                keys = ", ".join(sorted(known)) or "none"
                self.problems.append(f"{place}: is in no experiment's grid; their keys: {keys}")

    def _ladder(self) -> LadderPlan:
        """Expand a ladder; without one it adds nothing."""
        if self.file.ladder is not None:
            with noted(self.problems):
                planned = climb(self.file.ladder, self.name, self)
                self._check_names_of_ladder(planned)
                return planned
        return LadderPlan((), (), (), {})

    def _check_names_of_ladder(self, ladder: LadderPlan) -> None:
        """Refuse names that the ladder gives to its own arms, contrasts and changes."""
        planned = {each.group for each in (*ladder.contrasts, *ladder.changes)}
        arms = {Label.parse(arm.label).group for arm in ladder.arms}
        for section, own in (("experiments", arms), ("contrasts", planned), ("changes", planned)):
            for name in getattr(self.file, section).keys() & own:
                place = self.place(f"{section}.{name}")
                raise BnbenchError(f"{place}: the ladder has this name; give it another")

    def _contrasts(
        self, arms: dict[str, StudyArm]
    ) -> tuple[tuple[PlannedContrast, ...], tuple[BestAgainstBest, ...]]:
        planned: list[PlannedContrast] = []
        best: list[BestAgainstBest] = []
        for name, contrast in self.file.contrasts.items():
            with noted(self.problems):
                metrics = self.metrics(contrast.metrics, f"contrasts.{name}.metrics")
                sides = [
                    self._side(arms, getattr(contrast, side), f"contrasts.{name}.{side}")
                    for side in ("treatment", "baseline")
                ]
                for arm in (arm for side in sides for arm in side):
                    self._check_epochs(arm, metrics, f"contrasts.{name}.metrics")
                self._check_effect(contrast.smallest_effect, metrics, f"contrasts.{name}")
                if sides[0] == sides[1]:
                    raise BnbenchError(
                        f"{self.place(f'contrasts.{name}')}: treatment and baseline are both"
                        f" {contrast.baseline}; name two"
                    )
                if contrast.tuning_seeds is None:
                    planned += self._pointwise(name, contrast, metrics, *sides)
                else:
                    best.append(_best(name, contrast, metrics, *sides))
        return tuple(planned), tuple(best)

    def _check_epochs(self, arm: StudyArm, metrics: tuple[Metric, ...], key: str) -> None:
        """Refuse a metric of an epoch or a probe that an arm lacks, before hours of runs."""
        epochs = arm.experiment.training.epochs
        for metric in metrics:
            if metric.epoch is not None and metric.epoch > epochs:
                raise BnbenchError(
                    f"{self.place(key)}: {metric.text}: {arm.label} has {epochs} epochs; name one"
                    " that it has, or @last"
                )
            kinds = {probe.kind for probe in arm.experiment.probes}
            if metric.quantity.probe and metric.quantity.probe not in kinds:
                raise BnbenchError(
                    f"{self.place(key)}: {metric.text}: {arm.label} has no probe"
                    f" {metric.quantity.probe}; add it to the experiment's probes"
                )

    def _check_effect(self, effect: float | None, metrics: tuple[Metric, ...], key: str) -> None:
        """Refuse percentage points where a share is meant."""
        shares = [metric.text for metric in metrics if metric.quantity.unit == "pp"]
        if shares and (effect or 0.0) >= HALF:
            raise BnbenchError(
                f"{self.place(f'{key}.smallest_effect')}: must be below {HALF}, because {shares[0]}"
                " is a share: 0.01 is 1 pp"
            )

    def metrics(self, names: tuple[str, ...], key: str) -> tuple[Metric, ...]:
        return tuple(parse_metric(text, self.place(key)) for text in names)

    def _side(self, arms: dict[str, StudyArm], label: str, key: str) -> list[StudyArm]:
        """Find the arms that a side of a contrast stands for."""
        if label in arms:
            return [arms[label]]
        grid = [arm for arm in arms.values() if arm.point and Label.parse(arm.label).group == label]
        if not grid:
            known = list(arms) + list({Label.parse(known).group: None for known in arms})
            raise unknown("experiment", label, known, self.place(key))
        return grid

    def _pointwise(
        self,
        name: str,
        contrast: StudyContrast,
        metrics: tuple[Metric, ...],
        treatments: list[StudyArm],
        baselines: list[StudyArm],
    ) -> Iterator[PlannedContrast]:
        """Pair the points of two grids, or one arm with every point of the other side's."""
        labels = ([arm.label for arm in side] for side in (treatments, baselines))
        for full, treatment, baseline in self._pairs(f"contrasts.{name}", name, *labels):
            yield PlannedContrast(
                full, treatment, baseline, metrics,
                contrast.smallest_effect, contrast.family == "confirmatory",
            )  # fmt: skip

    def _pairs(
        self, key: str, name: str, first: list[str], second: list[str]
    ) -> Iterator[tuple[str, str, str]]:
        """Name and pair the labels of two grids, point by point, or of one with each of a grid."""
        by_point = {Label.parse(label).point: label for label in second}
        one = len(first) == 1 or len(second) == 1
        pairs = [
            (label, partner)
            for label in first
            for partner in second
            if one or by_point.get(Label.parse(label).point) == partner
        ]
        if not pairs:
            raise BnbenchError(
                f"{self.place(key)}: the two grids share no point; give both the same values"
            )
        for label, partner in pairs:
            point = Label.parse(label if len(first) > 1 else partner).point
            yield "@".join([name, *([point] * (len(first) + len(second) > 2))]), label, partner

    def _changes(self, contrasts: tuple[PlannedContrast, ...]) -> tuple[Change, ...]:
        """Plan the differences of contrasts, those of two sweeps point by point."""
        planned: list[Change] = []
        for name, change in self.file.changes.items():
            with noted(self.problems):
                planned += self._change(
                    name, change, {contrast.name: contrast for contrast in contrasts}
                )
        return tuple(planned)

    def _change(
        self, name: str, change: StudyChange, contrasts: Mapping[str, PlannedContrast]
    ) -> Iterator[Change]:
        key = f"changes.{name}"
        if name in self.file.contrasts:
            raise BnbenchError(f"{self.place(key)}: a contrast has this name; give it another")
        sides = []
        for side in ("after", "before"):
            asked = getattr(change, side)
            found = [name for name in contrasts if asked in (name, Label.parse(name).group)]
            if not found:
                raise unknown("contrast", asked, contrasts, self.place(f"{key}.{side}"))
            sides.append(found)
        metrics = self.metrics(change.metrics, f"{key}.metrics")
        check_levels(metrics, "a change", self.place(f"{key}.metrics"))
        self._check_effect(change.smallest_effect, metrics, key)
        for full, after, before in self._pairs(key, name, *sides):
            yield Change(
                full, contrasts[after], contrasts[before], metrics,
                change.smallest_effect, change.family == "confirmatory",
            )  # fmt: skip


def _best(
    name: str,
    contrast: StudyContrast,
    metrics: tuple[Metric, ...],
    treatments: list[StudyArm],
    baselines: list[StudyArm],
) -> BestAgainstBest:
    assert contrast.tuning_seeds is not None
    return BestAgainstBest(
        name=name,
        treatment=tuple(arm.label for arm in treatments),
        baseline=tuple(arm.label for arm in baselines),
        metrics=metrics,
        tuning_seeds=contrast.tuning_seeds,
        smallest_effect=contrast.smallest_effect,
        confirmatory=contrast.family == "confirmatory",
    )


def _number(value: Point) -> Point:
    """Read text such as ``1e-3`` as the number that it is (YAML 1.1 leaves it text)."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _text(value: Point) -> str:
    """Write a grid's value as part of a name: ``1e-3`` and ``0.001`` are the same."""
    value = _number(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
