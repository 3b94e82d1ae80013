"""The engine that sings with the target's own moments, run whole on tiny weights of the real formats.

Weights drawn at random sing nobody's words. What they show is everything around them: loading, lengths, rates, the
pitch that the harmonic source gives, pieces, seeds.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, Converted, ConvertOptions, TargetVoice
from singalike.conversion.knn_svc.loading import load
from singalike.conversion.knn_svc.matching import GOING_ON, MatchingSet, retrieve
from singalike.conversion.metrics import compare_pitch, hear
from singalike.conversion.neural.neural_engine import NeuralEngine
from singalike.conversion.piece_store import PiecesInMemory
from singalike.errors import InvalidInputError, WrongStateError
from tests.support.sung_takes import take
from tests.support.tiny_engines import digest, save_knn_svc, write_manifest

SOURCE, TARGET = 3, 8
NOTHING = ConversionContext()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> NeuralEngine:
    """Load tiny weights as real ones are loaded."""
    return load(save_knn_svc(tmp_path_factory.mktemp("weights") / "knn-svc"), min_seconds=2.0)


@pytest.fixture(scope="module")
def voice(engine: NeuralEngine) -> TargetVoice:
    """Learn the target from two takes."""
    return engine.enrol([take(TARGET, 1), take(TARGET, 2)], NOTHING)


@cache
def long_song() -> Sound:
    """Sing 12.5 s, which are cut into pieces."""
    return take(SOURCE, 0, 12.5)


def sung(engine: NeuralEngine, voice: TargetVoice, pieces: PiecesInMemory, seed: int = 0) -> Converted:
    """Convert the long song."""
    return engine.convert(long_song(), voice, ConvertOptions(seed=seed), ConversionContext(pieces=pieces))


def test_the_melody_that_was_asked_for_is_sung(engine: NeuralEngine, voice: TargetVoice) -> None:
    converted = engine.convert(take(SOURCE), voice, ConvertOptions(key_shift=-3.0), NOTHING)

    figures = compare_pitch(hear(take(SOURCE)), hear(converted.vocal), key_shift=-3.0)
    assert figures.correlation > 0.95
    assert figures.gross_error < 0.03


def test_a_conversion_is_as_long_as_its_source_and_at_its_rate(engine: NeuralEngine, voice: TargetVoice) -> None:
    stereo = resample(Sound(np.repeat(take(SOURCE).waveform, 2, axis=0), 24_000), 44_100)

    converted = engine.convert(stereo, voice, ConvertOptions(), NOTHING)

    assert converted.vocal.sample_rate == 44_100
    assert converted.vocal.waveform.shape == (1, stereo.waveform.shape[1])
    assert len(converted.wanted_pitch.f0_hz) == pytest.approx(stereo.duration_s / converted.wanted_pitch.hop_s, abs=2)


def test_the_same_again_is_the_same_sound_and_another_seed_is_not(engine: NeuralEngine, voice: TargetVoice) -> None:
    first, again, other = (sung(engine, voice, PiecesInMemory(), seed) for seed in (0, 0, 1))

    assert np.array_equal(first.vocal.waveform, again.vocal.waveform)
    assert not np.array_equal(first.vocal.waveform, other.vocal.waveform)


def test_a_conversion_goes_on_behind_the_pieces_that_are_finished(engine: NeuralEngine, voice: TargetVoice) -> None:
    whole, broken = PiecesInMemory(), PiecesInMemory()
    expected = sung(engine, voice, whole)
    broken.kept = dict(list(whole.kept.items())[:1])
    told: list[float] = []

    context = ConversionContext(pieces=broken, progress=told.append)
    resumed = engine.convert(long_song(), voice, ConvertOptions(), context)

    assert expected.pieces > 1
    assert np.array_equal(resumed.vocal.waveform, expected.vocal.waveform)
    assert np.array_equal(resumed.wanted_pitch.f0_hz, expected.wanted_pitch.f0_hz, equal_nan=True)
    assert broken.kept.keys() == whole.kept.keys()
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("most", [0, 1, 4, 7])
def test_a_cancelled_conversion_stops_within_a_piece_and_keeps_what_is_finished(
    engine: NeuralEngine, voice: TargetVoice, most: int
) -> None:
    pieces, asked = PiecesInMemory(), []

    def cancel() -> None:
        asked.append(len(pieces.kept))
        if len(asked) > most:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.convert(long_song(), voice, ConvertOptions(), ConversionContext(check_cancelled=cancel, pieces=pieces))

    # Once before every piece, and once for each of the four stages of the renderer.
    assert asked == [place // 5 for place in range(most + 1)]


def test_a_voice_is_kept_in_half_precision_with_its_pitch(voice: TargetVoice) -> None:
    moments, log2_f0 = voice.arrays["moments"], voice.arrays["log2_f0"]

    assert moments.dtype == np.float16
    assert len(moments) == len(log2_f0) == len(voice.arrays["follows"])
    assert 40 < voice.facts["median_midi"] < 80
    assert voice.facts["voice_s"] > 5


def test_what_is_too_little_silent_or_of_another_engine_is_refused(engine: NeuralEngine, voice: TargetVoice) -> None:
    silence = Sound(np.zeros((1, 24_000), np.float32), 24_000)
    foreign = TargetVoice("knn-svc", "1-of-other-weights", voice.arrays, voice.facts)

    with pytest.raises(InvalidInputError) as too_little:
        engine.enrol([silence, take(TARGET, 1, 1.0)], NOTHING)
    with pytest.raises(InvalidInputError) as silent:
        engine.convert(silence, voice, ConvertOptions(), NOTHING)
    with pytest.raises(WrongStateError) as other:
        engine.convert(take(SOURCE), foreign, ConvertOptions(), NOTHING)

    reasons = [refused.value.reason for refused in (too_little, silent, other)]
    assert reasons == ["TOO_LITTLE_VOICE", "SILENT", "TARGET_VOICE_OF_OTHER_ENGINE"]


@pytest.mark.parametrize("seconds", [0.11, 0.5])
def test_what_is_short_or_without_pitch_is_sung_too(engine: NeuralEngine, voice: TargetVoice, seconds: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (1, round(seconds * 22_050))).astype(np.float32)

    vocal = engine.convert(Sound(noise, 22_050), voice, ConvertOptions(), NOTHING).vocal

    assert vocal.waveform.shape == noise.shape
    assert np.isfinite(vocal.waveform).all()


def test_weights_that_make_no_sound_are_refused_when_they_sing(tmp_path: Path) -> None:
    path = save_knn_svc(tmp_path) / "renderer" / "model.safetensors"
    save_file({name: tensor * np.nan for name, tensor in load_file(path).items()}, path)
    listed = json.loads((tmp_path / "weights.json").read_text("utf-8"))
    listed["renderer"]["sha256"] = digest(path)
    engine = load(write_manifest(tmp_path, listed), min_seconds=2.0)

    voice = engine.enrol([take(TARGET, 1)], NOTHING)
    with pytest.raises(WrongStateError) as refused:
        engine.convert(take(SOURCE), voice, ConvertOptions(), NOTHING)

    assert refused.value.reason == "WEIGHTS_DAMAGED"


def test_options_decide_how_much_of_the_target_is_heard(engine: NeuralEngine, voice: TargetVoice) -> None:
    options = [ConvertOptions(), ConvertOptions(retrieval_share=0.0), ConvertOptions(protect=0.0)]

    whole, none, consonants = (
        engine.convert(take(SOURCE), voice, chosen, NOTHING).vocal.waveform for chosen in options
    )

    assert not np.array_equal(whole, none)
    assert not np.array_equal(whole, consonants)
    assert not np.array_equal(none, consonants)


def target(rows: np.ndarray, midi: list[float], follows: list[bool] | None = None) -> MatchingSet:
    """Make a matching set with these pitches."""
    going_on = np.array(follows or [False] * len(rows))
    return MatchingSet.of(rows.astype(np.float16), np.array(midi, np.float32) / 12, going_on, "cpu")


def test_the_nearest_moments_in_content_are_averaged() -> None:
    rows = np.array([[1, 0, 0], [4, 0.5, 0], [0, 1, 0], [0, 0, 1]])

    found = retrieve(np.array([[2, 0.1, 0]], np.float32), np.zeros(1, np.float32), target(rows, [0] * 4), k=2)

    assert found[0] == pytest.approx(rows[:2].mean(axis=0), abs=1e-3)


def test_of_moments_that_are_alike_the_one_of_the_right_pitch_is_taken() -> None:
    rows, pitch = np.array([[1, 0.10], [1, 0.11], [1, 0.12]]), np.full(1, 65 / 12, np.float32)
    content = np.array([[1, 0]], np.float32)

    by_pitch = retrieve(content, pitch, target(rows, [50, 64, 40]), k=1)
    unvoiced = retrieve(content, np.full(1, np.nan, np.float32), target(rows, [50, 64, 40]), k=1)

    assert by_pitch[0] == pytest.approx(rows[1], abs=1e-3)
    assert unvoiced[0] == pytest.approx(rows[0], abs=1e-3)


def test_a_moment_that_goes_on_is_taken_before_a_slightly_nearer_one_that_jumps() -> None:
    angles = np.array([0.0, 1.05, 0.5, 0.96])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    content = np.array([[1, 0], [np.cos(1.004), np.sin(1.004)]], np.float32)
    pitch = np.zeros(2, np.float32)

    jumping = retrieve(content, pitch, target(rows, [0] * 4, [False] * 4), k=1)
    going_on = retrieve(content, pitch, target(rows, [0] * 4, [False, True, False, False]), k=1)

    assert (1 - np.cos(0.044)) / (1 - np.cos(0.046)) > GOING_ON
    assert jumping[1] == pytest.approx(rows[3], abs=1e-3)
    assert going_on[1] == pytest.approx(rows[1], abs=1e-3)


@pytest.mark.parametrize("kind", ["hubert", "wavlm"])
def test_content_is_the_layer_that_transformers_itself_gives(kind: str, tmp_path: Path) -> None:
    import transformers

    engine = load(save_knn_svc(tmp_path, kind), min_seconds=2.0)
    model = transformers.AutoModel.from_pretrained(tmp_path / "content").eval()
    heard = resample(take(SOURCE), 16_000).waveform[:, : 320 * 100]

    content = engine.listener.content.encode(Sound(heard, 16_000))

    with torch.inference_mode():
        # The last of its windows of 400 samples reaches 80 samples beyond 100 hops.
        filled = torch.from_numpy(np.pad(heard, ((0, 0), (0, 80))))
        expected = model(filled, output_hidden_states=True).hidden_states[2][0].numpy()
    assert content == pytest.approx(expected, abs=2e-5)
