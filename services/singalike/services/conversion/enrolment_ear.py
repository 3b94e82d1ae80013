"""What listens to an enrolment: the ear of this process, or the embedding service behind a server's event loop."""

import asyncio
import io
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import soundfile

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.services.ports import Embedder

RATE = 24_000
"""At which takes are joined and sent, in Hz; the ears listen at 16 000."""

GAP_S = 0.1


class Ear(Protocol):
    """What turns vocals into profiles, as `singalike.embeddings.encoder.VoiceEncoder` does; its calls block."""

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Embed recordings of one voice each; raises InvalidInputError TOO_SHORT and SILENT."""


class EarOfServer:
    """Lets threads of a server listen with the embedder that its event loop uses.

    Args:
        embedder: Of this process or over gRPC; it takes encoded recordings, so vocals go to it as FLAC, in memory.
        loop: The server's.
    """

    def __init__(self, embedder: Embedder, loop: asyncio.AbstractEventLoop) -> None:
        self._embedder = embedder
        self._loop = loop

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Embed recordings of one voice each; never call it on the loop, which it waits for."""
        # Everything but the waiting happens on the calling thread: on the loop's own threads enrolments may be waiting.
        return [self._hear(_to_flac(vocal)) for vocal in vocals]

    def _hear(self, audio: bytes) -> VoiceProfile:
        heard = self._embedder.embed(audio, "mix", a_cappella=True)
        return asyncio.run_coroutine_threadsafe(heard, self._loop).result()


def join(takes: Sequence[Sound]) -> Sound:
    """Put the takes of a voice behind each other, a tenth of a second apart, as one channel at 24 000 Hz."""
    gap = np.zeros((1, round(GAP_S * RATE)), dtype=np.float32)
    row = [part for take in takes for part in (resample(take.mono(), RATE).waveform, gap)][:-1]
    return Sound(np.concatenate(row, axis=1), RATE)


def _to_flac(vocal: Sound) -> bytes:
    """Encode a vocal at 24 000 Hz, no louder than full scale, where FLAC ends."""
    waveform = resample(vocal.mono(), RATE).waveform[0]
    file = io.BytesIO()
    soundfile.write(file, waveform / max(float(np.abs(waveform).max(initial=0.0)), 1.0), RATE, format="FLAC")
    return file.getvalue()
