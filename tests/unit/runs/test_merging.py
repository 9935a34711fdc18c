"""Merging and removing runs: every refusal leaves everything as it was."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bnbench.errors import BnbenchError
from bnbench.runs import Run, merging
from bnbench.runs.hashes import file_hashes, sha256_of
from bnbench.runs.manifest import seal_of
from bnbench.runs.merging import merge, plan_merge
from bnbench.runs.overview import runs_below
from bnbench.runs.removal import check_removal, find_removable
from tests.edits import edit_manifest, edit_text
from tests.files import contents
from tests.invoke import invoke
from tests.unit.conftest import MakeRun


@pytest.fixture
def sealed(make_run: MakeRun, tmp_path: Path) -> Callable[..., Run]:
    """Write a run whose manifest lists its files, as real ones do."""

    def make(folder: str, name: str, seed: int, accuracy: float = 0.5, **how: Any) -> Run:
        run = make_run(name, seed, [accuracy], results=tmp_path / folder, **how)
        manifest = run.read_manifest()
        manifest.model_copy(update={"files": file_hashes(run)}).write(run.manifest)
        return run

    return make


def test_a_merge_takes_what_is_new(sealed: Callable[..., Run], tmp_path: Path) -> None:
    for seed in (0, 1):
        sealed("other", "a/x", seed)
    sealed("here", "a/x", 1)
    sealed("other", "b", 0, manifest={"status": "interrupted"})
    plan = plan_merge(tmp_path / "other", tmp_path / "here")
    assert [one.target.path for one in plan.taken] == [tmp_path / "here/a/x/seed-0"]
    assert [run.path.name for run in plan.there] == ["seed-1"]
    assert [run.path.parent.name for run in plan.unfinished] == ["b"]
    merge(plan)
    expected = {k: v for k, v in contents(tmp_path / "other").items() if k.startswith("a")}
    assert contents(tmp_path / "here") == expected
    assert plan_merge(tmp_path / "other", tmp_path / "here").taken == ()


def test_a_run_that_is_damaged_here_is_named(sealed: Callable[..., Run], tmp_path: Path) -> None:
    sealed("other", "a", 0)
    damaged = sealed("here", "a", 0).path / "epochs.csv"
    damaged.write_text("cut")
    with pytest.raises(BnbenchError) as caught:
        plan_merge(tmp_path / "other", tmp_path / "here")
    assert str(caught.value) == f"{damaged}: changed here; remove this run and merge again"


def test_what_a_runs_studies_ask_comes_along_but_replaces_nothing(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    """A name in a manifest that leads elsewhere is no study's."""
    asked = {"mine": "0" * 64, "ours": "1" * 64, "../a": "2" * 64}
    sealed("other", "a/x", 0, manifest={"registered": asked})
    for name, text in (("other", "theirs"), ("here", "ours")):
        folder = tmp_path / name / "studies"
        folder.mkdir(parents=True)
        (folder / "ours.json").write_text(text)
    for name in ("studies/mine.json", "studies/of_no_run.json", "a.json"):
        (tmp_path / "other" / name).write_text("theirs")
    merge(plan_merge(tmp_path / "other", tmp_path / "here", [tmp_path / "other/a"]))
    texts = {path.name: path.read_text() for path in tmp_path.glob("here/**/*.json")}
    assert texts | {"manifest.json": ""} == {
        "mine.json": "theirs", "ours.json": "ours", "manifest.json": "",
    }  # fmt: skip


@pytest.mark.parametrize("linked", ["studies", "studies/mine.json"])
def test_a_link_to_what_a_study_asks_is_not_taken(
    sealed: Callable[..., Run], tmp_path: Path, linked: str
) -> None:
    sealed("other", "a", 0, manifest={"registered": {"mine": "0" * 64}})
    (tmp_path / "other/studies").mkdir()
    (tmp_path / "other/studies/mine.json").write_text("theirs")
    (tmp_path / "other" / linked).rename(tmp_path / "elsewhere")
    (tmp_path / "other" / linked).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BnbenchError, match=rf"other/{linked}: is a link"):
        plan_merge(tmp_path / "other", tmp_path / "here")


