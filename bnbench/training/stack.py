"""Several seeds of an experiment as one network: its channels are those of all their networks.

On a GPU a step of LeNet-5 leaves nearly all of the card idle, and takes as long for ten seeds as
for one. Convolutions are grouped by seed, linear layers are batched products, and batch norm, which
works channel by channel, takes each seed's own statistics. Sums are taken in another order than for
a seed alone, so the numbers agree within rounding, not bit for bit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bnbench.config import Experiment, TrainingSettings
from bnbench.data import Split, Splits
from bnbench.errors import BnbenchError
from bnbench.models import resolve_model
from bnbench.training.capture import Record
from bnbench.training.checkpoint import TrainingState
from bnbench.training.evaluation import cross_entropy
from bnbench.training.initialization import initial_model
from bnbench.training.learner import Learner
from bnbench.training.loop import train_epochs
from bnbench.training.members import Members
from bnbench.training.optimizer import places
from bnbench.training.progress import Progress, Result

AGREES = 1e-4  # logits of untrained networks, which are of the size of 1
TRIED = 8  # images: of two, batch norm makes 1 and -1, whose signs hang on the last bit


class StackedLinear(nn.Module):
    """A linear layer of each of S seeds.

    Parameters
    ----------
    members : int
        S.
    weight : Parameter, shape (S F_out, F_in)
    bias : Parameter, shape (S F_out,), or None
    """

    bias: nn.Parameter | None

    def __init__(
        self, members: int, weight: nn.Parameter, bias: nn.Parameter | None = None
    ) -> None:
        super().__init__()
        self.members, self.weight = members, weight
        self.register_parameter("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, S F_in) to (N, S F_out)."""
        loss_shape = x.view(len(x), self.members, -1).transpose(0, 1)  # (S, N, F_in)
        weight = self.weight.view(self.members, -1, self.weight.shape[1]).transpose(1, 2)
        if self.bias is None:
            y = torch.bmm(loss_shape, weight)
        else:
            y = torch.baddbmm(self.bias.view(self.members, 1, -1), loss_shape, weight)
        return y.transpose(0, 1).flatten(1)


class Stack(nn.Module):
    """The networks of several seeds as one, whose parameters are theirs one after the other.

    Parameters
    ----------
    models : sequence of S modules
        Of one architecture, whose other layers treat channels and features one by one.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = len(models)
        self.network = _without_tensors(models[0])
        for path, layer in models[0].named_modules():
            own = (*layer.parameters(recurse=False), *layer.buffers(recurse=False))
            if own or isinstance(layer, nn.GroupNorm):  # whose groups count, also without any
                layers = [model.get_submodule(path) for model in models]
                self.network.set_submodule(path, _stacked(layers), strict=True)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (S, N, C, H, W), or (N, C, H, W) for all, to logits (S, N, K)."""
        if images.dim() == 4:
            images = images.expand(self.members, *images.shape)
        channels = images.transpose(0, 1).flatten(1, 2)  # (N, S C, H, W)
        logits: Tensor = self.network(channels)  # (N, S K)
        return logits.view(len(channels), self.members, -1).transpose(0, 1)

    def part(self, tensor: Tensor, member: int) -> Tensor:
        """Cut out a member's part of a parameter or buffer; one number is everybody's."""
        return tensor.chunk(self.members)[member] if tensor.dim() else tensor


@torch.no_grad()
def check_stack(models: Sequence[nn.Module], image_shape: tuple[int, int, int]) -> None:
    """Try on some noise whether a stack gives in training what its models give one by one.

    Parameters
    ----------
    models : sequence of S modules
        Initialized differently.
    image_shape : tuple of int
        Of an image: channels, height, width.
    """
    stack, generator = Stack(models), torch.Generator().manual_seed(0)
    noise = torch.randn(len(models), TRIED, *image_shape, generator=generator)
    with torch.random.fork_rng(devices=[]):
        alone = [model.train()(images) for model, images in zip(models, noise, strict=True)]
        try:
            together = stack.train()(noise)
        except Exception as error:  # noqa: BLE001 - an architecture of one's own raises what it likes
            why = str(error).partition("\n")[0]
            raise BnbenchError(f"it cannot be stacked ({why})") from None
    if len(list(stack.parameters())) != len(list(models[0].parameters())):
        raise BnbenchError("its layers share parameters, so it cannot be stacked")
    if not torch.allclose(together, torch.stack(alone), rtol=0, atol=AGREES):
        raise BnbenchError(
            "its layers do not treat channels one by one, or draw random numbers, so it cannot be"
            " stacked"
        )


def _stacked(layers: Sequence[nn.Module]) -> nn.Module:
    """Make one layer of the layers of all seeds."""
    first, members = layers[0], len(layers)
    tensors = {
        name: torch.cat([layer.state_dict()[name] for layer in layers]) if value.dim() else value
        for name, value in first.state_dict().items()
    }
    if isinstance(first, nn.Linear):
        return StackedLinear(members, *(nn.Parameter(tensor) for tensor in tensors.values()))
    stacked = _without_tensors(first)
    if isinstance(stacked, nn.Conv2d):
        stacked.groups *= members
        stacked.in_channels *= members
        stacked.out_channels *= members
    elif isinstance(stacked, _BatchNorm | nn.InstanceNorm2d):
        stacked.num_features *= members
    elif isinstance(stacked, nn.GroupNorm):
        stacked.num_groups *= members
        stacked.num_channels *= members
    else:
        raise BnbenchError(f"its layer of the type {type(first).__name__} cannot be stacked")
    for name, value in tensors.items():
        is_parameter = name in dict(stacked.named_parameters())
        setattr(stacked, name, nn.Parameter(value) if is_parameter else value.clone())
    return stacked


