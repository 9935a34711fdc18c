"""What an experiment is: every setting that decides its numbers, apart from the seed.

One schema in one place. The defaults are the corrected recipe of the first article; the YAML
files in ``configs/`` spell out whatever a reader should see.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from bnbench.config.places import place_of

ExperimentName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,=+@-]*(/[A-Za-z0-9][A-Za-z0-9_.,=+@-]*)*$")
]


def _read_float(value: Any) -> Any:
    """Let text such as ``1e-3`` be a number (YAML 1.1 reads it as text), but not ``True``."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 1 << 1023 else math.inf
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Float = Annotated[float, BeforeValidator(_read_float)]
Placement = Literal["before_activation", "after_activation", "after_pooling"]


class Settings(BaseModel):
    """A frozen section of an experiment: unknown keys are refused, ``True`` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataSettings(Settings):
    """Which images, which split, and what happens to a pixel before the first layer."""

    dataset: str = "mnist"
    """``mnist``, ``fashion_mnist``, ``kmnist``, ``emnist_digits``, ``emnist_letters`` or
    ``emnist_balanced``. ``digits``: 1,797 small digits, offline. ``folder:PATH``: your own images,
    with a subfolder for each class. ``csv:PATH``: a folder of two files, named like
    ``my_train.csv`` and ``my_test.csv``, with rows of a label and 784 pixels."""
    split_seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    """For a folder: decides which images are the test split, and the order of the others."""
    split: Literal["published", "held_out"] = "held_out"
    """``published``: 60,000 training images, and the test file serves as validation. ``held_out``:
    55,000 training and 5,000 validation images; the test file is scored once, after the last
    epoch."""
    scaling: Literal[
        "raw", "unit", "z_score", "min_max", "per_image_z_score", "unequal", "binary"
    ] = "z_score"
    """``raw``: pixels from 0 to 255; ``unit``: divided by 255; ``z_score``: mean 0 and standard
    deviation 1 over the training file; ``min_max``: its smallest pixel becomes 0, its largest 1;
    ``per_image_z_score``: mean 0 and standard deviation 1 in each image; ``unequal``: z-scores, but
    the columns of an image are multiplied by 1 to 255; ``binary``: 1 above half, else 0."""
    resize: Literal["none", "bilinear", "pad"] = "pad"
    """``pad`` adds zeros around the images for a network that takes 32 x 32 pixels. ``bilinear``
    stretches them to 32 x 32. ``none`` leaves them at 28 x 28."""
    train_examples: Annotated[int, Field(ge=1)] | None = None
    """Use only this many images, the first of the training split; ``None``: all."""
    class_shares: tuple[Annotated[Float, Field(gt=0, le=1)], ...] | None = Field(
        default=None, strict=False, min_length=2
    )
    """Make the classes unequal: the share of each class that the training split keeps, in the order
    of the classes. It keeps the first images of a class. ``None``: all."""
    order: Literal["file", "by_class"] = "file"
    """Order of the training images: as in their file, or class after class."""


class BatchNormSettings(Settings):
    """Where batch normalization stands in an architecture, and its constants."""

    layers: tuple[str, ...] | None = Field(default=None, strict=False, min_length=1)
    """Names of the normalized layers; ``None``: those of the article."""
    placement: Placement = "before_activation"
    """Before the activation, after it, or after the pooling of a layer that pools."""
    preceding_bias: bool = True
    """Keep the bias of the layer in front; before the activation it has no effect."""
    momentum: Annotated[Float, Field(gt=0, le=1)] = 0.1
    """Weight of the *new* batch in the running averages (PyTorch's convention)."""
    epsilon: Annotated[Float, Field(gt=0)] = 1e-5
    """Added to the variance, so that nothing is divided by 0."""


class NormalizationSettings(Settings):
    """Which normalization, of which layers; what all kinds have in common.

    A kind's other keys are its own, and checked against its file in
    ``bnbench/models/normalizations/``: see `bnbench.models.normalizations.Normalization`.
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    """A registered name, such as ``group``."""
    layers: tuple[str, ...] | None = Field(default=None, strict=False, min_length=1)
    """Names of the normalized layers; ``None``: those of the article."""
    placement: Placement = "before_activation"
    """Before the activation, after it, or after the pooling of a layer that pools."""
    preceding_bias: bool = True
    """Keep the bias of the layer in front."""
    affine: bool = True
    """Learn a scale gamma and a shift beta for each channel; ``False``: they are 1 and 0."""
    epsilon: Annotated[Float, Field(gt=0)] = 1e-5
    """Added to the variance, so that nothing is divided by 0."""


class ModelSettings(Settings):
    """The architecture by its registered name, and what may vary in it."""

    name: str
    """A registered architecture: ``bnbench models`` lists them."""
    activation: str | None = None
    """``tanh``, ``relu``, ``sigmoid``, ``elu``, ``scaled_tanh``, or the name of one of PyTorch's
    modules, such as ``GELU``; ``None``: the architecture's own."""
    widths: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] | None = Field(
        default=None, strict=False, min_length=1
    )
    """For an MLP: units of its hidden layers fc1, fc2, and so on; ``None``: 512 and 256."""
    in_channels: Literal[1, 3] = 1
    """1: grey images; 3: three equal channels of them."""
    dropout: Annotated[Float, Field(ge=0, lt=1)] = 0.0
    """Probability that a hidden linear layer's output is zeroed, after its activation."""
    batch_norm: BatchNormSettings | None = None
    """For an architecture with batch norm in its name."""
    normalization: NormalizationSettings | None = None
    """For an architecture without batch norm in its name: any kind of normalization."""


