"""A small deterministic ear: spectral statistics instead of a trained encoder, with the same façade.

It keeps what the tests of the shells need of the real one: same bytes in, same vectors out; unit rows; profiles that
differ between recordings and agree between takes of one voice; milliseconds instead of seconds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.audio.quality import QualityReport
from singalike.audio.sound import Sound
from singalike.embeddings.profile import MIDI_PITCHES, Segments, SungNotes, Vectors, VocalRange, VoiceProfile

FRAME = 1024
SEGMENT_S = 3.0


class FakeEar:
    """Stands in for `singalike.embeddings.encoder.VoiceEncoder`.

    Args:
        model_version: What its profiles carry.
        timbre_dim, style_dim, melody_dim: Lengths of its vectors.
        seed: Of the fixed projections.
    """

    def __init__(
        self,
        model_version: str = "fake-1",
        timbre_dim: int = 16,
        style_dim: int = 8,
        melody_dim: int = 4,
        seed: int = 7,
    ) -> None:
        self.model_version = model_version
        self.timbre_dim = timbre_dim
        self.style_dim = style_dim
        self.melody_dim = melody_dim
        self.device = "cpu"
        random = np.random.default_rng(seed)
        dims = (timbre_dim, style_dim, melody_dim)
        self._projections = [random.standard_normal((FRAME // 2 + 1, dim)).astype(np.float32) for dim in dims]

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Embed each recording on its own."""
        return [self._encode_one(vocal) for vocal in vocals]

    def _encode_one(self, vocal: Sound) -> VoiceProfile:
        starts = np.arange(max(1, int(vocal.duration_s / SEGMENT_S)), dtype=np.float64) * SEGMENT_S
        ends = np.minimum(starts + SEGMENT_S, vocal.duration_s)
        spectra = [_mean_spectrum(vocal.cut(start, end)) for start, end in zip(starts, ends, strict=True)]
        timbre, style, melody = (unit_rows(np.stack(spectra) @ projection) for projection in self._projections)
        centroids = (unit_rows(rows.mean(axis=0, keepdims=True))[0] for rows in (timbre, style, melody))
        loudest_bin = int(np.argmax(np.mean(spectra, axis=0)))
        midi = 69.0 + 12.0 * np.log2(max(loudest_bin, 1) * vocal.sample_rate / FRAME / 440.0)
        return VoiceProfile(
            *centroids,
            segments=Segments(starts, ends, timbre, style, melody),
            female_probability=float(1.0 / (1.0 + np.exp((60.0 - midi) / 3.0))),
            vocal_range=_range_around(midi, vocal.duration_s),
            quality=QualityReport(vocal.duration_s, vocal.duration_s, 40.0, 0.0, more_than_one_voice=False, advice=()),
            model_version=self.model_version,
        )


def unit_rows(rows: NDArray[np.floating]) -> Vectors:
    """Scale rows to length one, in float32; no row may be zero."""
    wide = np.asarray(rows, dtype=np.float64)
    return (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32)


def make_profile(seed: int, segments: int = 3, ear: FakeEar | None = None) -> VoiceProfile:
    """Draw a profile without any sound: random unit vectors around one voice."""
    ear = ear or FakeEar()
    random = np.random.default_rng(seed)
    dims = (ear.timbre_dim, ear.style_dim, ear.melody_dim)
    centres = [random.standard_normal(dim) for dim in dims]
    rows = [unit_rows(centre + 0.3 * random.standard_normal((segments, centre.size))) for centre in centres]
    starts = np.arange(segments, dtype=np.float64) * SEGMENT_S
    duration_s = segments * SEGMENT_S
    return VoiceProfile(
        *(unit_rows(part.mean(axis=0, keepdims=True))[0] for part in rows),
        segments=Segments(starts, starts + SEGMENT_S, *rows),
        female_probability=float(random.uniform()),
        vocal_range=_range_around(float(random.uniform(48, 72)), duration_s),
        quality=QualityReport(duration_s, duration_s, 30.0, 0.0, more_than_one_voice=False, advice=("Sing longer.",)),
        model_version=ear.model_version,
        sung_notes=SungNotes(
            *(float(figure) for figure in random.uniform(0, 80, 6)), note_count=int(random.integers(99))
        ),
    )


def _mean_spectrum(part: Sound) -> Vectors:
    samples = part.mono().waveform[0]
    padded = np.zeros(max(FRAME, -(-samples.size // FRAME) * FRAME), dtype=np.float32)
    padded[: samples.size] = samples
    magnitude = np.abs(np.fft.rfft(padded.reshape(-1, FRAME) * np.hanning(FRAME), axis=1))
    return np.log1p(magnitude).mean(axis=0).astype(np.float32) + np.float32(1e-3)


def _range_around(midi: float, voiced_s: float) -> VocalRange:
    histogram = np.zeros(MIDI_PITCHES, dtype=np.float32)
    histogram[int(np.clip(round(midi), 0, MIDI_PITCHES - 1))] = voiced_s
    return VocalRange(midi - 4.0, midi + 4.0, (midi - 2.0, midi + 2.0), voiced_s, histogram)
