"""Datasets as tensors: where their files come from, that they are real, how they become inputs.

`load_splits` is what a run calls. `fetch`, `verify` and `locate` look after the files, which lie
in `data_folder`; `DATASETS` and `find_dataset` know them by name. Every read is hashed. Every file
in this folder is imported, so that it can register a dataset; but those that handle tensors when
they are used, since PyTorch takes longer than looking after files.
"""

from typing import TYPE_CHECKING

from bnbench.data.datasets import DataFile, Dataset, Examples
from bnbench.data.fetching import fetch
from bnbench.data.files import FileCheck, data_folder, locate, raw_folder, verify
from bnbench.data.named import DATASETS, find_dataset, register_dataset
from bnbench.data.sources import SOURCES, Source
from bnbench.registry import import_folder, on_demand

if TYPE_CHECKING:
    from bnbench.data.shared import shared_splits
    from bnbench.data.splits import (
        Split,
        Splits,
        SplitSizes,
        describe_splits,
        load_splits,
        pixel_statistics,
        read_training_file,
    )

TENSORS = {
    "inputs": (),
    "shared": ("shared_splits",),
    "splits": (
        "Split", "SplitSizes", "Splits", "describe_splits", "load_splits", "pixel_statistics",
        "read_training_file",
    ),
}  # fmt: skip
"""Modules that take PyTorch -> what this package has from them."""
import_folder(__name__, __path__, but=TENSORS)
__getattr__ = on_demand(__name__, TENSORS)

__all__ = [
    "DATASETS",
    "SOURCES",
    "DataFile",
    "Dataset",
    "Examples",
    "FileCheck",
    "Source",
    "Split",
    "SplitSizes",
    "Splits",
    "data_folder",
    "describe_splits",
    "fetch",
    "find_dataset",
    "load_splits",
    "locate",
    "pixel_statistics",
    "raw_folder",
    "read_training_file",
    "register_dataset",
    "shared_splits",
    "verify",
]
