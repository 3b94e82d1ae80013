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
from singalike.services.conversion.enrolment import LONGEST_ENROLMENT_S
from singalike.services.ports import Embedder

RATE = 24_000
"""At which takes are joined and sent, in Hz; the ears listen at 16 000."""

GAP_S = 0.1

COMPARED_S = 4.0
"""Takes that are shorter say too little of a voice to be compared alone."""


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
    """Put the takes of a voice behind each other as one channel at 24 000 Hz.

    They are a tenth of a second apart, less where all would last longer than an enrolment, and so a recording, may.
    """
    voices = [resample(take.mono(), RATE).waveform for take in takes]
    longest = round(LONGEST_ENROLMENT_S * RATE)
    left = max(0, longest - sum(voice.shape[1] for voice in voices))
    gap = np.zeros((1, min(round(GAP_S * RATE), left // max(1, len(voices) - 1))), dtype=np.float32)
    row = [part for voice in voices for part in (voice, gap)][:-1]
    # Resampling rounds every take up, which may come to some samples beyond the end.
    return Sound(np.concatenate(row, axis=1)[:, :longest], RATE)


def long_parts(takes: Sequence[Sound]) -> list[tuple[int, Sound]]:
    """Join takes that are too short to be compared with those behind them, or before them at the end.

    Returns:
        Parts of four seconds or more, if all takes together last so long, each with the place of its first take.
    """
    groups: list[list[int]] = [[]]
    for place in range(len(takes)):
        groups[-1].append(place)
        if sum(takes[inside].duration_s for inside in groups[-1]) >= COMPARED_S and place < len(takes) - 1:
            groups.append([])
    if len(groups) > 1 and sum(takes[place].duration_s for place in groups[-1]) < COMPARED_S:
        last = groups.pop()
        groups[-1] += last
    return [(group[0], _only_or_joined([takes[place] for place in group])) for group in groups]


def _only_or_joined(takes: Sequence[Sound]) -> Sound:
    return takes[0] if len(takes) == 1 else join(takes)


def _to_flac(vocal: Sound) -> bytes:
    """Encode a vocal at 24 000 Hz, no louder than full scale, where FLAC ends."""
    waveform = resample(vocal.mono(), RATE).waveform[0]
    file = io.BytesIO()
    soundfile.write(file, waveform / max(float(np.abs(waveform).max(initial=0.0)), 1.0), RATE, format="FLAC")
    return file.getvalue()
