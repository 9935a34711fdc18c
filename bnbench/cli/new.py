"""``bnbench new``: a commented config or study to start from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bnbench.cli.terminal import say

if TYPE_CHECKING:
    from bnbench.config.json_schema import Key

WIDTH = 96  # columns of a comment

EXPERIMENT = """\
# One experiment: everything that decides its numbers except the seed. Each key has its default
# here, and may be left out. Try it on small digits first:
#   bnbench train --config {file} --seeds 2 -o data.dataset=digits
"""

STUDY = """\
# A study: which experiments, with how many seeds, and what is compared with what.
#   bnbench reproduce {file}

# Its name, which the folders of its runs and of its report have, too.
study: {name}
# What the report answers.
question: Does batch norm help?
# What "yes" means: the treatment of these contrasts is higher in these metrics.
answered_by:
  - says: in test accuracy
    contrasts: [lead]
    metrics: [test_accuracy]
    yes: higher
# Every experiment is run with the seeds 0 to 5. Fewer than 6 seeds cannot decide anything.
seeds: 6
experiments:
  # A name for the contrasts below.
  plain:
    # A file, seen from this one's folder, or the name of an experiment, such as lenet5.
    config: {base}
    # In figures and tables.
    title: without batch norm
    # What is changed: dotted keys of the config, and their values.
    overrides: {{model.normalization: null}}
  batch_norm:
    config: {base}
    title: with batch norm
    overrides: {{model.normalization: {{kind: batch}}}}
    # With a grid there is one experiment for each value:
    # grid: {{training.batch_size: [16, 64]}}
contrasts:
  # Treatment minus baseline, seed by seed.
  lead:
    treatment: batch_norm
    baseline: plain
    # After the first epoch, after the last, and on the test file.
    metrics: [validation_accuracy@1, validation_accuracy@last, test_accuracy]
"""


def new(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    study: Annotated[
        bool, typer.Option("--study", help="Write a study, and beside it the config that it needs.")
    ] = False,
) -> None:
    """Write a config, or a study, with a comment at each key; nothing is ever overwritten.

    Example: bnbench new mine.yaml
    """
    from bnbench.errors import BnbenchError
    from bnbench.runs import write_text

    file = file if file.suffix else file.with_suffix(".yaml")
    texts = _study(file) if study else {file: _experiment(file)}
    for path in texts:
        if path.exists() or path.is_symlink():
            raise BnbenchError(f"{path}: is there already; choose another name")
        if not path.parent.is_dir():
            raise BnbenchError(f"{path.parent}: is no folder; make it first")
    for path, text in texts.items():
        write_text(path, text)
        say(path)
    do = f"{'reproduce' if study else 'train'} {quote(str(file))}"
    say(f"Next: change what you like, then bnbench {do}")


def _study(file: Path) -> dict[Path, str]:
    base = file.with_name(f"{_name(file)}_base.yaml")
    text = STUDY.format(file=file, name=_name(file), base=base.name)
    return {file: text, base: _experiment(base)}


def _name(file: Path) -> str:
    """Make a name of a file's: letters, digits and ``_``, the first no ``_``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", file.stem).lstrip("_") or "mine"


def _experiment(file: Path) -> str:
    """Write every key with its default, and above it what it means."""
    from bnbench.config import Experiment, ModelSettings
    from bnbench.config.json_schema import keys
    from bnbench.config.named import shipped_schema

    experiment = Experiment(experiment=_name(file), model=ModelSettings(name="LeNet5"))
    meanings = {key.name: key for key in keys(shipped_schema())}
    lines = _lines(experiment.model_dump(mode="json"), meanings, "")
    return EXPERIMENT.format(file=file) + "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any], meanings: Mapping[str, Key], section: str) -> Iterator[str]:
    from yaml import safe_dump

    indent = "  " * section.count(".")
    for name, value in values.items():
        key = meanings[f"{section}{name}"]
        words = "" if isinstance(value, dict) else key.values
        comment = " ".join(filter(None, (key.meaning, words and f"({words})")))
        yield from (f"{indent}# {line}" for line in wrap(comment, WIDTH - len(indent)))
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _lines(value, meanings, f"{section}{name}.")
        else:
            yield indent + safe_dump({name: value}, allow_unicode=True).strip()
