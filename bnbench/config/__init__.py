"""Experiments as data: the schema, and YAML files read with the place of every key."""

from bnbench.config.loading import (
    configuration_hash,
    differing_keys,
    dump_experiment,
    load_experiment,
)
from bnbench.config.schema import (
    AdamSettings,
    BatchNormSettings,
    DataSettings,
    Experiment,
    InitializationSettings,
    ModelSettings,
    OptimizerSettings,
    SGDSettings,
    TrainingSettings,
)

__all__ = [
    "AdamSettings",
    "BatchNormSettings",
    "DataSettings",
    "Experiment",
    "InitializationSettings",
    "ModelSettings",
    "OptimizerSettings",
    "SGDSettings",
    "TrainingSettings",
    "configuration_hash",
    "differing_keys",
    "dump_experiment",
    "load_experiment",
]
