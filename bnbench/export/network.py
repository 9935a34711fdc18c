"""A run's network as ONNX or safetensors, each read back and held to the original.

Both go to a file beside the wanted one, which takes its place only when the check has passed.
"""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnbench.errors import BnbenchError
from bnbench.export.files import extra
from bnbench.models import Network
from bnbench.models.layers import AveragePool, Tanh
from bnbench.prediction import load_data, load_model
from bnbench.runs import Run, written_whole

AGREES = 1e-4
"""Largest difference of a logit, absolute: another library adds the same numbers in its order."""
CHECKED = 1000  # images that pass at a time


@dataclass(frozen=True)
class Agreement:
    """How an exported network's answers compare with the original's.

    Attributes
    ----------
    images : int
        Of the test file, on which both were tried.
    largest : float
        Largest difference of a logit.
    """

    images: int
    largest: float


def export_onnx(run: Run, path: Path, data_dir: Path | None = None) -> Agreement:
    """Write a run's network as ONNX, and try it in onnxruntime on the test images.

    Its input is ``images`` (N, C, H, W), float32, as `bnbench.load_data` prepares them; its output
    ``logits`` (N, K). N may vary.
    """
    runtime = extra("onnxruntime", "export")
    for needed in ("onnx", "onnxscript"):
        extra(needed, "export")
    model, images = load_model(run), _images(run, data_dir)
    with written_whole(path) as beside:
        _write_onnx(model, images, beside)
        session = runtime.InferenceSession(str(beside), providers=["CPUExecutionProvider"])
        answers = [
            session.run(None, {"images": part.contiguous().numpy()})[0]
            for part in torch.split(images, CHECKED)
        ]
        return _checked(model, images, np.concatenate(answers), path)


def _write_onnx(model: Network, images: Tensor, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, of its own exporter
            torch.onnx.export(
                _in_plain_operators(model),
                (images[:2].contiguous(),),
                str(path),
                dynamo=True,
                verbose=False,
                external_data=False,
                input_names=["images"],
                output_names=["logits"],
                dynamic_shapes={"images": {0: torch.export.Dim("examples", min=1)}},
            )
    except Exception as error:  # noqa: BLE001 - an architecture of one's own raises what it likes
        why = str(error).strip().partition("\n")[0]
        raise BnbenchError(f"the network cannot be written as ONNX ({why})") from None


def _in_plain_operators(model: Network) -> Network:
    """Copy a network with PyTorch's own layers in place of those that are faster on a CPU."""
    plain = deepcopy(model)
    for path, layer in model.named_modules():
        if isinstance(layer, Tanh | AveragePool):
            plain.set_submodule(path, nn.Tanh() if isinstance(layer, Tanh) else nn.AvgPool2d(2))
    return plain


def export_safetensors(run: Run, path: Path, data_dir: Path | None = None) -> Agreement:
    """Write a run's weights as safetensors, and try them in a new network on the test images."""
    tensors = extra("safetensors.torch", "export")
    model, images = load_model(run), _images(run, data_dir)
    about = {"experiment": run.read_manifest().experiment, "architecture": type(model).__name__}
    with written_whole(path) as beside:
        weights = {name: value.contiguous() for name, value in model.state_dict().items()}
        tensors.save_file(weights, str(beside), metadata=about)
        again = load_model(run)
        again.load_state_dict(tensors.load_file(str(beside)))
        answers = np.concatenate([_logits(again, part) for part in torch.split(images, CHECKED)])
        return _checked(model, images, answers, path)


def _images(run: Run, data_dir: Path | None) -> Tensor:
    splits = load_data(run.read_experiment(), data_dir)
    return (splits.test or splits.validation).images


@torch.inference_mode()
def _logits(model: Network, images: Tensor) -> NDArray[np.float32]:
    logits: NDArray[np.float32] = model(images).numpy()
    return logits


def _checked(model: Network, images: Tensor, answers: NDArray[np.float32], path: Path) -> Agreement:
    """Hold the logits that an exported network gives to the original's."""
    original = np.concatenate([_logits(model, part) for part in torch.split(images, CHECKED)])
    largest = float(np.abs(answers - original).max())
    other = int((answers.argmax(1) != original.argmax(1)).sum())
    if other or not largest <= AGREES:
        raise BnbenchError(
            f"{path}: is not written: its network gives {other} of {len(images)} images another"
            f" class, and a logit that differs by {largest:.2g}"
        )
    return Agreement(len(images), largest)
