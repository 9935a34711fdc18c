"""``bnbench`` in processes that need not import anything: copies of one that has imported it all.

A command is a process of its own, with its folder, environment, standard streams, signals and exit
code, and with no other's state. Only how it starts, and how its fork server does, is not tested so:
`tests/integration` has tests that start ``python -m bnbench``.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from itertools import pairwise
from multiprocessing import util
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryFile, mkdtemp
from typing import Any, NoReturn

NUMBER = 8  # bytes of a process's id, and of an exit code
ROOT = Path(__file__).parents[1]


def bnbench(
    *arguments: object, cwd: Path | None = None, workers: str = "fork", largest: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its runs are copies of its process, too, each with its own."""
    with started(*arguments, cwd=cwd, workers=workers, largest=largest) as command:
        said = command.communicate(300)
        assert command.returncode is not None
    return subprocess.CompletedProcess([*map(str, arguments)], command.returncode, *said)


@contextmanager
def started(
    *arguments: object,
    cwd: Path | None = None,
    workers: str = "forkserver",
    largest: int | None = None,
) -> Iterator[Command]:
    """A process group of its own, as a shell gives to a command; nothing of it is left behind."""
    command = Command(arguments, cwd or Path.cwd(), workers, largest)
    try:
        yield command
    finally:
        with suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGKILL)
        command.close()


def imported(*arguments: object, cwd: Path | None = None) -> set[str]:
    """Name the modules that a command imports, by a process that starts as a user's does."""
    line = [sys.executable, "-X", "importtime", "-m", "bnbench", *map(str, arguments)]
    timed = subprocess.run(line, capture_output=True, text=True, check=True, cwd=cwd)
    modules = {row.rpartition("|")[2].strip() for row in timed.stderr.splitlines()}
    assert "typer" in modules  # the times were read
    return modules


class Command:
    """A command under way, with those members of `subprocess.Popen` that tests need.

    Parameters
    ----------
    arguments : sequence of object
        What follows ``bnbench``.
    folder : Path
        In which it works.
    workers : {"forkserver", "fork"}
        How it starts its runs: by a process that is copied for each, as users' commands do, or in
        copies of its own. These have one thread, and live on where the command is killed.
    largest : int or None
        Bytes that its files may have, if there is a limit.
    """

    def __init__(
        self, arguments: Sequence[object], folder: Path, workers: str, largest: int | None
    ) -> None:
        self.returncode: int | None = None
        self._said = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - they live as long as it
        self._link = socket.socket(socket.AF_UNIX)
        self._link.connect(_server())
        wanted = {
            "arguments": [str(one) for one in arguments], "folder": str(folder),
            "environment": dict(os.environ), "workers": workers, "largest": largest,
        }  # fmt: skip
        streams = [file.fileno() for file in self._said]
        socket.send_fds(self._link, [b"."], streams)
        self._link.sendall(json.dumps(wanted).encode())
        self._link.shutdown(socket.SHUT_WR)
        self.pid = self._number()

    def _number(self) -> int:
        return int.from_bytes(self._link.recv(NUMBER, socket.MSG_WAITALL), "big", signed=True)

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._link], [], [], 0)[0]:
            self.returncode = self._number()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            select.select([self._link], [], [], timeout)
        code = self.poll()
        assert code is not None, "it has not ended in time"
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; what it has said on standard output and standard error."""
        self.wait(timeout)
        for file in self._said:
            file.seek(0)
        out, error = (file.read().decode() for file in self._said)
        return out, error

    def close(self) -> None:
        for one in (self._link, *self._said):
            one.close()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@cache
def _server() -> str:
    """Start the process that is copied, which ends with this one, and give its address."""
    address = str(Path(mkdtemp(prefix="bnbench-tests-")) / "socket")
    line = [sys.executable, "-m", "tests.commands", address]
    server = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    server.stdout.close()
    atexit.register(_end, server)
    return address


def _end(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()
    server.wait()


def serve(address: str) -> None:
    """Import everything, and be copied, until standard input ends."""
    _warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for pytest
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)  # noqa: T201
    while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
        assert ready
        link, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _watch(link)
        link.close()
        _forget_those_that_have_ended()
    _forget_those_that_have_ended()
    Path(address).unlink()
    Path(address).parent.rmdir()


def _forget_those_that_have_ended() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _warm_up() -> None:
    """Do what every command does: a short run, a figure and a report load most modules."""
    import matplotlib as mpl
    import torch

    mpl.use("agg")
    torch.set_num_threads(1)  # a copy of a process with more threads would wait for them
    import seaborn  # noqa: F401

    import bnbench.__main__
    import bnbench.checks
    import bnbench.claims
    import bnbench.execution.preloaded
    import bnbench.export
    import bnbench.prediction
    import bnbench.report
    import bnbench.verification
    from bnbench import load_experiment, run_experiment
    from tests.built import build

    build()
    for command in iter_modules(bnbench.cli.__path__):
        import_module(f"bnbench.cli.{command.name}")
    settings = ["data.dataset=digits", "training.epochs=1", "data.train_examples=64"]
    experiment = load_experiment(ROOT / "configs/lenet5_batchnorm.yaml", settings)
    with tempfile.TemporaryDirectory() as folder:
        assert list(run_experiment(experiment, 0, Path(folder)))
    tempfile.tempdir = None  # it is looked up anew, for whoever has another
    gc.freeze()


def _watch(link: socket.socket) -> NoReturn:
    """Start a command, and say on the link its process's id, and at last its exit code."""
    _, streams, _, _ = socket.recv_fds(link, 1, 2)
    wanted = json.loads(b"".join(iter(lambda: link.recv(1 << 16), b"")))
    command = os.fork()
    if command == 0:
        link.close()
        _become(wanted, streams)
    for stream in streams:
        os.close(stream)
    with suppress(BrokenPipeError):  # the test has gone away
        link.sendall(command.to_bytes(NUMBER, "big", signed=True))
        code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
        link.sendall(code.to_bytes(NUMBER, "big", signed=True))
    os._exit(0)


def _become(wanted: dict[str, Any], streams: list[int]) -> NoReturn:
    """Be ``python -m bnbench`` with these arguments, from here on."""
    import bnbench.__main__ as program
    from bnbench.cli import main
    from bnbench.execution import fork_server

    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in enumerate((nothing, *streams)):
        os.dup2(theirs, ours)
        os.close(theirs)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    if wanted["largest"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (wanted["largest"],) * 2)
    if wanted["workers"] == "fork":
        fork_server.method = lambda: "fork"
    util.spawnv_passfds = _spawned_or_copied  # type: ignore[assignment]
    sys.modules["__main__"] = program
    sys.argv = [str(program.__file__), *wanted["arguments"]]
    code: Any = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does it
        traceback.print_exc()
    with suppress(OSError):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


_spawned = util.spawnv_passfds


def _spawned_or_copied(path: Any, line: Sequence[Any], passed: Sequence[int]) -> int:
    """Start a helper of multiprocessing; its fork server, which imports all, as a copy of this.

    A copy of a process with several threads would wait for those that it does not have.
    """
    program, threads = str(line[-1]), Path("/proc/self/task")
    if "forkserver" not in program or not threads.exists() or len(list(threads.iterdir())) > 1:
        return _spawned(path, line, passed)
    if (child := os.fork()) > 0:
        return child
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        ends = [sys.stderr.fileno(), *sorted(passed), 1 << 12]
        for before, after in pairwise(ends):
            os.closerange(before + 1, after)
        exec(program, {})
    except SystemExit:  # there is nobody left whose runs it could start
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
