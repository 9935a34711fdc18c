"""Which studies, variants and seeds a results folder is looked at for."""

from __future__ import annotations

from pathlib import Path

from bnbench.findings.studies_with_runs import studies_with_runs

STUDY = """\
study: s
question: why
seeds: 4
experiments:
  a: {config: plain.yaml}
  b: {config: plain.yaml, overrides: {training.epochs: 3}}
small: {keeps: two epochs, overrides: {training.epochs: 1}}
"""


def study(folder: Path) -> Path:
    config = "experiment: plain\nmodel: {name: LeNet5}\n"
    (folder / "plain.yaml").write_text(config, encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def there(results: Path, *runs: str) -> Path:
    for run in runs:
        (results / run).mkdir(parents=True)
        (results / run / "manifest.json").touch()
    return results


def test_the_variant_with_more_experiments(tmp_path: Path) -> None:
    path = study(tmp_path)
    full = there(tmp_path / "full", "plain/seed-0", "s/b/seed-2", "s_small/a/seed-0")
    small = there(tmp_path / "small", "plain/seed-0", "s_small/a/seed-1", "s_small/b/seed-0")
    for results, name in ((full, "s"), (small, "s_small")):
        (found,) = studies_with_runs([path], results)
        assert (found.name, found.seeds) == (name, (0, 1, 2, 3))  # that some are missing is told
        (found,) = studies_with_runs([path], results, seeds=2)
        assert (found.name, found.seeds) == (name, (0, 1))
        (found,) = studies_with_runs([path], results, small=True)
        assert found.name == "s_small"


def test_no_run_no_study(tmp_path: Path) -> None:
    assert studies_with_runs([study(tmp_path)], tmp_path / "none") == []


def test_a_study_that_was_never_started_is_left_out_if_asked(tmp_path: Path) -> None:
    """Another study's runs of a shared experiment compare nothing."""
    path = study(tmp_path)
    contrast = "contrasts: {c: {treatment: b, baseline: a, metrics: [test_accuracy]}}\n"
    path.write_text(STUDY + contrast, encoding="utf-8")
    alone = there(tmp_path / "alone", "plain/seed-0")
    apart = there(tmp_path / "apart", "plain/seed-0", "s/b/seed-1")
    both = there(tmp_path / "both", "plain/seed-1", "s/b/seed-1")
    counts = [len(studies_with_runs([path], one, started=True)) for one in (alone, apart, both)]
    assert counts == [0, 0, 1]
    assert len(studies_with_runs([path], alone)) == 1
