"""UTMOS, which predicts how natural listeners find a voice, from weights that somebody has put there."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.evaluation.jury import Naturalness
from singalike.errors import WrongStateError


def load_utmos(file: Path, device: str) -> Naturalness:
    """Load the TorchScript that `utmos-pytorch` publishes (utmos_scripted.pt), without that package.

    Args:
        file: The weights.
        device: Where torch computes.

    Raises:
        WrongStateError: WEIGHTS_DAMAGED, it is no TorchScript with the method `score`.

    Source:
        Saeki et al. 2022, UTMOS, https://arxiv.org/abs/2204.02152.
    """
    import torch

    try:
        model = torch.jit.load(str(file), map_location=device).eval()  # type: ignore[no-untyped-call]
        score = model.score
    except (RuntimeError, ValueError, AttributeError) as error:
        message = f"{file} is no TorchScript of UTMOS: pass utmos_scripted.pt of utmos-pytorch"
        raise WrongStateError("WEIGHTS_DAMAGED", message) from error

    def predict(waveform: NDArray[np.float32]) -> float:
        with torch.no_grad():
            return float(score(torch.from_numpy(np.ascontiguousarray(waveform)).to(device)[None]))

    return Naturalness(sha256(file.read_bytes()).hexdigest()[:16], predict)
