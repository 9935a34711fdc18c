"""What probes saw of runs, look by look, as moving pictures. Each file here registers one."""

from bnbench.registry import import_folder
from bnbench.report.animations.scene import SCENES, scene_of

import_folder(__name__, __path__)

__all__ = ["SCENES", "scene_of"]
