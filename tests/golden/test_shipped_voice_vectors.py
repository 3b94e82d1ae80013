"""The shipped timbre, style and voice-gender checkpoints say of a tiny voice what they said when they were shipped.

`python -m tests.golden.test_shipped_voice_vectors` writes the file anew after a new fit.
"""

import json
from pathlib import Path

import numpy as np

from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_gender import VoiceGenderClassifier
from tests.support.buzzing import buzzing_voice, steady_pitch

FILE = Path(__file__).parent / "shipped_voice_vectors.json"


def tiny_voice() -> dict[str, list[float]]:
    """Embed a second of a synthetic voice with everything that ships."""
    timbre, style, voice_gender = TimbreEncoder.load(), StyleEncoder.load(), VoiceGenderClassifier.load()
    frames = timbre.analyse(buzzing_voice(1.5, f0_hz=200.0, vibrato_semitones=0.3))
    pitch = steady_pitch(1.5, f0_hz=200.0, vibrato_semitones=0.3)
    vectors = {"timbre": timbre.embed(frames), "style": style.embed(frames, pitch)}
    probability = np.array([voice_gender.female_probability(frames, pitch)])
    return {name: value.astype(float).round(5).tolist() for name, value in {**vectors, "female": probability}.items()}


def test_the_shipped_checkpoints_say_what_they_said() -> None:
    expected = json.loads(FILE.read_text("utf-8"))

    found = tiny_voice()

    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=2e-3, err_msg=name)


if __name__ == "__main__":
    FILE.write_text(json.dumps(tiny_voice(), indent=1) + "\n", "utf-8")
