"""Which studies, variants and seeds a results folder is looked at for."""

from __future__ import annotations

from pathlib import Path

from bnbench.findings.present import studies_with_runs

STUDY = """\
study: s
question: why
seeds: 4
experiments:
  a: {config: plain.yaml}
  b: {config: plain.yaml, overrides: {training.epochs: 3}}
small: {gives_up: two epochs, overrides: {training.epochs: 1}}
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


def test_the_variant_with_more_experiments_and_the_seeds_that_are_there(tmp_path: Path) -> None:
    path = study(tmp_path)
    full = there(tmp_path / "full", "plain/seed-0", "s/b/seed-2", "s_small/a/seed-0")
    small = there(tmp_path / "small", "plain/seed-0", "s_small/a/seed-1", "s_small/b/seed-0")
    for results, name, seeds in ((full, "s", 3), (small, "s_small", 2)):
        (found,) = studies_with_runs([path], results)
        assert (found.name, len(found.seeds)) == (name, seeds)


def test_seeds_beyond_the_study_are_not_counted_up_to(tmp_path: Path) -> None:
    results = there(tmp_path / "results", "plain/seed-1", "plain/seed-99999999", "plain/seed-x")
    (found,) = studies_with_runs([study(tmp_path)], results)
    assert found.seeds == (0, 1)


def test_no_run_no_study(tmp_path: Path) -> None:
    assert studies_with_runs([study(tmp_path)], tmp_path / "none") == []
