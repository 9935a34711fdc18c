"""The code that computes a run's numbers, module by module, as hashes that comments leave alone.

It is what `bnbench.training.experiment` and the run's architecture and normalization import,
directly or not, without the modules that read, check, name and report.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bnbench.config import Experiment
from bnbench.models import find_architecture
from bnbench.models.normalizations import find_normalization
from bnbench.probes import find_probe
from bnbench.runs import TORCH

ROOT = "bnbench.training.experiment"
DECIDES_NO_NUMBER = (
    "bnbench.errors",
    "bnbench.registry",
    "bnbench.foreign",  # the bytes that it reads have hashes of their own
    "bnbench.config",
    "bnbench.metrics",
    "bnbench.runs",
    "bnbench.probes",  # of those that a run has, the modules count
    "bnbench.data.fetching",
    "bnbench.data.files",  # what was read has a hash of its own
    "bnbench.data.shared",  # maps the very bits
    "bnbench.data.sources",
    "bnbench.training.check",
    "bnbench.training.code",
    "bnbench.training.kernels",  # what it chooses is stated
    "bnbench.training.trial",
    "bnbench.kernels.cache",
    # Held by tests: a run that was resumed, or looked into, leaves the bytes of one
    # that was not, and weights that are saved are loaded again.
    "bnbench.training.looking",
    "bnbench.training.recording",
    "bnbench.training.checkpoint",
    "bnbench.training.soundness",
    "bnbench.training.stored",
    "bnbench.training.weights",
)
"""Modules, and packages with all that is in them."""
BUT = ("bnbench.config.schema", "bnbench.runs.logs")
OF_BATCH_LAST = (
    "bnbench.kernels.", "bnbench.models.batch_last", "bnbench.direct",
    "bnbench.probes.direct_passage",
)  # fmt: skip
"""Modules, by the start of their names, that only runs with these kernels use."""
OF_PROBES, BASE = "bnbench.probes.", "bnbench.probes.probe"
"""Modules, by the start of their names, that only runs with probes use; what all kinds have."""
ABSENT = ""
EARLIER = {
    # It had no stack; it took huge integers; it knew no normalization but batch norm; no kernels;
    # no probes; no schedules; no shares of classes; no early stopping; it
    # kept no state.
    "bnbench.config.schema": (
        "d8ff01852d3e", "ef7a11f323a8", "e60ea4b1eb5a", "83fc0b2648be", "ac7c45c9b2e5",
        "6dd5b018819c", "6a15c6d423cd", "8ebef3fc27d2", "9847b74ec945",
        "7f062e50bdcd",  # it took a warm-up and a bias of any size
        "90c6fc2e02e9",  # it kept no state
        "d1d6a6416d73",  # no scale of weights; no binary images, nor features of unequal size
        "f719fb96aab5",  # no order of images but the file's; it shuffled no batches
        "2f053442f0b0",  # no place after the pooling
        "fffe731456fe",  # probes that said nothing else looked at 1,000 images
    ),
    # It imported all of its files at once; it exported the list of torchvision's mirrors.
    "bnbench.data": (ABSENT, "72da03e96d1b", "aafd6dddc15b"),
    "bnbench.data.csv_files": (
        ABSENT, "9da3503fd7eb",  # it looked for its folder itself
        "33d3d1cee274",  # it laid out lines of any length
    ),
    # It knew no folders; it looked up; it had the digits, and no EMNIST.
    "bnbench.data.datasets": ("df6c559ff169", "81958f2b64be", "fdc4204512ca"),
    # It imported scikit-learn; its remedy was an extra; it hashed.
    "bnbench.data.digits": ("9299cf2766d4", "5fcd7bdd7656", "2353b4825eee"),
    # It had a function that only tests called; it waited for pipes.
    "bnbench.data.idx": ("bcc4d3b1ee76", "1e82eda55a3b"),
    "bnbench.data.folder": (ABSENT, "774f9f5a3131", "982a43af8376"),  # it waited for pipes
    "bnbench.data.named": (ABSENT, "46b596b5c0b7", "e2906dc45204"),
    # It knew no folders; an import; no shares of classes.
    "bnbench.data.splits": (
        "0fa1796dd87f", "1e3c94813f8a", "ee9fedeed586", "128b7f9a8214",
        "31cdfd9e1322",  # no order but the file's
    ),
    "bnbench.data.inputs": ("eadb9a595d0a",),
    # One thread did all; three functions did what one does now.
    "bnbench.kernels.arrays": (ABSENT,),
    "bnbench.kernels.atomic": (ABSENT,),
    "bnbench.kernels.box": (ABSENT,),
    "bnbench.kernels.cross_entropy": ("ebb3fb194dfd",),  # its call was not apart
    # Its jobs were not apart.
    "bnbench.kernels.functions": ("8b357cdf347a", "2fe3fd7bc24d"),
    "bnbench.kernels.gather": (ABSENT,),
    "bnbench.kernels.job": (ABSENT,),
    "bnbench.kernels.loops": ("feaded4f2664",),
    "bnbench.kernels.recipe": ("77d7028f3e85",),
    "bnbench.kernels.team": (ABSENT,),
    "bnbench.kernels.tiles": ("227fa2b37a4a",),
    "bnbench.models": ("44bac277bffd", "c1838292547b"),  # a broken file was a traceback; its loop
    # The normalizations had no files of their own; pools stood beside the layers; no widths; a
    # registry of its own.
    "bnbench.models.architecture": (
        "4c24cbd5dd63", "f4a8abe9c10b", "a0937db9845a", "be9fbc54413a", "9b8a5675cd85",
        "7c9f2381589b",  # other names of locals
        "a90df6c291c3",  # no forward pass was marked as one in order
        "d31a201ebbc4",  # a network had its class's layers: probes missed an MLP's third and on
    ),
    # Its recipes were its own; nothing was normalized after the pooling.
    "bnbench.models.batch_last": ("fecb689a8902", "ec23b5a9e1db"),
    "bnbench.models.cnn": ("79933069924a", "443ae47adf36"),
    "bnbench.direct": (ABSENT,),  # it stood in training
    "bnbench.models.input_size": (ABSENT,),
    "bnbench.models.layers": (
        "08b6a87487ac", "45ffcaba5323", "cdf92aa14a6e", "d1b8272fb994",
        "f6cc5450e37f",  # the running averages moved in two places
        "df4f40c1b710",  # no place after the pooling
    ),
    "bnbench.models.lenet5": ("e68e90ac93c6", "21b70ae16444"),
    # Two hidden layers; of any width.
    "bnbench.models.mlp": ("8bff7cd00324", "168f0ccd70fd", "1ec9e2d1a1dd", "4f5e8a85d1aa"),
    "bnbench.models.normalizations": (ABSENT, "87d3ffc340f6", "9255b5bdfdf9"),
    "bnbench.models.normalizations.batch": (ABSENT,),
    "bnbench.models.normalizations.batch_renorm": ("d75a64a9c9ec",),  # it took any warm-up
    "bnbench.models.normalizations.ghost": ("4205352f3b30",),
    "bnbench.models.normalizations.kind": (ABSENT, "ce264365ae82", "d16768622a13", "784ca2fdc913"),
    "bnbench.models.normalizations.over_batch": (ABSENT, "392333b89eea"),
    "bnbench.models.operators": ("5cafe9b3d981",),  # a network could not be exported
    "bnbench.models.lenet5_1998": ("49ec51f385f0",),
    # Each had a pass through the network of its own; then a pass was always PyTorch's.
    "bnbench.probes.activations": ("2edceedfc6bb", "3cbc95dd37e2", "44315c08334b"),
    "bnbench.probes.autograd_passage": (ABSENT,),
    "bnbench.probes.direct_passage": (ABSENT,),
    "bnbench.probes.gradients": ("d229ebabffd1", "458620a02ceb", "5e1ffc7023b1"),
    "bnbench.probes.inference": ("2c17bc732502",),
    "bnbench.probes.inside": (ABSENT,),
    "bnbench.probes.landscape": ("b2abe295b87b",),
    "bnbench.probes.parameters": (ABSENT,),
    "bnbench.probes.passage": (ABSENT, "1709062dc7ab"),
    "bnbench.probes.path": ("c587727e4932",),
    "bnbench.probes.perturbation": ("9f542460e65a",),
    "bnbench.probes.rotation": ("add2735e2ad3", "183acf38f265"),
    "bnbench.probes.sample": (ABSENT,),
    "bnbench.probes.surface": (ABSENT, "84432dc99d0f"),  # nor did trajectory count it
    "bnbench.runs.logs": ("e56b46b90b2a",),  # it hashed no rows
    # Its code was the loop's; it knew one period.
    "bnbench.training.batches": (
        ABSENT, "26008561acc9",
        "da3b64c31868",  # it shuffled images only
    ),
    "bnbench.training.capture": (ABSENT, "a845fe1b6e0b"),
    "bnbench.training.device": ("633b0c1aaa5f", "48805571a221", "5389b544c375"),
    "bnbench.training.evaluation": ("d28e7395eaea",),
    # It recorded; it had no `shared`; it knew one seed only; it named members by their places; it
    # chose no kernels; it had no probes; no early stopping.
    "bnbench.training.experiment": (
        "0117b3023541", "31e15c672ddf", "a44b5d1b1c46", "269e7a30c962", "0c5f0c059cc9",
        "4b5c54ad3896", "356c3f645ce3", "1e4e7ea5e74a",
        "3293d2d67c45",
        "288bbed2387d",  # a study's registration was not in its runs' manifests
        "3ff58fd4fa7a",  # a config repeated the size of the images
        "42d22c7c8892",  # locals were named less well
        "f100dd44f32d",  # its kernels had one thread
    ),
    "bnbench.training.initialization": ("43a0ded12d08",),  # it scaled nothing
    # Its code was the loop's; it updated; it chose no kernels; no periods; one rate; the loop went
    # backward.
    "bnbench.training.learner": (
        ABSENT, "a68b9c0ced9a", "f6c1e15dc478", "d2e55843b458", "ff3004ccceb6", "69b7cf237d8f",
        "ebf38df4b3d0",
        "9e20a5174cc9",  # autograd did every step
        "eac1070ddb26",  # an update was given images
        "b72834714238",  # its direct steps were for itself alone
    ),
    # It gave no states within epochs; it knew one seed only; it kept the books; one period, rate.
    "bnbench.training.loop": (
        "93f44a8322e0", "3bb4e0ae8a8f", "5856535a2961", "5fae75e956d1", "0baf633ddf93",
        "8bf9df84bd35",  # it called Adam's own step
        "c81ec3637133",  # it went backward itself
        "6c85a7c2258a",  # autograd did every step
        "d22a8e2c8352",  # an update was given images
    ),
    "bnbench.training.eager": (ABSENT,),
    "bnbench.training.members": (ABSENT,),
    # Its last one called the optimizer's own first step, which imports PyTorch's compiler.
    "bnbench.training.optimizer": ("bb312ec111a7", "1003fd272abd", "35d7632dd775"),
    "bnbench.training.progress": (ABSENT, "b8844e2ffbce"),
    "bnbench.training.schedule": (ABSENT, "1283d2ce7f3b"),  # a peak at the first step was an error
    "bnbench.training.stack": (ABSENT, "e194440fe36d", "4a25ece63996", "18b408ebd9f9"),
}  # fmt: skip
"""Module -> hashes that it had when it gave the same bits: a rewrite orphans no finished run.
The golden losses, exact on the kind of processor that recorded them, are the test that it is so.
Of probes, which decide no bit of the training, the numbers may differ by a float32's rounding."""
_PACKAGE = Path(__file__).parents[1]


