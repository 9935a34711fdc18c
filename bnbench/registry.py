"""Names that a config may use, and the nearest one where it uses another.

Besides what bnbench has, a name may be that of an installed package, which registers what it has
when its entry point of the group ``bnbench`` is loaded. Or it is an import path, such as
``my_package.models:Net``; since a config could run any code by one, it has to be allowed.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeVar

from bnbench.errors import BnbenchError

Entry = TypeVar("Entry")
Base = TypeVar("Base")
MOST_NAMED = 40
"""Names that a refusal lists; nobody reads the 358 experiments of the reference."""

GROUP = "bnbench"
"""Of the entry points whose modules are imported when a name is not known."""
ALLOW_IMPORT = "BNBENCH_ALLOW_IMPORT"
"""Set to 1 by ``--allow-import``, also for the processes that a command starts."""
NOT_ALLOWED = "is code, which a config runs only if it is allowed"


class Registry(dict[str, Entry]):
    """All of one kind that a config may name, such as the architectures, by their names.

    Parameters
    ----------
    kind : str
        What a name stands for, such as ``"architecture"``.
    imported : callable, optional
        Import path, what it names -> the entry for it; raises `TypeError` where it is none. By
        default no import path is a name.
    """

    def __init__(self, kind: str, imported: Callable[[str, Any], Entry] | None = None) -> None:
        super().__init__()
        self.kind, self._imported = kind, imported

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
        if name not in self and self._imported and ":" in name:
            self.add(name, self._of_path(name, f"{place}: " if place else "", self._imported))
        elif name not in self:
            import_installed()
        if name not in self:
            raise unknown(self.kind, name, self, place)
        return self[name]

    def _of_path(self, path: str, where: str, imported: Callable[[str, Any], Entry]) -> Entry:
        module, _, attribute = path.partition(":")
        if os.environ.get(ALLOW_IMPORT) != "1":
            raise BnbenchError(
                f"{where}{path} {NOT_ALLOWED}: give `bnbench --allow-import`, or install a package"
                f" with an entry point of the group {GROUP}"
            )
        if str(Path.cwd()) not in sys.path:
            sys.path.append(str(Path.cwd()))  # as `python -m` has it, but last
        try:
            _import_own(module)
            return imported(path, getattr(sys.modules[module], attribute))
        except AttributeError:
            raise BnbenchError(f"{where}{module} has no {attribute!r}") from None
        except TypeError as error:
            raise BnbenchError(f"{where}{path} is no {self.kind}: {error}") from None
        except BnbenchError as error:
            raise BnbenchError(*(f"{where}{line}" for line in error.problems)) from None


def subclass_of(base: type[Base]) -> Callable[[str, type[Base]], type[Base]]:
    """Make the check of an import path that a `Registry` of classes takes."""

    def checked(_: str, given: type[Base]) -> type[Base]:
        if not issubclass(given, base):
            package = base.__module__.rpartition(".")[0]
            raise TypeError(f"it is no subclass of {package}.{base.__name__}")
        return given

    return checked


@cache
def import_installed() -> None:
    """Import what installed packages offer, once; an import registers what a module has."""
    for entry in sorted(entry_points(group=GROUP)):
        _import_own(entry.module)


def unknown(
    kind: str, name: str, known: Iterable[str], place: str = "", otherwise: str = ""
) -> BnbenchError:
    """The error for a name that is not among the known ones, with the nearest of them.

    Parameters
    ----------
    kind : str
        What the name stands for, such as ``"architecture"``.
    place : str, default ""
        Where it was written (``file:line:column: key``), put in front of the message.
    otherwise : str, default ""
        The remedy where no name is near; by default to choose one of the names.
    """
    names = sorted(map(str, known))
    short = name.removesuffix("norm").rstrip("_")  # batch_norm is no slip for batch_renorm
    near = [short] if short in names else get_close_matches(name, names, n=1, cutoff=0.5)
    otherwise = otherwise or f"choose one of: {_first(names)}"
    remedy = f"did you mean {near[0]!r}?" if near else otherwise
    return BnbenchError(f"{place + ': ' if place else ''}there is no {kind} {name!r}; {remedy}")


def _first(names: Sequence[str]) -> str:
    more = f", and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


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
    if homes.keys() & modules.keys():
        raise ValueError(f"{package}: a module, once imported, would hide what has its name")

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
        file = _file_of(module)
        if not file:
            raise BnbenchError(
                f"there is no module {module} ({error}); install it, or give the command in the"
                " folder where it is"
            ) from None
        raise BnbenchError(
            f"{file}:{_line_in(file, error)}: {type(error).__name__}: {error}; mend the file, or"
            " move it away"
        ) from None


def _file_of(module: str) -> str:
    """Find a module's file without running it; none where there is no such module."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return ""
    return (spec.origin or module) if spec else ""


def _line_in(file: str, error: Exception) -> int:
    """Find the last line of a file that was at work."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return (lines or [0])[-1] or 0
