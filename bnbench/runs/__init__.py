"""The run directory: its files, manifest, logs and lock. Reads and writes files, no tensors."""

from bnbench.runs.directory import (
    MOST_BYTES_OF_A_LOG,
    Run,
    find_run,
    find_runs,
    locked,
    run_directory,
)
from bnbench.runs.files import write_bytes, write_text, written_whole
from bnbench.runs.hashes import changed_files, changed_since, file_hashes, hash_of_start
from bnbench.runs.identity import Found, Identity, is_finished, look
from bnbench.runs.logs import (
    BATCH_COLUMNS,
    EPOCH_COLUMNS,
    EVALUATION_COLUMNS,
    BatchRows,
    EpochRow,
    EvaluationRow,
    LogSizes,
    RunLogs,
)
from bnbench.runs.manifest import (
    TORCH,
    Dataset,
    Machine,
    Manifest,
    now,
    processor,
    processor_kind,
    source,
    versions,
)
from bnbench.runs.packed import SUFFIX as PACKED
from bnbench.runs.packed import opened, pack, refuse_packed
from bnbench.runs.predictions import read_predictions
from bnbench.runs.stopping import stopping_epoch
from bnbench.runs.tables import Log, read_batches, read_epochs, read_evaluations

__all__ = [
    "BATCH_COLUMNS",
    "EPOCH_COLUMNS",
    "EVALUATION_COLUMNS",
    "MOST_BYTES_OF_A_LOG",
    "PACKED",
    "TORCH",
    "BatchRows",
    "Dataset",
    "EpochRow",
    "EvaluationRow",
    "Found",
    "Identity",
    "Log",
    "LogSizes",
    "Machine",
    "Manifest",
    "Run",
    "RunLogs",
    "changed_files",
    "changed_since",
    "file_hashes",
    "find_run",
    "find_runs",
    "hash_of_start",
    "is_finished",
    "locked",
    "look",
    "now",
    "opened",
    "pack",
    "processor",
    "processor_kind",
    "read_batches",
    "read_epochs",
    "read_evaluations",
    "read_predictions",
    "refuse_packed",
    "run_directory",
    "source",
    "stopping_epoch",
    "versions",
    "write_bytes",
    "write_text",
    "written_whole",
]