class InitializationSettings(Settings):
    """Initial weights and biases of convolutions and linear layers."""

    weights: Literal["xavier_uniform", "pytorch_default", "normal"] = "xavier_uniform"
    """How the weights are drawn; ``normal``: with a standard deviation of 0.01."""
    scale: Annotated[Float, Field(gt=0, le=1e6)] = 1.0
    """What the weights are multiplied by."""
    bias: Annotated[Float, Field(ge=-1e30, le=1e30)] | None = 0.01
    """One value for all biases; ``None``: PyTorch's default."""


class AdamSettings(Settings):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"]
    """Which optimizer; its other keys depend on it."""
    learning_rate: Annotated[Float, Field(gt=0)] = 1e-3
    """Size of a step."""
    beta1: Annotated[Float, Field(ge=0, lt=1)] = 0.9
    """Adam: decay of the mean of gradients."""
    beta2: Annotated[Float, Field(ge=0, lt=1)] = 0.999
    """Adam: decay of the mean of squared gradients."""
    epsilon: Annotated[Float, Field(gt=0)] = 1e-8
    """Adam: added to the square root of the mean of squared gradients."""
    weight_decay: Annotated[Float, Field(ge=0)] = 0.0
    """Strength of the L2 penalty, added to the gradient."""


class SGDSettings(Settings):
    """Stochastic gradient descent, with or without momentum."""

    name: Literal["sgd"]
    """Which optimizer; its other keys depend on it."""
    learning_rate: Annotated[Float, Field(gt=0)] = 1e-2
    """Size of a step."""
    momentum: Annotated[Float, Field(ge=0, lt=1)] = 0.0
    """SGD: share of the last step that is added to this one."""
    weight_decay: Annotated[Float, Field(ge=0)] = 0.0
    """Strength of the L2 penalty, added to the gradient."""


OptimizerSettings = Annotated[AdamSettings | SGDSettings, Field(discriminator="name")]


class _Schedule(Settings):
    """What most schedules have in common."""

    warm_up_epochs: Annotated[Float, Field(ge=0, le=1_000_000)] = 0.0
    """Number of epochs over which the rate rises to the learning rate, in equal steps; it need not
    be whole."""


class ConstantSchedule(_Schedule):
    """The learning rate itself, after the warm-up."""

    name: Literal["constant"]
    """How the learning rate changes; the other keys depend on it."""


class StepSchedule(_Schedule):
    """The learning rate times a factor after every so many epochs."""

    name: Literal["step"]
    """How the learning rate changes; the other keys depend on it."""
    every_epochs: Annotated[int, Field(ge=1)] = 5
    """``step``: epochs between two changes."""
    factor: Annotated[Float, Field(gt=0, le=1)] = 0.1
    """``step``: what the rate is multiplied by."""


class CosineSchedule(_Schedule):
    """Down along half a cosine (Loshchilov and Hutter, 2017, without restarts)."""

    name: Literal["cosine"]
    """How the learning rate changes; the other keys depend on it."""
    final: Annotated[Float, Field(ge=0, le=1)] = 0.0
    """``cosine``, ``one_cycle``: share of the learning rate that is left at the end."""


class OneCycleSchedule(Settings):
    """Up and down along two half cosines, once (Smith and Topin, 2018)."""

    name: Literal["one_cycle"]
    """How the learning rate changes; the other keys depend on it."""
    peak: Annotated[Float, Field(gt=0, lt=1)] = 0.3
    """``one_cycle``: share of all steps after which the rate is the largest."""
    start: Annotated[Float, Field(gt=0, le=1)] = 0.04
    """``one_cycle``: share of the learning rate that it begins with."""
    final: Annotated[Float, Field(ge=0, le=1)] = 0.0
    """``cosine``, ``one_cycle``: share of the learning rate that is left at the end."""


ScheduleSettings = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | OneCycleSchedule,
    Field(discriminator="name"),
]


