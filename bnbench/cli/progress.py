"""What a person sees while runs are under way: nested bars, or plain lines in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from bnbench.execution import Ended, Event, Progress, Started


def shown(events: Iterable[Event], runs: int, epochs: int, slots: int) -> Iterator[Event]:
    """Pass events on while showing them on standard error.

    Parameters
    ----------
    events : iterable of Event
    runs, epochs : int
        How many there will be in all.
    slots : int
        How many runs go side by side.

    Yields
    ------
    Event
        The events, unchanged.
    """
    return _bars(events, runs, epochs, slots) if sys.stderr.isatty() else _lines(events, runs)


def _lines(events: Iterable[Event], runs: int) -> Iterator[Event]:
    from bnbench.execution import Ended, Progress

    done = 0
    for event in events:
        if isinstance(event, Progress) and event.validation_accuracy is not None:
            print(_epoch_line(event), file=sys.stderr, flush=True)  # noqa: T201
        if isinstance(event, Ended):
            done += 1
            print(f"[{done}/{runs}] {event.task.name}: {event.status}", file=sys.stderr, flush=True)  # noqa: T201
        yield event


def _epoch_line(event: Progress) -> str:
    return (
        f"{event.task.name}: epoch {event.epoch}/{event.task.experiment.training.epochs}"
        f" loss {event.loss:.4f} validation accuracy {event.validation_accuracy:.4f}"
    )


def _bars(events: Iterable[Event], runs: int, epochs: int, slots: int) -> Iterator[Event]:
    """Draw runs, epochs (whose time left is the whole command's) and each slot's batches."""
    from bnbench.execution import Ended, Progress, Started

    run_bar: tqdm[Any] = tqdm(total=runs, desc="runs", position=0, unit="run", bar_format=_COUNT)
    epoch_bar: tqdm[Any] = tqdm(total=epochs, desc="epochs", position=1, unit="epoch")
    batch_bars: list[tqdm[Any]] = [
        tqdm(desc="waiting", position=2 + slot, unit="batch", leave=False) for slot in range(slots)
    ]
    try:
        for event in events:
            if isinstance(event, Started):
                _begin(batch_bars[event.slot], event)
            elif isinstance(event, Progress):
                _advance(batch_bars[event.slot], epoch_bar, event)
            elif isinstance(event, Ended):
                run_bar.update()
            yield event
    finally:
        for bar in (*reversed(batch_bars), epoch_bar, run_bar):
            bar.close()


_COUNT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}]"


def _begin(bar: tqdm[Any], event: Started) -> None:
    bar.reset(total=event.task.batches_per_epoch)
    bar.set_description(f"{event.task.name}: starting")


def _advance(bar: tqdm[Any], epoch_bar: tqdm[Any], event: Progress) -> None:
    if event.validation_accuracy is not None:
        epoch_bar.update()
        bar.reset()
        return
    bar.set_description(
        f"{event.task.name}: epoch {event.epoch}/{event.task.experiment.training.epochs}",
        refresh=False,
    )
    bar.set_postfix_str(f"loss {event.loss:.4f}, accuracy {event.accuracy:.3f}", refresh=False)
    bar.update(event.batches - bar.n)


def ended(events: Iterable[Event]) -> list[Ended]:
    """Wait for all events and keep how each run ended."""
    from bnbench.execution import Ended

    return [event for event in events if isinstance(event, Ended)]
