"""The whole ear with another maker's timbre: its vectors, its dimensions, its name in the model version."""

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.encoder import VoiceEncoder, model_version
from singalike.errors import NotFoundError
from singalike.services import bootstrap
from singalike.services.settings import read_settings
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.tiny_ears import DIM, SpectrumEncoder

SAME = 1e-5


@pytest.fixture(scope="module")
def shipped() -> VoiceEncoder:
    return VoiceEncoder.load(device="cpu")


@pytest.fixture(scope="module")
def other() -> VoiceEncoder:
    return VoiceEncoder.load(SHIPPED, "cpu", SpectrumEncoder("9", sample_rate=22_050))


@pytest.fixture(scope="module")
def sounds() -> list[Sound]:
    return [Sound(buzzing_voice(8.0, 200.0, 1.1)[None], SAMPLE_RATE), Sound(buzzing_voice(2.0)[None], SAMPLE_RATE)]


def test_only_the_timbre_changes(shipped: VoiceEncoder, other: VoiceEncoder, sounds: list[Sound]) -> None:
    mine, theirs = shipped.encode(sounds[:1])[0], other.encode(sounds[:1])[0]

    assert theirs.timbre.shape == (DIM,) == (other.timbre_dim,)
    assert theirs.segments.timbre.shape == (len(theirs.segments), DIM)
    np.testing.assert_allclose(np.linalg.norm(theirs.segments.timbre, axis=1), 1.0, atol=SAME)
    assert np.linalg.norm(theirs.timbre) == pytest.approx(1.0, abs=SAME)
    for name in ("style", "melody"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
        np.testing.assert_array_equal(getattr(mine.segments, name), getattr(theirs.segments, name))
    assert mine.female_probability == theirs.female_probability
    assert mine.vocal_range.tessitura_midi == theirs.vocal_range.tessitura_midi


def test_company_does_not_change_another_timbre(other: VoiceEncoder, sounds: list[Sound]) -> None:
    together, alone = other.encode(sounds), [other.encode([sound])[0] for sound in sounds]

    for one, same in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.timbre, same.timbre, atol=SAME)
        np.testing.assert_allclose(one.segments.timbre, same.segments.timbre, atol=SAME)


def test_the_model_version_names_the_other_timbre_and_its_version(other: VoiceEncoder) -> None:
    own = model_version(SHIPPED)

    assert other.model_version == f"{own}+spectrum-9"
    assert model_version(SHIPPED, SpectrumEncoder("10")) == f"{own}+spectrum-10"


def test_without_the_setting_the_checkpoints_own_timbre_listens() -> None:
    for named in ("", "shipped"):
        settings = read_settings(timbre_encoder=named)
        assert bootstrap.load_other_timbre(settings) is None
        assert bootstrap.ear_version(settings) == model_version(SHIPPED)


def test_a_setting_that_names_no_encoder_stops_the_start() -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        bootstrap.load_encoder(read_settings(timbre_encoder="nobody:here", device="cpu"))