class EarlyStoppingSettings(Settings):
    """The rule of early stopping; the run goes on, and says what stopping would have given."""

    watch: Literal["validation_loss", "validation_accuracy"] = "validation_loss"
    """What has to improve from epoch to epoch."""
    patience: Annotated[int, Field(ge=1)] = 3
    """It would stop after this many epochs in a row that are no better than the best before."""
    least_change: Annotated[Float, Field(ge=0)] = 0.0
    """An epoch is better by more than this, in nats or as a share."""


class TrainingSettings(Settings):
    """The training loop, with the published code's quirks as named switches."""

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    """Passes over the training split."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    """Images in a batch, for one update."""
    shuffle: bool = True
    """Draw a new order of the images for each epoch, from the seed."""
    shuffled: Literal["images", "batches"] = "images"
    """``batches``: each batch keeps its images, and only the order of the batches is drawn."""
    drop_last: bool = False
    """Leave out the last batch of an epoch if it is smaller than the others."""
    softmax_before_loss: bool = False
    """Feed probabilities to a cross-entropy that expects logits."""
    mode_after_first_epoch: Literal["training", "evaluation"] = "training"
    """``evaluation``: from epoch 2 on, batch norm uses the statistics frozen after epoch 1."""
    epoch_loss: Literal["mean_of_examples", "mean_of_batches"] = "mean_of_examples"
    """``mean_of_batches`` gives a short last batch the weight of a full one."""
    evaluate_every: Annotated[int, Field(ge=1)] | None = None
    """Evaluate also within epochs, every this many steps; ``None``: after each epoch only."""
    initialization: InitializationSettings = InitializationSettings()
    """The weights that training starts from."""
    optimizer: OptimizerSettings = AdamSettings(name="adam")
    """How the gradients change the weights."""
    schedule: ScheduleSettings | None = None
    """How the learning rate changes over the run; ``None``: not at all."""
    early_stopping: EarlyStoppingSettings | None = None
    """A rule that says where it would stop the run; the run still goes on to its last epoch."""
    keep_state: bool = False
    """Keep the last state of a run that has ended, so that it can be continued later."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """``auto``: a GPU if there is one, else the CPU."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """CPU threads of one run. With PyTorch's kernels their number decides the last bits of sums."""
    kernels: Literal["auto", "torch", "batch_last"] = "auto"
    """What computes convolutions on a CPU: ``torch``, or ``batch_last``, loops over maps with the
    batch innermost. They round differently. ``auto``: the loops, if they can compute all
    convolutions of the network."""
    stack: Annotated[int, Field(ge=2, le=1024)] | None = None
    """For a GPU: train this many seeds as one network. With 10, seeds 0 to 9 are one stack, and 10
    to 19 the next. It decides the last bits, too."""
    cuda_graph: bool = True
    """On a GPU, record a step once and replay it. ``False`` is for an architecture of your own that
    reads values from the GPU within a step, which cannot be recorded."""

    def seeds_with(self, seed: int) -> tuple[int, ...]:
        """List the seeds that are trained as one network with a seed, itself included."""
        if self.stack is None:
            return (seed,)
        first = seed - seed % self.stack
        return tuple(range(first, first + self.stack))


class ProbeSettings(Settings):
    """What to look at inside the network, from before its first step on; what all kinds share.

    A kind's other keys are its own, and checked against its file in ``bnbench/probes/``.
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    every: Annotated[int, Field(ge=1)] = 50
    """Steps between two looks."""
    images: Annotated[int, Field(ge=1)] = 500
    """Number of images that it uses, the first of the training split."""
    layers: tuple[str, ...] | None = Field(default=None, strict=False, min_length=1)
    """Hidden layers to look at; ``None``: all of them."""


class PublishedCurve(Settings):
    """The digitised curve that a re-run is drawn beside; it decides no number."""

    source: str
    """The article, as its file in ``bnbench/findings/published`` is named."""
    arm: str
    """Which of the article's networks."""


class Experiment(Settings):
    """One YAML file: everything that decides the numbers except the seed."""

    experiment: ExperimentName
    """Name, and folder below the results folder."""
    description: str = ""
    """In figures and tables."""
    published: PublishedCurve | None = None
    """A published curve to draw beside this experiment's."""
    data: DataSettings = DataSettings()
    """Images, and what happens to them before the network."""
    model: ModelSettings
    """The network."""
    training: TrainingSettings = TrainingSettings()
    """The training."""
    probes: Annotated[tuple[ProbeSettings, ...], Field(strict=False)] = ()
    """What is looked at inside the network while it is trained; no number depends on it."""

    _places: dict[str, str] = PrivateAttr(default_factory=dict)

    def place(self, key: str) -> str:
        """Say where `key` (dotted) was written, as ``file:line:column: key``."""
        return place_of(self._places, key, self.experiment)