def code_hashes(experiment: Experiment, kernels: str = TORCH) -> dict[str, str]:
    """Hash every module on the experiment's path from its configuration to its numbers.

    Parameters
    ----------
    experiment : Experiment
        Checked: its architecture exists.
    kernels : str
        What computes the convolutions, as `bnbench.training.kernels.resolve_kernels` names it.

    Returns
    -------
    dict of str to str
        Module -> first 12 hex digits of the SHA-256 of its code, without comments, docstrings
        and layout, in the order of the names.
    """
    model = experiment.model
    used = find_architecture(model.name).network.__module__
    kind = model.normalization.kind if model.normalization else "batch"
    probes = _imported(*(find_probe(probe.kind).__module__ for probe in experiment.probes))
    looking = sorted(name for name in probes if name.startswith(OF_PROBES) and name != BASE)
    hashes = _hashes(used, find_normalization(kind).__module__, *looking)
    return {
        name: digest
        for name, digest in hashes.items()
        if kernels != TORCH or not name.startswith(OF_BATCH_LAST)
    }


def equal_code(experiment: Experiment, kernels: str = TORCH) -> dict[str, tuple[str, ...]]:
    """List, for each module of `code_hashes`, all hashes that stand for the same numbers.

    Returns
    -------
    dict of str to tuple of str
        Module -> its hash of now, then those of `EARLIER`.
    """
    hashes = code_hashes(experiment, kernels)
    return {name: (now, *EARLIER.get(name, ())) for name, now in hashes.items()}


