"""What a node of a Ray cluster does for a run, in a folder of its own.

Its files are sent as they are made, so that whoever holds them can have the run gone on with
elsewhere. Nothing is asked of a shared file system.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.execution.ray_data import DataParcel, unpack
from bnbench.execution.run_files import Changes, Watch, write_files
from bnbench.execution.tasks import Ended, Event, Task
from bnbench.execution.work import work
from bnbench.runs import versions
from bnbench.training.code import code_hashes
from bnbench.training.device import resolve_device
from bnbench.training.kernels import resolve_kernels


def run_on_node(
    task: Task,
    slot: int,
    files: Sequence[Mapping[str, bytes]],
    parcel: DataParcel | None,
    wanted: Mapping[str, str],
) -> Iterator[Event | Changes]:
    """Do a run, or those of a stack, in a temporary folder.

    Parameters
    ----------
    task : Task
        Its `results` and `data_dir` are those of the command's machine, and not used.
    files : sequence of mapping of str to bytes
        What there is of each run: they go on from that.
    parcel : DataParcel or None
        ``None`` where the data set comes with a package.
    wanted : mapping of str to str
        The `conditions` of the command's machine, which must be this one's.

    Yields
    ------
    Event or Changes
        What `bnbench.execution.work.work` tells; and the files after every whole epoch, and at
        the end, before the event that says so.
    """
    try:
        _refuse_other_conditions(task.experiment, wanted)
    except BnbenchError as error:
        yield Ended(task, slot, "refused", f"Ray node {platform.node()}: {error}")
        return
    with TemporaryDirectory(prefix="bnbench-") as folder:
        data_dir = unpack(import_module("ray"), task.experiment.data, parcel) if parcel else None
        local = replace(task, results=Path(folder), data_dir=data_dir)
        for run, there in zip(local.runs, files, strict=True):
            write_files(run, there, there)
        watches = [Watch(run, place) for place, run in enumerate(local.runs)]
        with closing(work(local, slot)) as events:
            for event in events:
                ended = isinstance(event, Ended)
                for watch in watches:
                    changed = ended or watch.names_changed()
                    if changed and (changes := watch.changes()).files:
                        yield changes
                yield replace(event, task=task)


def conditions(experiment: Experiment, device: torch.device) -> dict[str, str]:
    """Name everything of a machine that decides a run's numbers, but its kind of processor."""
    packages = {name: version for name, version in versions().items() if name != "python"}
    kernels = resolve_kernels(experiment, device.type)
    hashes = code_hashes(experiment, kernels)
    code = {f"code of {module}": digest for module, digest in hashes.items()}
    return {"device": device.type, "training.kernels": kernels} | packages | code


def _refuse_other_conditions(experiment: Experiment, wanted: Mapping[str, str]) -> None:
    found = conditions(experiment, resolve_device(experiment))
    both = wanted.keys() | found.keys()
    names = sorted(name for name in both if wanted.get(name) != found.get(name))
    if names:
        raise BnbenchError(
            f"differs from the command's machine in {', '.join(names)};"
            " install the same versions on all nodes, and see --device and --gpus-per-run"
        )
