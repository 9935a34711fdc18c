"""The tutorial, done from its first command to its last in one folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.commands import bnbench


@pytest.mark.slow
def test_the_tutorial_can_be_followed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (root / "docs/tutorial.md").read_text(encoding="utf-8")
    said, commands = "", 0
    for language, block in re.findall(r"```(\w*)\n(.*?)```", page, flags=re.DOTALL):
        if language == "python":
            exec(compile(block, "tutorial.md", "exec"), {})
        elif language == "yaml":
            Path("photos.yaml").write_text(block, encoding="utf-8")
        else:
            for line in block.splitlines():
                done = bnbench(*shlex.split(line)[1:], cwd=tmp_path)
                assert done.returncode == 0, (line, done.stderr)
                said, commands = said + done.stdout, commands + 1
    assert commands >= 12
    assert "Is group norm better than batch norm on these images?" in said
    assert Path("slide/accuracy.png").stat().st_size > 10_000
    assert Path("network.onnx").exists()
