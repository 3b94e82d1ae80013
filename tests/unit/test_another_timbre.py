"""The whole ear with another maker's timbre: its vectors, its dimensions, its name in the model version."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.ears.loading import GROUP, installed_encoders
from singalike.embeddings.encoder import VoiceEncoder, model_version
from singalike.errors import NotFoundError, WrongStateError
from singalike.services import bootstrap
from singalike.services.recommender.local_recommender import local_recommender
from singalike.services.records import TrackInfo
from singalike.services.settings import read_settings
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.tiny_ears import DIM, SpectrumEncoder, write_onnx

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


def test_a_catalogue_answers_only_the_ear_that_made_it(
    shipped: VoiceEncoder, other: VoiceEncoder, sounds: list[Sound], tmp_path: Path
) -> None:
    settings = read_settings(data_dir=tmp_path, index="exact")

    def ask(ear: VoiceEncoder) -> list[str]:
        with local_recommender(settings, ear, pytest.fail) as recommender:
            return [hit.name for hit in recommender.recommend_singers(ear.encode(sounds[:1])[0]).singers]

    def ingest(ear: VoiceEncoder) -> None:
        catalogue = bootstrap.open_catalogue(settings)
        info = TrackInfo(singer="Ann", title="Song")
        catalogue.add_track(info, "0" * 64, 8.0, "identity", ear.encode(sounds[:1])[0])
        catalogue.close()

    ingest(shipped)
    with pytest.raises(WrongStateError, match="ingest") as caught:
        ask(other)
    ingest(other)

    assert caught.value.reason == "MODEL_VERSION_MISMATCH"
    assert ask(other) == ["Ann"]


def test_the_setting_names_an_encoder_with_its_argument(tmp_path: Path) -> None:
    settings = read_settings(timbre_encoder=f"onnx:{write_onnx(tmp_path)}", device="cpu")

    encoder = bootstrap.load_encoder(settings)

    assert encoder.timbre_dim == DIM
    assert encoder.model_version == bootstrap.ear_version(settings)
    assert "+tiny-onnx-" in encoder.model_version


def test_every_encoder_that_is_declared_can_be_loaded() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    declared = project["entry-points"][GROUP]

    installed = installed_encoders()
    assert {name: installed[name].value for name in declared if name in installed} == declared
    assert all(callable(installed[name].load()) for name in declared)
