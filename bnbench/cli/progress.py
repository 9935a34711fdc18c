"""What a person sees while runs are under way: nested bars, or plain lines in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from bnbench.cli.labels import base_name
from bnbench.cli.terminal import percent, redraws, tell

if TYPE_CHECKING:
    from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task


def shown(
    events: Iterable[Event], runs: int, epochs: int, slots: int, labels: Mapping[str, str]
) -> Iterator[Event]:
    """Pass events on while showing them on standard error.

    Parameters
    ----------
    runs, epochs : int
        How many there will be in all.
    slots : int
        How many runs go side by side.
    labels : mapping of str to str
        Experiment -> its name in a line.

    Yields
    ------
    Event
        The events, unchanged.
    """
    if redraws(sys.stderr):
        return _bars(events, runs, epochs, slots, labels)
    return _lines(events, runs, labels)


def _lines(events: Iterable[Event], runs: int, labels: Mapping[str, str]) -> Iterator[Event]:
    from bnbench.execution.tasks import Ended, Retried

    done = 0
    for event in events:
        if isinstance(event, Retried):
            tell(_retry_line(event, labels))
        if isinstance(event, Ended):
            done += 1
            tell(f"[{done}/{runs}] {_name(event.task, labels)}: {_ended(event)}")
        yield event


def _name(task: Task, labels: Mapping[str, str]) -> str:
    return f"{labels[task.experiment.experiment]} {task.seeds_in_words}"


def _ended(event: Ended) -> str:
    """Say how a run ended, of a stack with the number of seeds that did not learn."""
    seeds = len(event.task.seeds)
    of_stack = f"{event.failed_to_learn} of {seeds} seeds " if seeds > 1 else ""
    failed = f"{of_stack}failed to learn" if event.failed_to_learn else ""
    last = percent(event.validation_accuracy)
    reached = f"validation accuracy {last}" if last else ""
    return ", ".join(filter(None, (event.status, failed, reached)))


def _retry_line(event: Retried, labels: Mapping[str, str]) -> str:
    cause = event.message.strip().splitlines() or ["failed"]
    return f"{_name(event.task, labels)}: {cause[-1]}; will be tried again"


def _bars(
    events: Iterable[Event], runs: int, epochs: int, slots: int, labels: Mapping[str, str]
) -> Iterator[Event]:
    """Draw runs, epochs (whose time left is the whole command's) and each slot's batches."""
    from bnbench.execution.tasks import Ended, Progress, Retried, Started

    run_bar = _bar(total=runs, desc="runs", position=0, unit="run", bar_format=_COUNT)
    epoch_bar = _bar(total=epochs, desc="epochs", position=1, unit="epoch")
    batch_bars = [
        _bar(desc="waiting", position=2 + slot, bar_format=_BATCHES, leave=False)
        for slot in range(slots)
    ]
    bars = [run_bar, epoch_bar, *batch_bars]
    width = run_bar.ncols
    done: set[tuple[str, int]] = set()  # a run that is tried again does its last epoch twice
    try:
        for event in events:
            width = _fit(bars, width)
            run_bar.update(0)  # its clock moves while no run ends
            if isinstance(event, Started):
                _begin(batch_bars[event.slot], event)
            elif isinstance(event, Progress):
                _advance(batch_bars[event.slot], event)
                if event.validation_accuracy is not None:
                    done.add((event.task.name, event.epoch))
                    epoch_bar.update(len(done) - epoch_bar.n)
            elif isinstance(event, Retried):
                run_bar.write(_retry_line(event, labels), file=sys.stderr)
            elif isinstance(event, Ended):
                run_bar.update()
            yield event
    finally:
        for bar in (*batch_bars, run_bar, epoch_bar):  # as each is closed it becomes the first
            bar.close()


def _bar(**of: Any) -> tqdm[Any]:
    """Make a bar that is as wide as the terminal is when it is drawn, once in a tenth second."""
    return tqdm(dynamic_ncols=True, miniters=0, **of)


def _fit(bars: Sequence[tqdm[Any]], before: int | None) -> int | None:
    """Draw all bars anew where the terminal has become narrower, and has broken their lines."""
    first = bars[0]
    width: int | None = first.format_dict["ncols"]
    if before and width and width < before:
        first.fp.write("\r\x1b[J")  # what is below the cursor, which is at the first bar
        for bar in bars:
            bar.sp = bar.status_printer(bar.fp)  # would blank as much as its last line was long
            bar.refresh()
    return width


_COUNT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}]"
# 78 columns at most: what a run measures must not fall off a terminal's edge.
_BATCHES = "{desc} {percentage:3.0f}%|{bar:6}|{postfix}"
NAME_WIDTH = 18


def _begin(bar: tqdm[Any], event: Started) -> None:
    bar.reset(total=event.task.batches_per_epoch)
    bar.set_description_str(_description(event.task, "starting"), refresh=False)
    bar.set_postfix_str("")


def _description(task: Task, what: str) -> str:
    """Name a run in few columns: its overrides, and the beginning of a long name, drop out."""
    name = base_name(task.experiment.experiment)
    short = name if len(name) <= NAME_WIDTH else "…" + name[1 - NAME_WIDTH :]
    return f"{short:<{NAME_WIDTH}} {task.seeds_in_words} {what}"


def _advance(bar: tqdm[Any], event: Progress) -> None:
    if event.validation_accuracy is not None:
        bar.reset()
        return
    epoch = f"epoch {event.epoch}/{event.task.experiment.training.epochs}"
    bar.set_description_str(_description(event.task, epoch), refresh=False)
    bar.set_postfix_str(f"loss {event.loss:.3f}, accuracy {event.accuracy:.3f}", refresh=False)
    bar.update(event.batches - bar.n)