def _without_tensors(module: nn.Module) -> nn.Module:
    """Copy a module, but not its tensors, which are about to be replaced."""
    tensors = (*module.parameters(), *module.buffers())
    return deepcopy(module, {id(tensor): tensor for tensor in tensors})


class StackedLearner(Learner):
    """The models of S seeds, each with batches, losses and an optimizer of its own.

    Parameters
    ----------
    models : sequence of S modules
    split, settings, record
        See `Learner`.
    """

    model: Stack

    def __init__(
        self,
        models: Sequence[nn.Module],
        split: Split,
        settings: TrainingSettings,
        record: Record | None = None,
    ) -> None:
        self.members = len(models)
        self.loss_shape = (self.members,)
        super().__init__(Stack(models), split, settings, record)
        sizes = [parameter.numel() for parameter in self.model.parameters()]
        self._places, _ = places(sizes)
        self._places_alone, self._length_alone = places([size // self.members for size in sizes])

    def examples(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Gather images (S, N, C, H, W) and labels (S, N) at a batch's indices (S, N)."""
        return self.gathered(self._sent(batch))

    def gathered(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Gather images and labels at indices (S, N) that are on the device."""
        return self.split.images[indices], self.split.labels[indices]

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the cross-entropy (S,) of each member's batch, nats; of logits (S, N, K)."""
        losses = cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            softmax_before_loss=self.settings.softmax_before_loss,
            reduction="none",
        ).view_as(labels)
        return losses.mean(dim=1)

    def weights(self, member: int = 0) -> dict[str, Tensor]:
        """Copy a member's parameters and buffers by name, as its model of its own has them."""
        state = self.model.network.state_dict()
        # Copied: a view would be saved with all that it is a view of.
        return {name: self.model.part(value, member).clone() for name, value in state.items()}

    def optimizer_state(self, member: int = 0) -> dict[str, Any]:
        """Cut out a member's part of what the optimizer keeps, as it would be alone."""
        state = self.optimizer.state_dict()
        kept = {
            name: self._alone(value, member) if value.dim() else value
            for name, value in state["state"].get(0, {}).items()
        }
        return state | {"state": {0: kept} if kept else {}}

    def _alone(self, vector: Tensor, member: int) -> Tensor:
        """Cut a member's part out of a vector over all parameters."""
        alone = vector.new_zeros(self._length_alone)
        for place, place_alone in zip(self._places, self._places_alone, strict=True):
            alone[place_alone] = vector[place].chunk(self.members)[member]
        return alone

    def restore_tensors(
        self, models: Sequence[Mapping[str, Any]], optimizers: Sequence[dict[str, Any]]
    ) -> None:
        """Take over the weights and what the optimizer keeps; see `weights`."""
        self.model.network.load_state_dict(
            {
                name: torch.cat([model[name] for model in models]) if value.dim() else value
                for name, value in models[0].items()
            }
        )
        first = optimizers[0]
        kept = {
            name: self._together([optimizer["state"][0][name] for optimizer in optimizers])
            if value.dim()
            else value
            for name, value in first["state"].get(0, {}).items()
        }
        self.optimizer.load_state_dict(first | {"state": {0: kept} if kept else {}})

    def _together(self, vectors: Sequence[Tensor]) -> Tensor:
        """Put the members' vectors together; the reverse of `_alone`."""
        together = torch.zeros_like(self.parameters.data)
        for place, place_alone in zip(self._places, self._places_alone, strict=True):
            together[place] = torch.cat([vector[place_alone] for vector in vectors])
        return together


def build_learner(experiment: Experiment, seeds: Sequence[int], splits: Splits) -> Learner:
    """Build what trains an experiment at a seed, or at the seeds of a stack.

    Parameters
    ----------
    experiment : Experiment
        Checked.
    seeds : sequence of int
        As `bnbench.config.TrainingSettings.seeds_with` lists them.
    splits : Splits
        On the device.
    """
    settings, resolved = experiment.training, resolve_model(experiment)
    models = [
        initial_model(resolved, settings.initialization, seed, splits.num_classes).to(
            splits.train.labels.device
        )
        for seed in seeds
    ]
    if settings.stack is None:
        return Learner(models[0], splits.train, settings)
    return StackedLearner(models, splits.train, settings)


def train_seeds(
    learner: Learner,
    splits: Splits,
    seeds: Sequence[int],
    resumed: Sequence[TrainingState] | None = None,
    passengers: Collection[int] = (),
) -> Iterator[tuple[int, Result]]:
    """Train what `build_learner` has built: one model, or a stack.

    Parameters
    ----------
    seeds : sequence of int
        Of the batch order; of a stack, each member's.
    resumed : sequence of TrainingState, optional
        Of each member, all after the same step.
    passengers : collection of int
        See `bnbench.training.members.Members`.

    Yields
    ------
    tuple of int and Result
        A seed, and what it has measured, in the order of `bnbench.training.loop.train_epochs`.
    """
    if isinstance(learner, StackedLearner):
        members = Members(seeds, learner.settings, passengers)
        if resumed is not None:
            members.restore(learner, resumed)
        return train_epochs(learner, members, splits)
    (seed,) = seeds
    progress = Progress(seed, learner.settings)
    if resumed is not None:
        progress.restore(learner, *resumed)
    return train_epochs(learner, progress, splits)
