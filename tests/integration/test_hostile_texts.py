"""Names and texts that are markup, in every command: what is printed and drawn stays text.

The report is opened in Chromium beside one with ordinary words in their place: it has the same
elements with the same attributes, and nothing is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bnbench.config import load_experiment
from bnbench.errors import visible
from bnbench.report.files import FORMULAS
from tests.integration.test_report_browser import BROWSER, browse
from tests.invoke import ended
from tests.trained import trained

HOSTILE = (
    "<script>document.title='owned'</script>",
    "x style=\"}td{font-size:0}td:after{content:'99.9'}b{\"",
    "</style></title></svg><img src=https://e.example/a onerror=alert(1)>",
    "![a](https://e.example/b.png) [c](javascript:alert(2)) <https://e.example>",
    "=HYPERLINK('https://e.example')",
    "| a | `b` ``` $\\frac{1$ &lt;b&gt; \\",
    "{{ 7 * 7 }}{% raw %} [/red] :bomb: %n %s {0}",
    "# a ]]> --> <!-- <svg onload=alert(3)> url(https://e.example)",
)
"""What has broken out of HTML, style, SVG, Markdown, a spreadsheet, mathtext or rich somewhere."""

PLAIN = tuple(f"word{number} and more" for number in range(len(HOSTILE)))
FOLDERS = {HOSTILE: "a [b]<img src=x onerror=alert(4)> $c$", PLAIN: "a b c d"}
CONFIG: dict[str, Any] = {
    "model": {"name": "LeNet5"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 2, "batch_size": 200, "optimizer": {"name": "sgd"}},
}
SCRIPT = """<script>
const elements = frame => [...frame.contentDocument.querySelectorAll("*")].map(one => [
  one.closest("svg") ? "drawn" : "written", one.tagName,
  [...one.attributes].map(each => each.name).sort().join(" "),
  (one.getAttribute("href") || one.getAttribute("src") || "").split(/[#,]/)[0]]);
onload = () => {
  const frames = [...document.querySelectorAll("iframe")];
  document.title = JSON.stringify(frames.map(elements));
};
</script>"""

Call = Callable[..., str]


@dataclass(frozen=True)
class Written:
    """A folder with configs, a study, runs and an image whose texts are of one kind."""

    folder: Path
    results: Path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Written]:
    """The same with hostile texts and with plain ones."""
    found = {}
    for texts, name in FOLDERS.items():
        folder = tmp_path_factory.mktemp("texts") / name
        folder.mkdir()
        _write_files(folder, texts)
        found[texts] = Written(folder, folder / f"results {name}")
        for label in ("plain", "normalized", "broken"):
            _train(folder / f"{label}.yaml", found[texts].results, texts)
    return found


def _write_files(folder: Path, texts: tuple[str, ...]) -> None:
    script, style, image, link, formula, marks, template, comment = texts
    for label, description in (("plain", script), ("normalized", link), ("broken", style)):
        config: Any = CONFIG | {"experiment": label, "description": description}
        if label == "normalized":
            config |= {"model": {"name": "LeNet5_BatchNorm"}}
        if label == "broken":
            optimizer = {"name": "sgd", "learning_rate": 1e30}
            config |= {"training": CONFIG["training"] | {"optimizer": optimizer}}
        _dump(folder / f"{label}.yaml", config)
    metrics = ["validation_accuracy@last", "validation_loss@last", "diverged"]
    contrast = {"treatment": "normalized", "baseline": "plain", "metrics": metrics}
    test = {"study": "hostile", "contrast": "help", "metric": metrics[0], "rule": "higher"}
    claims = [
        {"id": "X.1", "article": "A0", "claim": image, "claimed": link,
         "tests": [test | {"aspect": formula}, test | {"aspect": marks}]},
        {"id": "X.2", "article": template, "claim": comment, "claimed": style, "needs": script},
        {"id": "X.3", "article": "A1", "claim": marks, "claimed": formula, "not_testable": image},
    ]  # fmt: skip
    _dump(folder / "study.yaml", {
        "study": "hostile",
        "question": image,
        "seeds": 2,
        "experiments": {
            "plain": {"config": "plain.yaml", "title": style},
            "normalized": {"config": "normalized.yaml", "title": formula},
            "broken": {"config": "broken.yaml", "title": comment},
        },
        "contrasts": {
            "help": contrast | {"family": "confirmatory"},
            "harm": contrast | {"treatment": "broken"},
        },
        "small": {"keeps": template, "seeds": 2},
        "answered_by": [
            {"says": marks, "contrasts": ["help"], "metrics": metrics[:1], "yes": "higher"}
        ],
        "brief": [{"question": "a ".join(script.split()[:1] * 2), "metric": metrics[0],
                   "yes": "higher", "corrected": "help"}],
        "claims": claims,
    })  # fmt: skip
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(folder / f"{FOLDERS[texts]}.png")


def _dump(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")  # is YAML, too


def _train(config: Path, results: Path, texts: tuple[str, ...]) -> None:
    """Train two seeds, and have their manifests, sealed as they are, say what is asked of them."""
    script, style, image, link, formula, marks, template, comment = texts
    experiment = load_experiment(config)
    for seed in (0, 1):
        run = trained(experiment, results, seed)
        manifest = run.read_manifest()
        machine = manifest.machine.model_dump() | {"processor": script + str(seed)}
        manifest.changed(
            error=manifest.error and style,
            versions=manifest.versions | {image: link, "torch": formula + str(seed)},
            source={"commit": marks, template: comment},
            machine=machine,
        ).write(run.manifest)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command in a folder; all that it says is text that a terminal shows as it is."""

    def call(folder: Path, codes: tuple[int, ...], *arguments: str) -> str:
        monkeypatch.chdir(folder)
        code = ended(monkeypatch, *arguments)
        said = "".join(capfd.readouterr())
        assert code in codes, (arguments, said)
        assert "Traceback" not in said
        assert visible(said) == said
        return said

    return call


def understood(texts: tuple[str, ...], made: Written) -> Iterator[tuple[str, ...]]:
    """Every command that reads what somebody has written."""
    _, style, image, _, formula, marks, *_ = texts
    name, results = FOLDERS[texts], str(made.results)
    arms = [f"{results}/{label}" for label in ("plain", "normalized", "broken")]
    run, other = f"{results}/plain/seed-0", f"{results}/normalized/seed-1"
    yield "list", results
    yield "list", results, "--runs"
    yield "list", results, "--json"
    yield "watch", results
    yield "verify", *arms, "--junit", f"{name}.xml"
    yield "diff", run, other
    yield "plan", "study.yaml", "--results", results
    yield "claims", "study.yaml", "--results", results, "--csv", f"claims {name}.csv"
    yield "predict", run, f"{name}.png", "--show", f"seen {name}.png"
    labels = [part for text in (formula, style, marks) for part in ("--labels", text)]
    yield "compare", *arms, *labels, "--latex", "--out", name
    yield "compare", *arms[:2], "--title", image, "--format", "svg", "--out", f"titled {name}"
    yield "merge", results, "--results", f"merged {name}"
    yield "report", "study.yaml", "--results", results, "--markdown", "--out", "report.html"
    yield "report", "study.yaml", "--results", results, "--folder", f"all {name}", "--latex"
    yield "export", results, "--parquet", f"tables {name}"
    yield "export", run, "--safetensors", f"{name}.safetensors"
    yield "new", f"new {name}.yaml"
    yield "data", "where", "--data-dir", name


def refused(texts: tuple[str, ...], made: Written) -> Iterator[tuple[str, ...]]:
    """Every command that takes a name; and runs of versions that say anything."""
    yield "train", "plain.yaml", "--results", str(made.results)
    yield "reproduce", "study.yaml", "--results", str(made.results)
    for word in texts:
        for command in ("list", "train", "check-model", "report", "verify", "plan", "reproduce"):
            yield command, word
        for command in ("diff", "predict"):
            yield command, word, word
        yield "animate", word, "--probe", "path"
        yield "animate", str(made.results / "plain/seed-0"), "--probe", word
        yield "rm", "--yes", word
        yield "merge", word
        yield "claims", "--article", word
        yield "claims", "--results", word
        yield "compare", word, "--baseline", word
        yield "export", word, "--onnx", word
        yield "train", "plain.yaml", "-o", f"{word}={word}"
        yield "data", "verify", "--data-dir", word


def test_every_command_says_texts_as_they_are(
    written: dict[tuple[str, ...], Written], call: Call
) -> None:
    made = written[HOSTILE]
    for command in understood(HOSTILE, made):
        assert call(made.folder, (0, 1), *command)
    for command in refused(HOSTILE, made):
        assert call(made.folder, (1, 2), *command)
    drawings = [*made.folder.rglob("*.svg")]
    assert drawings
    for path in drawings:
        _hold_drawing(path)
    cases = ElementTree.parse(made.folder / f"{FOLDERS[HOSTILE]}.xml").findall(".//testcase")
    assert len(cases) == 6
    papers = [*made.folder.rglob("*.tex")]
    assert len(papers) >= 2
    for path in papers:
        _hold_paper(path.read_text(encoding="utf-8"))
    tables = [*made.folder.glob("*/*.csv")]
    assert tables
    for path in tables:
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert not any(
            cell.startswith(FORMULAS) and not _is_number(cell) for cell in cells.to_numpy().ravel()
        )


def _hold_drawing(path: Path) -> None:
    """Hold that a figure's file is a drawing alone, which links only within itself."""
    for element in ElementTree.parse(path).iter():
        assert "script" not in element.tag
        assert "foreignObject" not in element.tag
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            if name.endswith("href"):
                assert value.startswith(("#", "data:image/png"))


def _hold_paper(text: str) -> None:
    """Hold that LaTeX meets the commands of a table alone, and that each brace has its other."""
    obeyed = set(re.findall(r"\\([A-Za-z]+)", text))
    assert obeyed <= PAPER, obeyed - PAPER
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    for line in bare.splitlines()[1:]:
        assert not re.search(r"(?<!\\)[%#~^]", line)


PAPER = {
    "begin", "end", "centering", "caption", "toprule", "midrule", "bottomrule", "clearpage",
    "textbackslash", "textasciitilde", "textasciicircum", "usepackage", "ldots", "pm", "le", "ge",
    "times", "cdot", "infty",
}  # fmt: skip
"""Commands of a table, and of characters."""


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|[-+]?inf", cell) is not None


@pytest.mark.skipif(BROWSER is None, reason="needs a Chromium")
def test_the_report_has_no_element_of_a_text_s_own(
    written: dict[tuple[str, ...], Written], call: Call, tmp_path: Path
) -> None:
    """Outside the drawings, element by element; in them, of kinds that the plain ones have."""
    pages = [_report(written[texts], call) for texts in (HOSTILE, PLAIN)]
    hostile, plain = _elements(tmp_path / "frames.html", pages)
    assert len(plain) > 500
    kept = [[one for one in page if one[0] == "written"] for page in (hostile, plain)]
    assert kept[0] == kept[1]
    assert set(map(tuple, hostile)) <= set(map(tuple, plain))


def _report(made: Written, call: Call) -> Path:
    asked = ("report", "study.yaml", "--results", str(made.results), "--out", "seen.html")
    call(made.folder, (0,), *asked)
    return made.folder / "seen.html"


def _elements(frames: Path, pages: Sequence[Path]) -> list[list[list[str]]]:
    """List the elements of pages as Chromium finds them; its console stays silent."""
    inside = "".join(f'<iframe src="{page.as_uri()}"></iframe>' for page in pages)
    frames.write_text(f"<body>{inside}{SCRIPT}", encoding="utf-8")
    done = browse(
        frames, "--allow-file-access-from-files", "--enable-logging=stderr", "--dump-dom",
        frames.as_uri(),
    )  # fmt: skip
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title, done.stdout[:500]
    assert re.findall("CONSOLE.*", done.stderr) == []
    found: list[list[list[str]]] = json.loads(unescape(title[1]))
    return found
