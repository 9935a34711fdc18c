"""Names that a config may use, and the nearest one where it uses another."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TypeVar

from bnbench.errors import BnbenchError

Entry = TypeVar("Entry")


class Registry(dict[str, Entry]):
    """All of one kind that a config may name, such as the architectures, by their names.

    Parameters
    ----------
    kind : str
        What a name stands for, such as ``"architecture"``.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def add(self, name: str, entry: Entry) -> None:
        """Enter something under a name that nothing has yet."""
        if name in self:
            raise ValueError(f"{self.kind} {name!r} is registered twice")
        self[name] = entry

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Make the decorator that enters a class, or a function, under `name`."""

        def enter(entry: Entry) -> Entry:
            self.add(name, entry)
            return entry

        return enter

    def find(self, name: str, place: str = "") -> Entry:
        """Look up a name, and refuse an unknown one; `place` is where it was written."""
        if name not in self:
            raise unknown(self.kind, name, self, place)
        return self[name]


def unknown(kind: str, name: str, known: Iterable[str], place: str = "") -> BnbenchError:
    """The error for a name that is not among the known ones, with the nearest of them.

    Parameters
    ----------
    kind : str
        What the name stands for, such as ``"architecture"``.
    name : str
    known : iterable of str
    place : str, default ""
        Where it was written (``file:line:column: key``), put in front of the message.
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(names)}"
    return BnbenchError(f"{place + ': ' if place else ''}there is no {kind} {name!r}; {remedy}")


def import_folder(package: str, path: Iterable[str], but: Collection[str] = ()) -> None:
    """Import every file of a package's folder, so that it can register what it has.

    A file may be the user's own. One that cannot be imported is refused in one line: the file, the
    line in it, and what Python says. Modules named in `but` are left for later.
    """
    for module in iter_modules(path):
        if module.name not in but:
            _import_own(f"{package}.{module.name}")


def on_demand(package: str, modules: Mapping[str, Iterable[str]]) -> Callable[[str], object]:
    """Make a package's ``__getattr__`` for names whose modules take long to import.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : mapping of str to iterable of str
        Module of the package -> the names that are imported from it when they are first used.
    """
    homes = {name: f"{package}.{module}" for module, names in modules.items() for name in names}

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return find


def _import_own(module: str) -> None:
    try:
        import_module(module)
    except BnbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - a file of one's own raises what it likes
        spec = find_spec(module)
        file = spec.origin if spec and spec.origin else module
        raise BnbenchError(
            f"{file}:{_line_in(file, error)}: {type(error).__name__}: {error}; mend the file, or"
            " move it away"
        ) from None


def _line_in(file: str, error: Exception) -> int:
    """Find the last line of a file that was at work."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return (lines or [0])[-1] or 0
