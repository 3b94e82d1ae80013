"""Other makers' encoders as rows of an evaluation."""

from pathlib import Path

import numpy as np

from singalike.embeddings.evaluation.other_ears import peer_of
from singalike.services.peer_encoders import open_encoders
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.tiny_ears import DIM, SpectrumEncoder, write_onnx

SAME = 1e-5


class Listening(SpectrumEncoder):
    """Remembers how long the waveforms were."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate=sample_rate)
        self.lengths: list[int] = []

    def embed(self, waveforms):  # type: ignore[no-untyped-def]
        self.lengths += [len(waveform) for waveform in waveforms]
        return super().embed(waveforms)


def test_an_encoder_hears_the_recordings_at_its_own_rate() -> None:
    encoder = Listening(sample_rate=44_100)

    vectors = peer_of(encoder)([buzzing_voice(1.0), buzzing_voice(2.0)])

    assert vectors.shape == (2, DIM)
    assert encoder.lengths == [44_100, 88_200]


def test_encoders_are_named_with_their_versions(tmp_path: Path) -> None:
    peers = open_encoders([f"onnx={write_onnx(tmp_path)}"], "cpu")

    (name,) = peers
    vectors = peers[name]([buzzing_voice(1.0), buzzing_voice(1.0, 240.0)])
    assert name.startswith("tiny-onnx-")
    assert len(buzzing_voice(1.0)) == SAMPLE_RATE
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=SAME)


def test_without_names_nobody_is_loaded() -> None:
    assert open_encoders([], "cpu") == {}
