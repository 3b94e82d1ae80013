"""The judge of pitch finds what an engine sings wrong, and says where it cannot tell."""

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.conversion.confirmed_pitch import ConfirmedPitch, confirmed
from singalike.conversion.metrics import PitchFigures, compare_pitch, hear
from singalike.conversion.world_retrieval.analysis import HOP_S
from singalike.conversion.world_retrieval.pitch_shift import with_moved_pitch
from singalike.embeddings.melody import MelodyEncoder
from tests.support.sung_takes import RATE, take

JUDGE = ConfirmedPitch(MelodyEncoder.load())


def track(sound: Sound) -> np.ndarray:
    """Judge the pitch."""
    return JUDGE.track(sound, HOP_S)


def judged(source: Sound, converted: Sound, key_shift: float = 0.0) -> PitchFigures:
    return compare_pitch(hear(source, track), hear(converted, track), key_shift)


def moved(sound: Sound, semitones: float) -> Sound:
    """Let a voice sing higher than it was asked to."""
    f0_hz = np.nan_to_num(track(sound)).astype(np.float32)
    return Sound(with_moved_pitch(sound, f0_hz, HOP_S, semitones)[None].astype(np.float32), RATE)


def test_a_voice_sings_what_it_sings() -> None:
    figures = judged(take(3), take(3))

    assert figures.correlation == pytest.approx(1.0)
    assert (figures.gross_error, figures.rmse_cents, figures.voicing_error) == (0.0, 0.0, 0.0)
    assert figures.left_out < 0.1


def test_an_engine_that_sings_another_octave_is_found() -> None:
    assert judged(take(3), moved(take(3), 12.0)).gross_error > 0.9


def test_an_engine_that_sings_a_semitone_off_is_found() -> None:
    figures = judged(take(3), moved(take(3), 1.0))

    assert figures.gross_error < 0.05
    assert figures.rmse_cents == pytest.approx(100.0, abs=10.0)


def test_an_engine_that_was_asked_for_the_semitone_is_not_blamed_for_it() -> None:
    assert judged(take(3), moved(take(3), 1.0), key_shift=1.0).rmse_cents < 15.0


def test_an_engine_that_sings_another_melody_is_found() -> None:
    figures = judged(take(3, 0), take(3, 1))

    assert figures.correlation < 0.8
    assert figures.gross_error > 0.1


def test_what_the_head_hears_needs_one_who_confirms_it_and_nobody_guesses_where_none_does() -> None:
    by_head = np.array([199.0, 201.0, 400.0, 300.0, 0.0, 200.0, 0.0])
    by_period = np.array(
        [
            [200.0, 400.0, 200.0, 0.0, 200.0, 0.0, 0.0],
            [201.0, 200.0, 201.0, 0.0, 201.0, 100.0, 0.0],
        ]
    )

    heard = confirmed(by_head, by_period)

    assert heard[[0, 1]] == pytest.approx([199.5, 200.5], abs=0.1)
    assert np.isnan(heard[[2, 4, 5]]).all()
    assert (heard[[3, 6]] == 0.0).all()
