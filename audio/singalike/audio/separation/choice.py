"""Which separator a machine uses."""

from pathlib import Path

from singalike.audio.separation.htdemucs import HTDemucsSeparator, has_weights
from singalike.audio.separation.masking import MaskSeparator
from singalike.audio.separation.port import Separator


def best_separator(weights_folder: Path | None = None, device: str = "cpu") -> Separator:
    """Choose HTDemucs when its weights are there, the shipped mask network otherwise.

    Args:
        weights_folder: Where `htdemucs.json` and `htdemucs.safetensors` may lie.
        device: Where HTDemucs runs, "cpu" or "cuda".

    Raises:
        WrongStateError: The weights are there but damaged, or demucs is not installed: falling back in silence would
            fill a catalogue with vectors of the wrong separator.
    """
    if weights_folder is not None and has_weights(weights_folder):
        return HTDemucsSeparator(weights_folder, device)
    return MaskSeparator()
