"""Vocals out of mixtures."""

from singalike.audio.separation.choice import best_separator
from singalike.audio.separation.htdemucs import HTDemucsSeparator, load_htdemucs, save_htdemucs
from singalike.audio.separation.port import IdentitySeparator, Separator
from singalike.audio.separation.repet import RepetSimConfig, RepetSimSeparator

__all__ = [
    "HTDemucsSeparator",
    "IdentitySeparator",
    "RepetSimConfig",
    "RepetSimSeparator",
    "Separator",
    "best_separator",
    "load_htdemucs",
    "save_htdemucs",
]