def hash_ahead() -> None:
    """Hash the modules that all runs have, for the processes that are copied from this one."""
    _hashes()
    _tree.cache_clear()  # 40 MB that each would have


@cache
def _hashes(*used: str) -> dict[str, str]:
    deciding = (name for name in _imported(ROOT, *used) if name in used or _decides(name))
    hashes = {name: _hash(name) for name in sorted(deciding)}
    return {name: digest for name, digest in hashes.items() if digest is not None}


def _decides(module: str) -> bool:
    return module in BUT or not any(
        module == name or module.startswith(name + ".") for name in DECIDES_NO_NUMBER
    )


def _imported(*roots: str) -> set[str]:
    """Name modules and, in turn, all of ours that they import."""
    names: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in names and _file(name).is_file():
            names.add(name)
            waiting += _imports(name)
    return names


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


@cache
def _hash(module: str) -> str | None:
    """Hash what decides numbers in a module; there is nothing where it only imports."""
    code = _bare(_tree(module))
    return hashlib.sha256(code.encode()).hexdigest()[:12] if code else None


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Name the packages and modules of ours that a module may mean."""
    names: list[str] = []
    for node in _statements(_tree(module)):
        if isinstance(node, ast.Import):
            names += (one.name for one in node.names if one.name.startswith("bnbench."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bnbench"):
            assert node.module is not None
            names += (node.module, *(f"{node.module}.{one.name}" for one in node.names))
    return tuple(names)


def _file(module: str) -> Path:
    """Find a module's file; of an architecture of the user's own, where it was loaded from."""
    if not module.startswith("bnbench."):
        return Path(getattr(sys.modules.get(module), "__file__", None) or "")
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _bare(tree: ast.Module) -> str:
    """Write a module's code without comments and docstrings; a package that only imports: ''."""
    for node in (tree, *_statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    if all(isinstance(node, ast.Import | ast.ImportFrom | ast.Pass) or _is_all(node)
           for node in tree.body):  # fmt: skip
        return ""
    return ast.unparse(tree)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """List all statements; not what they are made of, a tenth of the nodes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from _statements(child)


def _is_text(node: ast.stmt) -> bool:
    """Tell a docstring, of a module, class, function or attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
