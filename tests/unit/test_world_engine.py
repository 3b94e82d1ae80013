"""The engines on WORLD: the melody stays, the colour moves, pieces are kept."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, Converted, ConvertOptions, TargetVoice
from singalike.conversion.metrics import compare_pitch, content_kept, hear
from singalike.conversion.piece_store import PiecesInMemory
from singalike.conversion.world_retrieval.loading import load, load_as_written
from singalike.conversion.world_retrieval.rendering import filtered, with_loudness_of
from singalike.conversion.world_retrieval.world_engine import WorldEngine
from singalike.errors import InvalidInputError
from tests.support.sung_takes import take

ENGINES: Mapping[str, WorldEngine] = {"as written": load_as_written(min_seconds=2.0), "default": load(min_seconds=2.0)}
SOURCE, TARGET = 3, 8

analyse = ENGINES["as written"].analyse
each_engine = pytest.mark.parametrize("name", ENGINES)


@cache
def enrolled(name: str) -> TargetVoice:
    """Learn the target from two takes."""
    return ENGINES[name].enrol([take(TARGET, 1), take(TARGET, 2)], ConversionContext())


def converted(name: str, source: Sound, key_shift: float = 0.0) -> Converted:
    """Convert with no more than is needed."""
    return ENGINES[name].convert(source, enrolled(name), ConvertOptions(key_shift), ConversionContext())


def mean_cepstra(sound: Sound) -> np.ndarray:
    """Average c1 to c24 where the voice sounds."""
    frames = analyse(sound)
    return np.asarray(frames.cepstra[frames.sounding & frames.voiced, 1:25].mean(axis=0))


@each_engine
def test_the_melody_and_the_words_stay_and_the_colour_moves_to_the_target(name: str) -> None:
    source, target = take(SOURCE), take(TARGET, 1)

    vocal = converted(name, source).vocal

    before, after = hear(source), hear(vocal)
    figures = compare_pitch(before, after)
    assert figures.correlation > 0.95
    assert figures.gross_error < 0.03
    assert content_kept(before, after) > 0.4
    distance = [float(np.linalg.norm(mean_cepstra(sound) - mean_cepstra(target))) for sound in (source, vocal)]
    assert distance[1] < 0.6 * distance[0]


@each_engine
def test_a_key_shift_moves_the_melody(name: str) -> None:
    source = take(SOURCE)

    result = converted(name, source, key_shift=-3.0)

    figures = compare_pitch(hear(source), hear(result.vocal), key_shift=-3.0)
    assert figures.gross_error < 0.05
    assert figures.rmse_cents < 50.0
    assert np.nanmedian(result.wanted_pitch.midi_pitch) == pytest.approx(
        np.nanmedian(analyse(source).pitch.midi_pitch) - 3.0, abs=0.01
    )


@each_engine
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_what_comes_out_has_the_rate_and_the_length_of_the_source(name: str, sample_rate: int) -> None:
    source = take(SOURCE, sample_rate=sample_rate)

    vocal = converted(name, source).vocal

    assert vocal.sample_rate == sample_rate
    assert vocal.waveform.shape == source.waveform.shape
    assert np.isfinite(vocal.waveform).all()


@each_engine
def test_a_conversion_that_was_cut_off_goes_on_at_its_last_piece_to_the_same_sound(name: str) -> None:
    source = take(SOURCE, seconds=20.0)
    store, asked = PiecesInMemory(), 0

    def cancel_late() -> None:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        ENGINES[name].convert(
            source, enrolled(name), ConvertOptions(), ConversionContext(check_cancelled=cancel_late, pieces=store)
        )
    kept = set(store.kept)
    resumed = ENGINES[name].convert(source, enrolled(name), ConvertOptions(), ConversionContext(pieces=store))

    assert kept
    assert kept < set(store.kept)
    np.testing.assert_array_equal(resumed.vocal.waveform, converted(name, source).vocal.waveform)


@each_engine
def test_progress_grows_to_one(name: str) -> None:
    seen: list[float] = []

    ENGINES[name].convert(take(SOURCE), enrolled(name), ConvertOptions(), ConversionContext(progress=seen.append))

    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


@each_engine
def test_too_little_voice_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ENGINES[name].enrol(
            [take(TARGET).cut(0.0, 1.0), Sound(np.zeros((1, 9), np.float32), 8_000)], ConversionContext()
        )

    assert caught.value.reason == "TOO_LITTLE_VOICE"


@each_engine
@pytest.mark.parametrize(("samples", "reason"), [(24_000, "SILENT"), (100, "TOO_SHORT")])
def test_a_vocal_without_sound_is_refused(name: str, samples: int, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        converted(name, Sound(np.zeros((1, samples), np.float32), 24_000))

    assert caught.value.reason == reason


def test_a_filter_without_change_is_no_filter() -> None:
    source = take(SOURCE, sample_rate=44_100)

    same = filtered(source, np.zeros((len(analyse(take(SOURCE))), 60), dtype=np.float32))

    np.testing.assert_allclose(same, source.waveform[0], atol=1e-5)


def test_a_change_of_level_is_a_gain_and_the_loudness_of_the_source_takes_it_back() -> None:
    source = take(SOURCE)
    change = np.zeros((len(analyse(source)), 60), dtype=np.float32)
    change[:, 0] = np.log(4.0)

    louder = filtered(source, change)

    np.testing.assert_allclose(louder, 2.0 * source.waveform[0], atol=1e-4)
    np.testing.assert_allclose(with_loudness_of(source, louder), source.waveform[0], atol=1e-4)
