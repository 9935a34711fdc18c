"""The metrics. Every file in this folder is imported, so that its quantities are known."""

from __future__ import annotations

from bnbench.metrics.metric import QUANTITIES, Kind, Measured, Metric, Quantity, parse_metric
from bnbench.registry import import_folder

import_folder(__name__, __path__)

__all__ = ["QUANTITIES", "Kind", "Measured", "Metric", "Quantity", "parse_metric"]
