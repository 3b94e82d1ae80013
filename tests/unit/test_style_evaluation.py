"""Probe and retrieval know what lies in vectors, and style knows manners where timbre knows singers."""

import numpy as np
import pytest

from singalike.audio.f0 import track_with_dio
from singalike.audio.sound import Sound
from singalike.embeddings.evaluation.linear_probe import balanced_accuracy, probe, retrieve
from singalike.embeddings.evaluation.singers_apart import same_gender_eer, singer_map
from singalike.embeddings.evaluation.sung_manners import sung_by_recorded_voice, sung_by_synthetic_singer
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.training.verification import equal_error_rate
from tests.support.buzzing import buzzing_voice

SINGERS = np.repeat([f"singer {number}" for number in range(8)], 12)
EMOTIONS = np.tile(["calm", "happy", "sad"], 32)


def drawn(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def test_a_probe_reads_a_class_of_singers_that_it_has_not_met() -> None:
    directions = {emotion: drawn((3, 5))[row] for row, emotion in enumerate(np.unique(EMOTIONS))}
    vectors = 0.3 * drawn((96, 5)) + np.stack([directions[emotion] for emotion in EMOTIONS])

    figure = probe(vectors, EMOTIONS, SINGERS)

    assert figure.value > 0.9
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= figure.value <= figure.high


def test_a_probe_cannot_use_what_only_tells_singers() -> None:
    who = np.repeat(np.arange(24), 4)
    moods = np.where(np.random.default_rng(1).permutation(24)[who] % 2, "glad", "grave")
    vectors = drawn((24, 10))[who] + 0.1 * drawn((96, 10))

    figure = probe(vectors, moods, np.array([f"singer {number}" for number in who]))

    assert 0.25 < figure.value < 0.75


def test_a_rare_class_weighs_as_much_as_a_common_one() -> None:
    labels = np.array(["common"] * 9 + ["rare"])
    singers = np.array(["a", "b"] * 5)

    figure = balanced_accuracy(labels, np.array(["common"] * 10), singers)

    assert figure.value == pytest.approx(0.5)


def test_retrieval_never_finds_the_same_singer() -> None:
    alike = np.repeat(np.eye(4), 2, axis=0)
    emotions, singers = np.array(["calm", "sad"] * 4), np.repeat(["a", "b", "c", "d"], 2)

    found = retrieve(alike, emotions, singers)

    assert found.nearest.value == pytest.approx(0.5)


def test_the_equal_error_rate_is_that_of_the_pairs_of_one_voice_gender() -> None:
    vectors, singers = drawn((40, 6)), [f"s{number // 4}" for number in range(40)]
    genders = ["f" if number < 20 else "m" for number in range(40)]

    figure = same_gender_eer(vectors, singers, [str(number) for number in range(40)], genders)

    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = np.triu_indices(40, 1)
    scores = (rows[first] * rows[second]).sum(axis=1)
    same = np.array(singers)[first] == np.array(singers)[second]
    comparable = np.array(genders)[first] == np.array(genders)[second]
    assert figure.value == pytest.approx(equal_error_rate(scores[same], scores[~same & comparable]), abs=1e-9)


def test_a_singer_whose_vectors_agree_is_found_first() -> None:
    vectors, singers = np.repeat(np.eye(3), 2, axis=0), ["a", "a", "b", "b", "c", "c"]

    assert singer_map(vectors, singers, list("uvuvuv")).value == pytest.approx(1.0)


def test_style_hears_the_manner_and_timbre_the_singer() -> None:
    style, timbre = StyleEncoder.load(), TimbreEncoder.load()
    clips = [
        clip for number in range(4) for clip in sung_by_synthetic_singer(number, 3, ("breathy", "vibrato"), clips=1)
    ]
    manners, singers = np.array([clip.manner for clip in clips]), np.array([clip.voice for clip in clips])
    pitches = [track_with_dio(Sound(clip.waveform[None], 16_000)) for clip in clips]
    frames = [timbre.analyse(clip.waveform) for clip in clips]

    by_style = np.stack([style.embed(heard, pitch) for heard, pitch in zip(frames, pitches, strict=True)])
    by_timbre = np.stack([timbre.embed(heard) for heard in frames])

    another_manner = (singers[:, None] == singers) & (manners[:, None] != manners)
    another_singer = (singers[:, None] != singers) & (manners[:, None] == manners)
    assert (by_style @ by_style.T)[another_singer].mean() > (by_style @ by_style.T)[another_manner].mean() + 0.1
    assert (by_timbre @ by_timbre.T)[another_manner].mean() > (by_timbre @ by_timbre.T)[another_singer].mean() + 0.1


def test_a_recorded_voice_sings_in_every_manner_the_same_way_each_time() -> None:
    spoken = buzzing_voice(1.0, f0_hz=150.0)

    first, again = (list(sung_by_recorded_voice("somebody", [spoken], seed=1, clips=1)) for _ in range(2))

    assert {clip.manner for clip in first} == {"clear", "breathy", "pressed", "vibrato"}
    assert all(np.array_equal(one.waveform, other.waveform) for one, other in zip(first, again, strict=True))
