"""A study of LeNet-5 with batch norm and without, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from bnbench.config import dump_experiment, load_experiment

STUDY = """\
study: s
question: why
experiments:
  plain: {config: plain.yaml}
  batch_norm: {config: batch_norm.yaml}
contrasts:
  lead: {treatment: batch_norm, baseline: plain, metrics: [validation_accuracy@last]}
"""
BRIEF = """\
brief:
  - {question: "Does it help?", metric: validation_accuracy@last, yes: higher, corrected: lead}
"""


def write_study(root: Path, folder: Path, *overrides: str) -> Path:
    """Write the study's file and those of its two experiments, which are changed."""
    for name, config in (("plain", "lenet5"), ("batch_norm", "lenet5_batchnorm")):
        experiment = load_experiment(root / f"configs/{config}.yaml", overrides, name=name)
        (folder / f"{name}.yaml").write_text(dump_experiment(experiment))
    (folder / "s.yaml").write_text(STUDY + BRIEF)
    return folder / "s.yaml"
