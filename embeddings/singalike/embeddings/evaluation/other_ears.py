"""Encoders of other makers beside the ear, in the same tables."""

from collections.abc import Sequence

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.embeddings.ears.port import VoiceVectorEncoder
from singalike.embeddings.evaluation.bench import Peer, Vectors
from singalike.embeddings.evaluation.conditions import SAMPLE_RATE


def peer_of(encoder: VoiceVectorEncoder) -> Peer:
    """Let an encoder stand beside the ear: it hears the same waveforms, brought to its own rate.

    What lies above 8 kHz is gone before that, for all alike.
    """

    def embed(waveforms: Sequence[Waveform]) -> Vectors:
        sounds = [Sound(waveform[None], SAMPLE_RATE) for waveform in waveforms]
        return encoder.embed([resample(sound, encoder.info.sample_rate).waveform[0] for sound in sounds])

    return embed
