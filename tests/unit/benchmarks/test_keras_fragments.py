"""The last article's pieces of Keras, without Keras: what Python says of their text."""

from __future__ import annotations

import ast

import pytest

from benchmarks.keras_fragments import FRAGMENTS, Fragment, mended, printed, refusal
from bnbench.checks.article_code import KERAS_FRAGMENT, SECOND_KERAS_FRAGMENT


def called(code: str) -> list[str]:
    """Name what is called in a list of layers, in order."""
    (outer,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.List)]
    return [one.func.id for one in outer.elts
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]  # fmt: skip


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_as_printed_python_refuses_it_for_its_slips_alone(fragment: Fragment) -> None:
    assert refusal(fragment)
    text = printed(fragment).rstrip() + "])"
    if not fragment.comma:
        text = text.replace(str(fragment.shape), f"{fragment.shape},")
    ast.parse(text)


def test_the_layers_are_those_that_the_checks_count() -> None:
    for fragment, names in zip(FRAGMENTS, (KERAS_FRAGMENT, SECOND_KERAS_FRAGMENT), strict=True):
        assert called(mended(fragment, batch_norm=False)) == ["Input", *names]
        first, second, last = names
        assert called(mended(fragment, batch_norm=True)) == [
            "Input", first, "BatchNormalization", "Activation",
            second, "BatchNormalization", "Activation", last,
        ]  # fmt: skip