def test_a_folder_is_not_merged_into_itself(sealed: Callable[..., Run], tmp_path: Path) -> None:
    sealed("here", "a", 0)
    with pytest.raises(BnbenchError, match="is the folder that would take the runs"):
        plan_merge(tmp_path / "other/../here", tmp_path / "here")


def test_a_report_and_what_is_beside_it_is_not_removed(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    sealed("here", "runs/a", 0)
    (tmp_path / "here/report.html").write_text("")
    with pytest.raises(BnbenchError, match="here: holds packed runs, or a report; these are not"):
        find_removable([tmp_path / "here"])


def test_contradictions_and_edits_are_all_named_and_nothing_is_copied(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    sealed("other", "good", 0)
    sealed("other", "a", 0, 0.5)
    sealed("here", "a", 0, 0.75)
    edit_text(sealed("other", "b", 0).epochs, "0.5", "0.9")
    edit_text(sealed("other", "c", 0).manifest, '"seed": 0', '"seed": 7')
    before = contents(tmp_path / "here")
    with pytest.raises(BnbenchError) as caught:
        plan_merge(tmp_path / "other", tmp_path / "here")
    lines = sorted(str(caught.value).splitlines())
    assert len(lines) == 3
    assert "here/a/seed-0: is there already" in lines[0]
    assert "b/seed-0/epochs.csv: changed" in lines[1]
    assert "c/seed-0/manifest.json: was edited" in lines[2]
    assert contents(tmp_path / "here") == before


def test_a_name_in_a_manifest_leads_nowhere_else(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    """Its seal can be made by anybody; the run was written to ../../outside."""
    run = sealed("other", "a", 0)
    for name in ("../../outside", str(tmp_path / "outside"), "a/../../../outside"):
        edit_manifest(run, experiment=name)
        edit_manifest(run, seal=seal_of(json.loads(run.manifest.read_text())))
        with pytest.raises(BnbenchError, match="experiment: string should match"):
            plan_merge(tmp_path / "other", tmp_path / "here/results")
    assert not (tmp_path / "here").exists()


def test_a_link_among_a_run_s_files_is_not_taken(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    run = sealed("other", "a", 0)
    run.config.rename(tmp_path / "config.yaml")
    run.config.symlink_to(tmp_path / "config.yaml")
    with pytest.raises(BnbenchError, match=r"config\.yaml: is a link"):
        plan_merge(tmp_path / "other", tmp_path / "here")


@pytest.mark.parametrize("linked", ["probes", "probes/gradients.npz"])
def test_a_link_to_what_probes_saw_is_not_taken(
    sealed: Callable[..., Run], tmp_path: Path, linked: str
) -> None:
    path = with_probe(sealed("other", "a", 0)).path / linked
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BnbenchError, match=rf"seed-0/{linked}: is a link"):
        plan_merge(tmp_path / "other", tmp_path / "here")


def with_probe(run: Run) -> Run:
    run.probe("gradients").parent.mkdir()
    run.probe("gradients").write_bytes(b"looks")
    manifest = run.read_manifest()
    manifest.model_copy(update={"files": file_hashes(run)}).write(run.manifest)
    return run


def test_what_probes_saw_is_merged_and_removed_too(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    with_probe(sealed("other", "a", 0))
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert contents(tmp_path / "here") == contents(tmp_path / "other")
    (taken,) = find_removable([tmp_path / "here/a"])
    assert invoke("rm", taken.path, "--yes").exit_code == 0
    assert contents(tmp_path / "here") == {}


def test_a_merge_that_was_killed_goes_on(sealed: Callable[..., Run], tmp_path: Path) -> None:
    """It leaves whole files without a manifest; one of other bytes is nobody knows whose."""
    sealed("other", "a", 0)
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    whole, target = contents(tmp_path / "here"), Run(tmp_path / "here/a/seed-0")
    target.manifest.unlink()
    target.epochs.unlink()
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert contents(tmp_path / "here") == whole
    target.manifest.unlink()
    target.epochs.write_text("of another run")
    with pytest.raises(BnbenchError, match=r"holds epochs\.csv, but no manifest"):
        plan_merge(tmp_path / "other", tmp_path / "here")


def test_copies_wait_where_nobody_looks_until_all_are_on_disk(
    sealed: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        sealed("other", "a", seed)
    seen: list[set[str]] = []
    monkeypatch.setattr(
        merging, "force_to_disk", lambda _: seen.append({*runs_in(tmp_path / "here")})
    )
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert seen == [set()]
    assert runs_in(tmp_path / "here") == {"seed-0", "seed-1", "seed-2"}


def runs_in(results: Path) -> set[str]:
    return {run.path.name for run in runs_below(results)}


def test_what_a_killed_merge_has_left_is_no_run_and_goes_with_the_next(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    sealed("other", "a", 0)
    left = tmp_path / "here" / merging.WORKSHOP
    shutil.copytree(tmp_path / "other/a/seed-0", left / "0")
    (left / "0/epochs.csv").write_text("half")
    assert runs_in(tmp_path / "here") == set()
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert contents(tmp_path / "here") == contents(tmp_path / "other")
    assert not left.exists()


def test_whole_copies_of_a_killed_merge_are_not_copied_again(
    sealed: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But one with a file too few, too many, of other bytes or behind a link is."""

    again: list[str] = []

    def power_cut(_: object) -> None:
        raise InterruptedError

    def recorded(source: str, target: str) -> str:
        again.append(source)
        return copied(source, target)

    runs = [with_probe(sealed("other", "a", seed)) for seed in range(5)]
    here, copied = tmp_path / "here", merging._copied
    monkeypatch.setattr(merging, "force_to_disk", power_cut)
    with pytest.raises(InterruptedError):
        merge(plan_merge(tmp_path / "other", here))
    assert runs_in(here) == set()
    left = [workplace(here, run) for run in runs]
    (left[1] / "epochs.csv").unlink()
    (left[2] / "notes.txt").touch()
    edit_text(left[3] / "epochs.csv", "0.5", "0.9")
    (left[4] / "epochs.csv").unlink()
    (left[4] / "epochs.csv").symlink_to(runs[4].epochs)
    monkeypatch.undo()
    monkeypatch.setattr(merging, "_copied", recorded)
    merge(plan_merge(tmp_path / "other", here))
    assert {run.path for run in runs if str(run.manifest) in again} == {
        run.path for run in runs[1:]
    }
    assert contents(here) == contents(tmp_path / "other")


def workplace(results: Path, run: Run) -> Path:
    """Where a merge keeps a copy of a run until all are whole."""
    return results / merging.WORKSHOP / sha256_of(run.manifest)


def test_a_link_in_place_of_a_copy_is_not_written_through(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    run, elsewhere = sealed("other", "a", 0), tmp_path / "elsewhere"
    elsewhere.mkdir()
    workplace(tmp_path / "here", run).parent.mkdir(parents=True)
    workplace(tmp_path / "here", run).symlink_to(elsewhere)
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert [*elsewhere.iterdir()] == []
    assert contents(tmp_path / "here") == contents(tmp_path / "other")


def test_a_file_in_place_of_a_copy_keeps_nothing_back(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    run = sealed("other", "a", 0)
    workplace(tmp_path / "here", run).parent.mkdir(parents=True)
    workplace(tmp_path / "here", run).write_text("planted", encoding="utf-8")
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert contents(tmp_path / "here") == contents(tmp_path / "other")


def test_no_run_is_called_taken_before_it_is(sealed: Callable[..., Run], tmp_path: Path) -> None:
    sealed("other", "a", 0)
    edit_text(sealed("other", "a", 1).epochs, "0.5", "0.9")
    said = invoke("merge", tmp_path / "other", "--results", tmp_path / "here")
    assert isinstance(said.exception, BnbenchError)
    assert said.stdout == ""


@pytest.mark.parametrize("hashed", [True, False])
def test_every_edited_file_is_named_and_nothing_is_merged(
    sealed: Callable[..., Run], tmp_path: Path, hashed: bool
) -> None:
    """Be the hashes checked before anything is copied, or as all is."""
    sealed("other", "a", 0)
    edited = [sealed("other", "a", seed).epochs for seed in (1, 2)]
    for path in edited:
        edit_text(path, "0.5", "0.9")
    with pytest.raises(BnbenchError) as caught:
        merge(plan_merge(tmp_path / "other", tmp_path / "here", hashed=hashed))
    wanted = [f"{path}: changed since the run ended; nothing is merged" for path in edited]
    assert str(caught.value).splitlines() == wanted
    assert contents(tmp_path / "here") == {}
    assert not (tmp_path / "here" / merging.WORKSHOP).exists()


@pytest.mark.parametrize("change", ["missing", "new"])
def test_a_file_too_few_or_too_many_is_named_without_reading(
    sealed: Callable[..., Run], tmp_path: Path, change: str
) -> None:
    run = sealed("other", "a", 0)
    if change == "missing":
        run.epochs.unlink()
    else:
        run.losses.write_bytes(b"not of this run")
    with pytest.raises(BnbenchError, match=f": {change} since"):
        plan_merge(tmp_path / "other", tmp_path / "here", hashed=False)


def test_a_run_that_the_other_folder_has_twice(sealed: Callable[..., Run], tmp_path: Path) -> None:
    """Its copy is taken once; two runs of one name contradict each other."""
    run = sealed("other", "a", 0)
    shutil.copytree(run.path, tmp_path / "other/b/seed-0")
    plan = plan_merge(tmp_path / "other", tmp_path / "here")
    assert (len(plan.taken), len(plan.there)) == (1, 1)
    merge(plan)
    assert runs_in(tmp_path / "here") == {"seed-0"}
    shutil.rmtree(tmp_path / "other/b")
    sealed("more", "a", 0, 0.75).path.parent.rename(tmp_path / "other/b")
    with pytest.raises(BnbenchError) as caught:
        plan_merge(tmp_path / "other", tmp_path / "here/new")
    assert str(caught.value) == (
        f"{run.path}: is there already, of other bytes than {tmp_path / 'other/b/seed-0'};"
        " move one of them away"
    )


def test_what_changes_between_looking_and_copying_is_not_taken(
    sealed: Callable[..., Run], tmp_path: Path
) -> None:
    """Be it of the same length, and with its times put back."""
    for seed in range(3):
        sealed("other", "a", seed)
    plan = plan_merge(tmp_path / "other", tmp_path / "here")
    epochs = plan.taken[1].run.epochs
    before, text = epochs.stat(), epochs.read_bytes()
    edit_text(epochs, "0.5", "0.9")
    os.utime(epochs, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert epochs.stat().st_size == before.st_size
    with pytest.raises(BnbenchError) as caught:
        merge(plan)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{epochs}: changed")
    assert contents(tmp_path / "here") == {}
    epochs.write_bytes(text)
    merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert contents(tmp_path / "here") == contents(tmp_path / "other")


@pytest.mark.parametrize("threads", [1, 3])
def test_how_many_are_copied_at_the_same_time_changes_nothing(
    sealed: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(merging, "AT_THE_SAME_TIME", threads)
    for seed in range(10):
        with_probe(sealed("other", "a", seed))
    plan = plan_merge(tmp_path / "other", tmp_path / "here")
    assert [one.run.path.name for one in plan.taken] == [f"seed-{seed}" for seed in range(10)]
    merge(plan)
    assert contents(tmp_path / "here") == contents(tmp_path / "other")


def test_a_merge_writes_through_no_link(sealed: Callable[..., Run], tmp_path: Path) -> None:
    sealed("other", "a", 0)
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "elsewhere/kept").mkdir()
    (tmp_path / "here" / merging.WORKSHOP).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BnbenchError, match="is a link"):
        merge(plan_merge(tmp_path / "other", tmp_path / "here"))
    assert (tmp_path / "elsewhere/kept").is_dir()


def test_a_removal_that_was_killed_goes_on(sealed: Callable[..., Run], tmp_path: Path) -> None:
    run, other = with_probe(sealed("here", "a", 0)), sealed("here", "a", 1)
    run.manifest.unlink()
    said = invoke("rm", run.path, "--yes")
    assert (said.exit_code, run.path.exists()) == (0, False)
    assert f"{run.path}: half removed" in said.output
    other.manifest.unlink()
    assert invoke("rm", other.path.parent, "--yes").exit_code == 0
    assert not other.path.parent.exists()
    other.path.parent.mkdir()  # it was killed just before it removed the experiment's folder
    assert invoke("rm", other.path.parent, "--yes").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert not any((tmp_path / "here").iterdir())


def test_removal_asks_first(sealed: Callable[..., Run], tmp_path: Path) -> None:
    run, other = sealed("here", "a", 0), sealed("here", "a", 1)
    declined = invoke("rm", run.path, input="n\n")
    assert declined.exit_code == 1
    assert run.manifest.exists()
    assert invoke("rm", run.path, input="y\n").exit_code == 0
    assert not run.path.exists()
    assert other.manifest.exists()
    assert invoke("rm", other.path.parent, "--yes").exit_code == 0
    assert not other.path.parent.exists()


def test_runs_are_named_as_elsewhere(sealed: Callable[..., Run], tmp_path: Path) -> None:
    """Below the results folder, or below the other machine's."""
    for name in ("a/x", "b"):
        sealed("other", name, 0)
    here, other = str(tmp_path / "here"), str(tmp_path / "other")
    sealed("other", "c", 0).manifest.write_text("{", encoding="utf-8")  # nobody asks for it
    merged = invoke("merge", other, "a/x", "--results", here)
    assert merged.stdout.splitlines()[-1].startswith("1 run taken, 0 here already")
    assert {name[:3] for name in contents(tmp_path / "here")} == {"a/x"}
    unknown = invoke("merge", other, "bb", "--results", here)
    assert "did you mean 'b'" in str(unknown.exception)
    assert invoke("rm", "a/x/seed-0", "--yes", "--results", here).exit_code == 0
    assert contents(tmp_path / "here") == {}


def test_what_is_not_removed(sealed: Callable[..., Run], tmp_path: Path) -> None:
    kept, with_notes, linked = (sealed("here", name, 0) for name in ("kept/runs/x", "b", "c"))
    (tmp_path / "here/kept/report.html").touch()
    (with_notes.path / "notes.txt").touch()
    link = Run(tmp_path / "link" / "seed-0")
    link.path.parent.mkdir()
    link.path.symlink_to(linked.path)
    with pytest.raises(BnbenchError) as caught:
        check_removal([kept, with_notes, link])
    lines = str(caught.value).splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == [
        f"is kept beside the report in {tmp_path / 'here/kept'}; it is not removed",
        "holds notes.txt too, which bnbench did not write; move it away",
        "is a link; remove it yourself",
    ]
    assert invoke("rm", kept.path, "--yes").exception is not None
    assert kept.manifest.exists()


def test_the_reference_is_never_removed(root: Path) -> None:
    with pytest.raises(BnbenchError, match="is packed; remove its"):
        find_removable([root / "results/reference/runs/lenet5"])
