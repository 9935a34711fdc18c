"""What was checked, and what was wrong, as JUnit XML: a build server shows it beside its tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from bnbench.errors import visible
from bnbench.runs import write_text


@dataclass(frozen=True)
class Case:
    """One thing that was checked, such as a run.

    Attributes
    ----------
    problems : tuple of str
        A line each; none where it held.
    """

    path: Path
    problems: tuple[str, ...] = ()


def write_junit(cases: Sequence[Case], path: Path) -> None:
    """Write one suite with a test case for each thing that was checked."""
    failures = sum(bool(case.problems) for case in cases)
    suites = ElementTree.Element("testsuites")
    counts = {"name": "bnbench verify", "tests": str(len(cases)), "failures": str(failures)}
    suite = ElementTree.SubElement(suites, "testsuite", counts)
    for case in cases:
        names = {"classname": visible(case.path.parent), "name": visible(case.path.name)}
        written = ElementTree.SubElement(suite, "testcase", names)
        if case.problems:
            lines = [visible(line) for line in case.problems]
            ElementTree.SubElement(written, "failure", message=lines[0]).text = "\n".join(lines)
    ElementTree.indent(suites)
    write_text(path, ElementTree.tostring(suites, "unicode", xml_declaration=True) + "\n")
