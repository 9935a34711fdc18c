"""The datasets that a config can name."""

from __future__ import annotations

from bnbench.data.datasets import DIGITS, FASHION_MNIST, MNIST, Dataset
from bnbench.data.folder import PREFIX, folder_dataset
from bnbench.registry import Registry

DATASETS = Registry[Dataset]("dataset")
for _dataset in (MNIST, FASHION_MNIST, DIGITS):
    DATASETS.add(_dataset.name, _dataset)


def find_dataset(name: str, place: str = "") -> Dataset:
    """Look up a dataset by its name in a config, ``folder:PATH`` among them.

    Parameters
    ----------
    place : str, default ""
        Where it was written (``file:line:column: key``), for errors.
    """
    return folder_dataset(name, place) if name.startswith(PREFIX) else DATASETS.find(name, place)
