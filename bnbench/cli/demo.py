"""``bnbench demo``: a whole study in less than a minute, without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.terminal import redraws, say, tell

if TYPE_CHECKING:
    from bnbench.config import Study
    from bnbench.execution.tasks import Event
    from bnbench.findings import StudyFindings
    from bnbench.report.judged import Judged

STUDY = Path(__file__).parent / "demo_study" / "demo.yaml"


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the runs and the report.")] = Path(
        "results/demo"
    ),
) -> None:
    """Show a whole study in less than a minute, offline, on small digits.

    It trains LeNet-5 with and without batch norm, with six seeds, on the 1,797 digits of
    scikit-learn. It draws the accuracies as they come, and writes the report of a study. For MNIST,
    see `bnbench reproduce`.

    Example: bnbench demo
    """
    from bnbench.cli.signals import unless_stopped
    from bnbench.config import load_study
    from bnbench.execution import fork_server

    tell("A demonstration on 1,797 small digits; for MNIST itself: bnbench reproduce")
    study = load_study(STUDY)
    fork_server.start()  # it imports PyTorch while this process does
    raise typer.Exit(unless_stopped(lambda: _shown(study, out)))


def _shown(study: Study, out: Path) -> int:
    """Run the study from its start, in its own folder, and say what came of it."""
    from bnbench.cli.registering import register_all
    from bnbench.cli.report import write_all
    from bnbench.execution.plan import plan_runs
    from bnbench.execution.pool import LocalWorkers
    from bnbench.execution.schedule import KEEP_GOING, run_tasks
    from bnbench.report.study_results import report_page

    asked = register_all([study], [], out / "runs", any_time=False)
    plan = plan_runs(study.experiments, study.seeds, out / "runs", fresh=True).registered(asked)
    workers = LocalWorkers()
    events = run_tasks(plan.tasks, workers.capacity(plan.tasks), KEEP_GOING, workers)
    failures = _drawn(events, study)
    if failures:
        tell("\n".join(failures))
        return 1
    judged = _judged(study, out / "runs")
    say(verdict(judged.findings[0]))
    for path in write_all(judged, report_page(judged), out / "report"):
        say(path)
    say(f"Look at {out / 'report' / 'report.html'}")
    return 0


def _drawn(events: Iterable[Event], study: Study) -> list[str]:
    """Draw each arm's mean accuracy as it grows, and return what failed."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from bnbench.cli.curves import chart
    from bnbench.cli.progress import shown
    from bnbench.execution.tasks import Ended

    tasks = len(study.experiments) * len(study.seeds)
    curves, failures = Curves(study), []
    console = Console()
    drawing = redraws(sys.stdout)
    if not drawing:
        events = shown(events, tasks, 0, 1, curves.titles)
    epochs = max(experiment.training.epochs for experiment in study.experiments)
    width = min(72, console.width - 1)
    with Live(console=console, auto_refresh=False) as live:
        for event in events:
            if isinstance(event, Ended) and event.status not in ("complete", "diverged"):
                failures.append(f"{event.task.name}: {event.message.strip()}")
            if curves.take(event) and drawing:
                lines = ["Validation accuracy, mean of the runs so far", ""]
                lines += chart(curves.means(), epochs, width)
                live.update(Text("\n".join(lines), no_wrap=True), refresh=True)
    return failures


class Curves:
    """The validation accuracies of a study's arms, epoch by epoch, over the seeds so far."""

    def __init__(self, study: Study) -> None:
        self.titles = {arm.experiment.experiment: arm.title for arm in study.arms.values()}
        self._seen: dict[tuple[str, int], dict[int, float]] = {}

    def take(self, event: Event) -> bool:
        """Note the end of an epoch; say whether it was one."""
        from bnbench.execution.tasks import Progress

        if not isinstance(event, Progress) or event.validation_accuracy is None:
            return False
        place = (event.task.experiment.experiment, event.epoch)
        self._seen.setdefault(place, {})[event.task.seed] = event.validation_accuracy
        return True

    def means(self) -> dict[str, list[float]]:
        """Each arm's curve under its title."""
        return {title: list(self._curve(name)) for name, title in self.titles.items()}

    def _curve(self, name: str) -> Iterator[float]:
        epoch = 1
        while seeds := self._seen.get((name, epoch)):
            yield sum(seeds.values()) / len(seeds)
            epoch += 1


def _judged(study: Study, results: Path) -> Judged:
    """Read the runs, and judge the study alone: no article's claim is about these digits."""
    from bnbench.findings import findings_of, read_study
    from bnbench.report.judged import Judged

    runs = read_study(study, results)
    return Judged((runs,), (findings_of(runs),), ())


def verdict(findings: StudyFindings) -> str:
    """Answer the study's question in one sentence."""
    from bnbench.report.answers import answer_rows

    (row,) = answer_rows([findings])
    answer = row.corrected
    return (
        f"{row.question} {answer.word.capitalize()}, on these small digits: {answer.number} of"
        f" validation accuracy after epoch 1 (mean of {answer.n} seeds, 95 % interval)."
    )
