"""The moments of a voice in a faiss index, and the search among them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.errors import WrongStateError, noted

Floats = NDArray[np.float32]

NEIGHBOURS = 8
_BLOCK = 256


def read_index(path: Path, dim: int) -> Floats:
    """Take the moments out of an index of RVC.

    The index itself is not searched: it looks into one cell of many, and all moments of a voice are few enough.

    Args:
        path: A file whose digest was checked: faiss trusts what it reads.
        dim: Numbers in a moment.

    Returns:
        float32 (moments, dim).

    Raises:
        WrongStateError: ENGINE_NOT_INSTALLED, faiss is missing; WEIGHTS_DAMAGED; WEIGHTS_MISMATCHED.
    """
    faiss = import_faiss()
    try:
        index = faiss.read_index(str(path))
        moments = np.asarray(index.reconstruct_n(0, index.ntotal), dtype=np.float32)
    except RuntimeError as error:
        raise WrongStateError("WEIGHTS_DAMAGED", f"{path.name} is no index of faiss: fetch it again") from error
    if moments.shape[1:] != (dim,):
        message = (
            f"{path.name} holds moments of {index.d} numbers, the voice wants {dim}: get the index that belongs to it"
        )
        raise WrongStateError("WEIGHTS_MISMATCHED", message)
    return moments


def import_faiss() -> Any:
    """Import faiss, as late as possible.

    Raises:
        WrongStateError: ENGINE_NOT_INSTALLED.
    """
    try:
        import faiss
    except ImportError as error:
        message = "faiss cannot be imported: pip install 'singalike[neural]'"
        raise noted(WrongStateError("ENGINE_NOT_INSTALLED", message), str(error)) from error
    return faiss


def retrieve(content: Floats, moments: Tensor) -> Floats:
    """Say with moments of the voice what the source says.

    The 8 nearest weigh as 1 / score², where the score is the squared distance, as faiss gives it to RVC.

    Args:
        content: float32 (rows, dim).
        moments: float32 (moments, dim), at least one.

    Returns:
        float32 (rows, dim).
    """
    found = np.empty_like(content)
    norms = moments.square().sum(dim=1)
    for first in range(0, len(content), _BLOCK):
        block = torch.from_numpy(content[first : first + _BLOCK]).to(moments.device)
        scores = norms - 2.0 * block @ moments.T + block.square().sum(dim=1, keepdim=True)
        nearest = scores.topk(min(NEIGHBOURS, len(moments)), dim=1, largest=False)
        weights = nearest.values.clamp_min(1e-6).pow(-2.0)
        weights = weights / weights.sum(dim=1, keepdim=True)
        found[first : first + _BLOCK] = (weights[:, :, None] * moments[nearest.indices]).sum(dim=1).cpu().numpy()
    return found
