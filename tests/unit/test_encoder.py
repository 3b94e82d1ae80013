"""The ear as a whole, with the shipped checkpoints on synthetic singing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.encoder import SAMPLE_RATE, VoiceEncoder
from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.style_features import StyleTracks
from singalike.embeddings.voice_frames import VoiceFrames
from singalike.errors import InvalidInputError

SAME = 1e-5


@pytest.fixture(scope="module")
def encoder() -> VoiceEncoder:
    return VoiceEncoder.load(device="cpu")


def singing(seed: int, seconds: float = 8.0) -> Sound:
    rng = np.random.default_rng(seed)
    voice = draw_singer(rng)
    return sing(voice, compose_melody(rng, voice.centre_midi, seconds), rng=rng)


def vectors(profile: VoiceProfile) -> np.ndarray:
    segments = profile.segments
    parts = [profile.timbre, profile.style, profile.melody, segments.timbre, segments.style, segments.melody]
    return np.concatenate([np.ravel(part) for part in parts])


def test_company_in_a_batch_does_not_change_a_profile(encoder: VoiceEncoder) -> None:
    sounds = [singing(1), singing(2, 13.0), singing(3, 4.0)]

    together = encoder.encode(sounds)
    alone = [encoder.encode([sound])[0] for sound in sounds]

    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(vectors(one), vectors(other), atol=SAME)
        assert one.female_probability == pytest.approx(other.female_probability, abs=SAME)
        assert one.vocal_range.tessitura_midi == pytest.approx(other.vocal_range.tessitura_midi, abs=SAME)


@pytest.mark.parametrize("seconds", [2.0, 9.0])
def test_two_threads_hear_what_one_hears(encoder: VoiceEncoder, seconds: float) -> None:
    sound, allowed = singing(10, seconds), torch.get_num_threads()

    heard, timbres = [], []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        heard.append(encoder.encode([sound])[0])
        timbres.append(encoder.timbre.embed_waveform(resample(sound, SAMPLE_RATE).waveform[0]))
    torch.set_num_threads(allowed)

    np.testing.assert_allclose(vectors(heard[0]), vectors(heard[1]), atol=SAME)
    np.testing.assert_allclose(timbres[0], timbres[1], atol=SAME)
    assert heard[0].quality == heard[1].quality
    assert heard[0].sung_notes == heard[1].sung_notes


def test_style_takes_what_was_measured_beside_the_melody(encoder: VoiceEncoder) -> None:
    handed_over: list[StyleTracks | None] = []

    class Watched(StyleEncoder):
        def embed_spans(
            self,
            frames: VoiceFrames,
            pitch: PitchTrack,
            spans: Sequence[tuple[float, float]],
            tracks: StyleTracks | None = None,
        ) -> Vectors:
            handed_over.append(tracks)
            return super().embed_spans(frames, pitch, spans, tracks)

    style = encoder.style
    watched = replace(encoder, style=Watched(style.centre, style.scale, style.projection))

    profile = watched.encode([singing(11, 2.0)])[0]

    assert isinstance(handed_over[0], StyleTracks)
    np.testing.assert_array_equal(vectors(profile), vectors(encoder.encode([singing(11, 2.0)])[0]))


def test_the_same_sound_gives_the_same_bytes(encoder: VoiceEncoder) -> None:
    sound = singing(4)

    first, second = encoder.encode([sound])[0], VoiceEncoder.load(device="cpu").encode([sound])[0]

    np.testing.assert_array_equal(vectors(first), vectors(second))


def test_vectors_have_length_one_and_the_promised_dimensions(encoder: VoiceEncoder) -> None:
    profile = encoder.encode([singing(5, 14.0)])[0]

    assert profile.timbre.shape == (encoder.timbre_dim,)
    assert profile.style.shape == (encoder.style_dim,)
    assert profile.melody.shape == (encoder.melody_dim,)
    for vector in (profile.timbre, profile.style, profile.melody, *profile.segments.timbre, *profile.segments.style):
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=SAME)
    assert len(profile.segments) >= 3
    assert profile.model_version == encoder.model_version


def test_gain_does_not_move_timbre(encoder: VoiceEncoder) -> None:
    sound = singing(6)
    quiet = Sound(sound.waveform * np.float32(0.1), sound.sample_rate)

    loud_profile, quiet_profile = encoder.encode([sound, quiet])

    assert float(loud_profile.timbre @ quiet_profile.timbre) > 0.999


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (Sound(np.zeros((1, 16_000), np.float32), 16_000), "SILENT"),
        (Sound(np.ones((1, 1_000), np.float32), 16_000), "TOO_SHORT"),
    ],
)
def test_what_cannot_be_heard_is_refused(encoder: VoiceEncoder, sound: Sound, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        encoder.encode([sound])

    assert caught.value.reason == reason


def test_noise_without_a_voice_still_has_a_profile_that_says_so(encoder: VoiceEncoder) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.1, (1, 48_000)).astype(np.float32)

    profile = encoder.encode([Sound(noise, 16_000)])[0]

    assert not profile.vocal_range.sufficient
    assert profile.quality.advice
