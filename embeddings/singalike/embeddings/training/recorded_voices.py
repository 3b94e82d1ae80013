"""Open recordings taken apart for the melody encoder: their pitch as a target, their spectral envelopes as material."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.pitch import hz_to_midi
from singalike.embeddings.training.datasets import read_voices, read_waveform
from singalike.embeddings.training.run_folder import write_arrays

SAMPLE_RATE = 16_000
HOP_LENGTH = 128
"""Samples from one envelope to the next: 8 ms."""

BINS = 257
LONGEST_S = 9.0


@dataclass(frozen=True, eq=False)
class RecordedVoice:
    """A recording with its pitch and its vocal tract.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        midi_pitch: float32 (frames,), one every 8 ms, NaN where unvoiced.
        log_envelope: float32 (frames, 257), natural log of the amplitude envelope from 0 to 8000 Hz.
    """

    waveform: NDArray[np.float32]
    midi_pitch: NDArray[np.float32]
    log_envelope: NDArray[np.float32]


def analyse_recording(waveform: NDArray[np.float32]) -> RecordedVoice:
    """Take one recording apart with WORLD's harvest and cheaptrick.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
    """
    sound = np.ascontiguousarray(waveform, dtype=np.float64)
    period_ms = 1000.0 * HOP_LENGTH / SAMPLE_RATE
    f0_hz, times_s = pyworld.harvest(sound, SAMPLE_RATE, f0_floor=65.0, f0_ceil=900.0, frame_period=period_ms)
    power = pyworld.cheaptrick(sound, f0_hz, times_s, SAMPLE_RATE, fft_size=1024)[:, ::2]
    midi_pitch = hz_to_midi(np.where(f0_hz > 0, f0_hz, np.nan)).astype(np.float32)
    return RecordedVoice(waveform, midi_pitch, (0.5 * np.log(power + 1e-16)).astype(np.float32))


def load_recordings(data: Path, cache: Path) -> tuple[RecordedVoice, ...]:
    """Take apart the start of every voice that may train, or read what an earlier run has kept.

    Args:
        data: Folder with the manifest.
        cache: A .npz file that is written when absent: WORLD needs minutes for all voices.
    """
    if not cache.exists():
        recordings = [analyse_recording(read_waveform(voice.path)[: int(LONGEST_S * SAMPLE_RATE)])
                      for voice in read_voices(data)]  # fmt: skip
        arrays = {f"waveform_{i}": voice.waveform for i, voice in enumerate(recordings)}
        arrays |= {f"midi_pitch_{i}": voice.midi_pitch for i, voice in enumerate(recordings)}
        arrays |= {f"envelope_{i}": voice.log_envelope.astype(np.float16) for i, voice in enumerate(recordings)}
        write_arrays(cache, arrays)
    kept = np.load(cache, allow_pickle=False)
    return tuple(
        RecordedVoice(kept[f"waveform_{i}"], kept[f"midi_pitch_{i}"], kept[f"envelope_{i}"].astype(np.float32))
        for i in range(len(kept.files) // 3)
    )
