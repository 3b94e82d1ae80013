"""Wholly synthetic singers: voices, melodies, accompaniment and rooms made by our own code, free of anyone's rights."""

from singalike.audio.synthesis.accompaniment import STYLES, accompany
from singalike.audio.synthesis.composing import SCALES, compose_chords, compose_melody
from singalike.audio.synthesis.melody import Chord, Melody, Note
from singalike.audio.synthesis.mixing import add_noise, mix, room
from singalike.audio.synthesis.singing import SAMPLE_RATE, sing
from singalike.audio.synthesis.voice import SingerVoice, draw_singer, vary_singer

__all__ = [
    "SAMPLE_RATE",
    "SCALES",
    "STYLES",
    "Chord",
    "Melody",
    "Note",
    "SingerVoice",
    "accompany",
    "add_noise",
    "compose_chords",
    "compose_melody",
    "draw_singer",
    "mix",
    "room",
    "sing",
    "vary_singer",
]
