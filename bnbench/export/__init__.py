"""Out to other tools: a run's network, and the numbers of many runs. Nothing here changes a run."""

from bnbench.export.crate import export_crate
from bnbench.export.files import refuse_existing
from bnbench.export.mlflow import export_mlflow
from bnbench.export.network import export_onnx, export_safetensors
from bnbench.export.tables import export_parquet
from bnbench.export.tensorboard import export_tensorboard

__all__ = [
    "export_crate",
    "export_mlflow",
    "export_onnx",
    "export_parquet",
    "export_safetensors",
    "export_tensorboard",
    "refuse_existing",
]
