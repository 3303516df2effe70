"""Let torchvision be imported beside a torch without CUDA: the package index has its CUDA build only.

Two of its operators are named while it is imported and implemented in a library that cannot load here. They are declared
just before, so that the import succeeds; nothing calls them. Python runs this file at the start of the server and of every
process it starts, since the folder is on their path; it costs nothing until torchvision is imported.
"""

import sys
from importlib import metadata


class Declare:
    """Finds nothing; looks on."""

    library = None

    def find_spec(self, name, path=None, target=None):
        if name == "torchvision" and self.library is None:
            import torch

            if torch.version.cuda is None and "+cpu" not in metadata.version("torchvision"):
                self.library = torch.library.Library("torchvision", "DEF")
                self.library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
                self.library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return None


sys.meta_path.insert(0, Declare())
