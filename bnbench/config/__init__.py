"""Experiments as data: the schema, and YAML files read with the place of every key."""

from bnbench.config.loading import (
    checked_section,
    configuration_hash,
    differing_keys,
    differing_recipe,
    dump_experiment,
    hash_of_states,
    is_open_ended,
    load_experiment,
)
from bnbench.config.named import config_file, named
from bnbench.config.planned import BestAgainstBest, Change, PlannedContrast
from bnbench.config.schema import (
    AdamSettings,
    BatchNormSettings,
    ConstantSchedule,
    CosineSchedule,
    DataSettings,
    EarlyStoppingSettings,
    Experiment,
    InitializationSettings,
    ModelSettings,
    NormalizationSettings,
    OneCycleSchedule,
    OptimizerSettings,
    ProbeSettings,
    SGDSettings,
    StepSchedule,
    TrainingSettings,
)
from bnbench.config.study import Study, StudyArm
from bnbench.config.study_loading import load_study
from bnbench.metrics import QUANTITIES, Metric, Quantity, parse_metric

__all__ = [
    "QUANTITIES",
    "AdamSettings",
    "BatchNormSettings",
    "BestAgainstBest",
    "Change",
    "ConstantSchedule",
    "CosineSchedule",
    "DataSettings",
    "EarlyStoppingSettings",
    "Experiment",
    "InitializationSettings",
    "Metric",
    "ModelSettings",
    "NormalizationSettings",
    "OneCycleSchedule",
    "OptimizerSettings",
    "PlannedContrast",
    "ProbeSettings",
    "Quantity",
    "SGDSettings",
    "StepSchedule",
    "Study",
    "StudyArm",
    "TrainingSettings",
    "checked_section",
    "config_file",
    "configuration_hash",
    "differing_keys",
    "differing_recipe",
    "dump_experiment",
    "hash_of_states",
    "is_open_ended",
    "load_experiment",
    "load_study",
    "named",
    "parse_metric",
]
