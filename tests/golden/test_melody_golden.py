"""The shipped melody checkpoint on a tiny signal: the same numbers on every machine.

`python -m tests.golden.test_melody_golden` writes the file anew after a new training.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder, MelodyFrames

EXPECTED = Path(__file__).with_name("melody.json")
TOLERANCE = 1e-3
"""Half precision weights, another processor's convolution: still the same melody."""


NOTES = np.array([57, 59, 60, 62, 64, 62, 60, 64, 65, 57], dtype=np.float64)


def tiny_song(semitones: float = 0.0) -> np.ndarray:
    """Ten notes of a buzz with one formant, 4 s, moved by these semitones, without any randomness."""
    notes = NOTES + semitones
    f0_hz = np.repeat(440.0 * 2 ** ((notes - 69.0) / 12.0), round(0.4 * SAMPLE_RATE))
    phase = 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE
    partials = [np.sin(k * phase) * (1 + 2 * np.exp(-(((k * f0_hz - 700) / 300) ** 2))) / k for k in range(1, 13)]
    return (0.1 * np.sum(partials, axis=0)).astype(np.float32)


def figures(encoder: MelodyEncoder, frames: MelodyFrames) -> dict[str, list[float]]:
    return {
        "midi_pitch": np.nan_to_num(frames.pitch.midi_pitch[8::25]).tolist(),
        "voicing": frames.pitch.voicing[8::25].tolist(),
        "latent": frames.latent[30].tolist(),
        "vector": encoder.embed(frames)[:24].tolist(),
    }


def test_the_shipped_checkpoint_hears_the_tiny_song_as_it_did() -> None:
    expected = json.loads(EXPECTED.read_text("utf-8"))
    encoder = MelodyEncoder.load()

    heard = figures(encoder, encoder.analyse([tiny_song()])[0])

    assert heard.keys() == expected.keys()
    for name, values in heard.items():
        assert values == pytest.approx(expected[name], abs=TOLERANCE, rel=TOLERANCE), name


@pytest.mark.parametrize("semitones", [-21.0, -12.0, 0.0, 12.0])
def test_the_tiny_song_is_heard_as_it_is_written_down_to_the_lowest_note(semitones: float) -> None:
    encoder = MelodyEncoder.load()

    heard = encoder.analyse([tiny_song(semitones)])[0].pitch.midi_pitch[12::25]

    assert heard == pytest.approx((NOTES + semitones).tolist(), abs=0.2)


if __name__ == "__main__":
    shipped = MelodyEncoder.load()
    EXPECTED.write_text(json.dumps(figures(shipped, shipped.analyse([tiny_song()])[0]), indent=1) + "\n", "utf-8")
