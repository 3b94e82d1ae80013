"""Vocals out of mixtures."""

from singalike.audio.separation.choice import best_separator
from singalike.audio.separation.htdemucs import HTDemucsSeparator, load_htdemucs, save_htdemucs
from singalike.audio.separation.masking import MaskSeparator, load_mask_network, save_mask_network
from singalike.audio.separation.port import IdentitySeparator, Separator
from singalike.audio.separation.repet import RepetSimConfig, RepetSimSeparator

__all__ = [
    "HTDemucsSeparator",
    "IdentitySeparator",
    "MaskSeparator",
    "RepetSimConfig",
    "RepetSimSeparator",
    "Separator",
    "best_separator",
    "load_htdemucs",
    "load_mask_network",
    "save_htdemucs",
    "save_mask_network",
]
