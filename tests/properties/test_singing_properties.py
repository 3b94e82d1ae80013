"""What holds for every song and every voice that sings it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalike.embeddings.profile import SungNotes
from singalike.recsys.key_fit import MAX_SHIFT, MODES, SAME_REGION, SHIFTS, TIE, choose_keys, shares_by_shift, zones_of
from singalike.recsys.singability import singability
from singalike.recsys.song_demands import SingingVoice, song_demands

ROUNDING = 1e-6  # shares are kept in single precision

histograms = st.lists(st.floats(0.1, 10.0), min_size=3, max_size=20)


@given(songs=st.lists(histograms, min_size=1, max_size=5), width=st.integers(0, 15), by=st.integers(-6, 6))
def test_transposed_songs_with_one_best_key_end_up_in_the_same_one(
    songs: list[list[float]], width: int, by: int
) -> None:
    seconds = np.zeros((len(songs), 128))
    for row, sung in zip(seconds, songs, strict=True):
        row[55 : 55 + len(sung)] = np.array(sung) + 2.0
    singer = SingingVoice((57.0, 57.0 + width))
    reached = song_demands(seconds, [None] * len(songs)).shares_inside(singer.tessitura_midi, np.arange(-18, 19))
    best = reached >= reached.max(axis=0) - TIE - ROUNDING
    one = (best.sum(axis=0) == 1) & best[12:-12].any(axis=0)

    plain, transposed = (
        choose_keys(song_demands(np.roll(seconds, moved, axis=1), [None] * len(songs)), singer) for moved in (0, by)
    )

    assert (transposed.shift[one] == plain.shift[one] - by).all()
    assert transposed.after[one] == pytest.approx(plain.after[one], abs=ROUNDING)


@given(sung=histograms, low=st.floats(40, 70), width=st.floats(0, 20), mode=st.sampled_from(MODES))
def test_a_key_is_sure_only_as_far_as_no_other_fits(sung: list[float], low: float, width: float, mode: str) -> None:
    seconds = np.zeros((1, 128))
    seconds[0, 55 : 55 + len(sung)] = np.array(sung) + 2.0
    singer = SingingVoice((low, low + width), (low - 3.0, low + width + 3.0))

    keys = choose_keys(song_demands(seconds, [None]), singer, mode)

    shares = np.mean([shares_by_shift(seconds, zone)[0] for zone in zones_of(singer, mode)], axis=0)
    others = shares[np.abs(SHIFTS - keys.shift[0]) > SAME_REGION]
    assert 0.0 <= keys.confidence[0] <= 1.0
    if others.max() >= shares.max() - 1e-9:
        assert keys.confidence[0] == pytest.approx(0.0, abs=1e-5)


shown = st.builds(SungNotes, *[st.floats(0, 20) for _ in range(6)], note_count=st.just(50))


@given(asked=shown, own=shown, low=st.floats(40, 60), width=st.floats(0, 30))
def test_whoever_has_shown_more_finds_nothing_harder(
    asked: SungNotes, own: SungNotes, low: float, width: float
) -> None:
    seconds = np.zeros((1, 128))
    seconds[0, 50:60] = 3.0
    demands, rows, shift = song_demands(seconds, [asked]), np.array([0]), np.array([0])
    beginner = SingingVoice(range_midi=(low, low + width))
    singer = SingingVoice(range_midi=(low - 1.0, low + width + 1.0), notes=own)

    before, after = (singability(demands, person, shift, rows) for person in (beginner, singer))

    for part in ("range", "tempo", "phrases", "leaps", "overall"):
        assert getattr(after, part)[0] >= getattr(before, part)[0] - ROUNDING


@given(sung=histograms, start=st.integers(50, 60), width=st.integers(0, 15), by=st.integers(-6, 6))
def test_a_transposed_catalogue_gives_transposed_shifts(sung: list[float], start: int, width: int, by: int) -> None:
    histogram = np.zeros((1, 128))
    histogram[0, start : start + len(sung)] = sung
    tessitura = (55.0, 55.0 + width)

    plain = shares_by_shift(histogram, tessitura)[0]
    transposed = shares_by_shift(np.roll(histogram, by, axis=1), tessitura)[0]

    kept = range(MAX_SHIFT - 6, MAX_SHIFT + 7)
    assert [transposed[column - by] for column in kept] == pytest.approx(
        [plain[column] for column in kept], abs=ROUNDING
    )


@given(low=st.integers(50, 60), width=st.integers(2, 12), by=st.integers(-12, 12))
def test_a_song_as_wide_as_the_tessitura_has_one_best_shift(low: int, width: int, by: int) -> None:
    histogram = np.zeros((1, 128))
    histogram[0, low + by : low + by + width + 1] = 5.0

    keys = choose_keys(song_demands(histogram, [None]), SingingVoice((float(low), float(low + width))))

    assert keys.shift.tolist() == [-by]
    assert keys.after[0] == pytest.approx(1.0, abs=ROUNDING)


@given(histogram=histograms, low=st.floats(40, 70), width=st.floats(0, 20))
def test_a_shift_never_makes_it_worse(histogram: list[float], low: float, width: float) -> None:
    row = np.zeros((1, 128))
    row[0, 55 : 55 + len(histogram)] = 20.0 * np.array(histogram)

    keys = choose_keys(song_demands(row, [None]), SingingVoice((low, low + width)))

    assert 0.0 <= keys.before[0] <= keys.after[0] + 1e-6 <= 1.0 + 2e-6
