"""A vocal is cut where nobody sings, and goes together again without a seam."""

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.conversion.pieces import LONGEST_S, SHORTEST_S, crossfaded, cut_pieces

RATE = 8_000


def noise(seconds: float) -> Sound:
    """Draw noise."""
    samples = np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    return Sound(0.1 * samples[None], RATE)


@pytest.mark.parametrize("seconds", [0.01, 3.0, 12.0, 12.1, 17.3, 100.0])
def test_pieces_cover_a_sound_of_any_length_without_gap_or_overlap(seconds: float) -> None:
    sound = noise(seconds)

    pieces = cut_pieces(sound, grid=40)

    assert pieces[0].first == 0
    assert pieces[-1].last == sound.waveform.shape[1]
    assert [piece.last for piece in pieces[:-1]] == [piece.first for piece in pieces[1:]]
    assert all(piece.first % 40 == 0 and piece.from_sample % 40 == 0 for piece in pieces)


def test_pieces_are_neither_short_nor_long() -> None:
    lengths = [(piece.last - piece.first) / RATE for piece in cut_pieces(noise(100.0))]

    assert min(lengths) >= SHORTEST_S - 0.1
    assert max(lengths) <= LONGEST_S + 0.1


def test_a_vocal_is_cut_in_its_pause() -> None:
    sound = noise(20.0)
    sound.waveform[:, 9 * RATE : round(9.3 * RATE)] = 0.0

    first, _ = cut_pieces(sound)

    assert 9.0 <= first.last / RATE <= 9.3


def test_pieces_that_nothing_changed_go_together_to_the_same_sound() -> None:
    sound = noise(40.0)

    whole = crossfaded(
        ((piece, piece.of(sound).waveform[0]) for piece in cut_pieces(sound)), sound.waveform.shape[1], RATE
    )

    np.testing.assert_allclose(whole, sound.waveform[0], atol=1e-6)


@pytest.mark.parametrize("surplus", range(12))
def test_pieces_that_were_cut_at_another_rate_go_together_whatever_the_length(surplus: int) -> None:
    samples = 20 * RATE + surplus
    sound = Sound(noise(21.0).waveform[:, :samples], RATE)
    cut = cut_pieces(Sound(noise(21.0).waveform[:, : round(samples * 0.55)], round(RATE * 0.55)))

    whole = crossfaded(
        (
            (place, place.of(sound).waveform[0])
            for place in (piece.at_rate(round(RATE * 0.55), RATE, samples) for piece in cut)
        ),
        samples,
        RATE,
    )

    np.testing.assert_allclose(whole[:-2], sound.waveform[0, :-2], atol=1e-6)
