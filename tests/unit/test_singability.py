"""How hard songs are for a voice, and the keys of the three modes."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.audio.separation import MaskSeparator, RepetSimSeparator
from singalike.embeddings.profile import SungNotes
from singalike.recsys.key_fit import COMFORTABLE, EASY, STRETCH, choose_keys, zones_of
from singalike.recsys.singability import held_notes, singability
from singalike.recsys.song_demands import FEWEST_NOTES, SingingVoice, SongDemands, singing_voice, song_demands
from singalike.services.view_keeper import ViewKeeper
from tests.support.catalogues import MemoryCatalogue
from tests.support.voices import voice

TOLERANCE = 1e-5
ROW = np.array([0])


def song(
    low: int = 60,
    high: int = 67,
    *,
    notes_per_s: float = 1.0,
    phrase_s: float = 4.0,
    leap_semitones: float = 2.0,
    note_count: int = 80,
) -> SongDemands:
    """Sing every semitone from `low` to `high` for three seconds."""
    seconds = np.zeros((1, 128))
    seconds[0, low : high + 1] = 3.0
    notes = SungNotes(float(high), float(low), 1.5, notes_per_s, phrase_s, leap_semitones, note_count)
    return song_demands(seconds, [notes])


SINGER = SingingVoice((60.0, 68.0), (55.0, 72.0))


def test_a_slow_song_in_small_steps_inside_the_range_is_easy() -> None:
    found = singability(song(), SINGER, np.array([0]), ROW).of(0)

    assert found is not None
    assert (found.overall, found.range, found.tempo, found.phrases, found.leaps) == pytest.approx((1.0,) * 5)
    assert found.ease == "easy"


@pytest.mark.parametrize(
    ("asked", "part", "value"),
    [
        ({"notes_per_s": 3.3}, "tempo", 0.0),
        ({"notes_per_s": 1.35 + 0.65}, "tempo", 2 / 3),
        ({"phrase_s": 14.0}, "phrases", 0.5),
        ({"phrase_s": 30.0}, "phrases", 0.0),
        ({"leap_semitones": 7.0}, "leaps", 1 / 3),
    ],
)
def test_each_part_falls_in_a_line_and_the_least_decides(asked: dict[str, float], part: str, value: float) -> None:
    found = singability(song(**asked), SINGER, np.array([0]), ROW).of(0)

    assert found is not None
    assert getattr(found, part) == pytest.approx(value, abs=TOLERANCE)
    assert found.overall == pytest.approx(value, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("asked", "ease"),
    [({"leap_semitones": 4.9}, "easy"), ({"leap_semitones": 5.5}, "comfortable"), ({"leap_semitones": 8.0}, "stretch")],
)
def test_a_song_is_called_by_its_hardest_part(asked: dict[str, float], ease: str) -> None:
    found = singability(song(**asked), SINGER, np.array([0]), ROW).of(0)

    assert found is not None
    assert found.ease == ease


def test_notes_outside_the_range_make_a_song_a_stretch_until_it_is_moved() -> None:
    high = song(66, 75)

    here, lower = (singability(high, SINGER, np.array([shift]), ROW).of(0) for shift in (0, -6))

    assert here is not None
    assert lower is not None
    assert (here.range, here.ease) == (pytest.approx(0.7, abs=TOLERANCE), "stretch")
    assert (lower.range, lower.ease) == (pytest.approx(1.0, abs=TOLERANCE), "easy")


def test_what_somebody_has_shown_is_not_hard_for_them() -> None:
    fast = song(notes_per_s=3.0, leap_semitones=8.0)
    quick = SingingVoice(SINGER.tessitura_midi, SINGER.range_midi, SungNotes(70.0, 60.0, 2.0, 3.0, 5.0, 8.0, 40))

    for_anybody, for_them = (singability(fast, who, np.array([0]), ROW).of(0) for who in (SINGER, quick))

    assert for_anybody is not None
    assert for_them is not None
    assert for_anybody.ease == "stretch"
    assert for_them.ease == "easy"


def test_what_is_not_known_stays_out() -> None:
    few_notes = song(note_count=FEWEST_NOTES - 1)

    of_range = singability(few_notes, SINGER, np.array([0]), ROW).of(0)
    of_nothing = singability(few_notes, SingingVoice(), np.array([0]), ROW).of(0)

    assert of_range is not None
    assert (of_range.tempo, of_range.phrases, of_range.leaps) == (None, None, None)
    assert of_range.overall == pytest.approx(1.0)
    assert of_nothing is None


def test_a_song_is_not_called_easy_by_somebody_whose_range_is_not_known() -> None:
    found = singability(song(), SingingVoice(), np.array([0]), ROW).of(0)

    assert found is not None
    assert (found.range, found.tempo, found.ease) == (None, 1.0, "")


def test_held_notes_move_with_the_key() -> None:
    highest, longest = held_notes(song(60, 67), 0, -3)

    assert highest == 64.0
    assert longest is not None
    assert (longest.midi_pitch, longest.duration_s) == (57.0, 1.5)


def test_tracks_whose_notes_were_never_measured_have_no_held_notes() -> None:
    demands = song_demands(np.ones((1, 128)), [None])

    assert held_notes(demands, 0, 2) == (None, None)


@pytest.mark.parametrize(
    ("mode", "zones"),
    [
        (EASY, ((62.0, 66.0), (60.0, 68.0), (55.0, 72.0))),
        (COMFORTABLE, ((60.0, 68.0),)),
        (STRETCH, ((55.0, 72.0),)),
    ],
)
def test_a_mode_says_where_in_the_voice_a_song_goes(mode: str, zones: tuple[tuple[float, float], ...]) -> None:
    assert zones_of(SINGER, mode) == zones


def test_an_easy_key_pushes_no_low_note_out_of_the_range_for_the_sake_of_the_middle() -> None:
    narrow = SingingVoice((60.0, 68.0), (60.0, 69.0))
    wide_song = song(60, 70)

    keys = choose_keys(wide_song, narrow, EASY)

    assert wide_song.share_inside(narrow.range_midi, keys.shift, ROW)[0] == pytest.approx(10 / 11)


def test_a_song_far_above_the_tessitura_is_not_called_easy_though_the_range_holds_it() -> None:
    upper, within = (
        singability(song(low, high), SINGER, np.array([0]), ROW).of(0) for low, high in ((67, 72), (61, 68))
    )

    assert upper is not None
    assert within is not None
    assert (upper.range, upper.ease) == (pytest.approx(1.0), "stretch")
    assert within.ease == "easy"


def test_easy_keys_lie_in_the_middle_and_stretch_keys_stay_near_the_original() -> None:
    high = song(68, 71)

    shifts = [int(choose_keys(high, SINGER, mode).shift[0]) for mode in (EASY, COMFORTABLE, STRETCH)]

    assert shifts == [-5, -3, 0]


def test_the_share_inside_is_of_the_tessitura_whatever_the_mode() -> None:
    keys = choose_keys(song(68, 71), SINGER, STRETCH)

    assert keys.shift.tolist() == [0]
    assert keys.before.tolist() == keys.after.tolist() == [pytest.approx(0.25)]


def test_a_key_is_sure_when_no_other_fits_and_not_when_one_does() -> None:
    as_wide = choose_keys(song(60, 68), SINGER)
    two_notes_wide = choose_keys(song(63, 64), SINGER)

    # Three semitones away, three of nine semitones are outside.
    assert as_wide.confidence.tolist() == [pytest.approx(1 / 3, abs=TOLERANCE)]
    assert two_notes_wide.confidence.tolist() == [0.0]


def test_in_the_original_key_nothing_moves_and_nothing_was_chosen() -> None:
    keys = choose_keys(song(68, 71), SINGER, original_key=True)

    assert keys.shift.tolist() == [0]
    assert np.isnan(keys.confidence).all()
    assert keys.after.tolist() == [pytest.approx(0.25)]


def test_some_rows_are_fitted_as_among_all() -> None:
    seconds = np.random.default_rng(0).uniform(0, 3, (6, 128))
    demands = song_demands(seconds, [None] * 6)

    alone, among = choose_keys(demands, SINGER, rows=np.array([4, 1])), choose_keys(demands, SINGER)

    assert alone.shift.tolist() == among.shift[[4, 1]].tolist()
    assert alone.confidence.tolist() == among.confidence[[4, 1]].tolist()


@pytest.mark.parametrize(
    ("separator", "known"),
    [("identity", True), ("htdemucs", True), (RepetSimSeparator.name, False), (MaskSeparator.name, False)],
)
def test_leaps_are_told_only_where_accompaniment_does_not_make_them(separator: str, known: bool) -> None:
    catalogue = MemoryCatalogue()
    notes = SungNotes(67.0, 60.0, 1.5, 2.0, 4.0, 5.0, 80)
    catalogue.put("Ann", "One", voice(1, sung_notes=notes))
    (item,) = catalogue.tracks.values()
    catalogue.tracks = {"ann-one": replace(item, track=replace(item.track, separator=separator))}

    demands = ViewKeeper(catalogue, "fake-1").refresh().demands  # type: ignore[arg-type]

    assert np.isfinite(demands.leap_semitones[0]) == known
    assert (demands.highest_held_midi[0], demands.phrase_s[0]) == (67.0, 4.0)


def test_a_voice_that_sang_too_little_is_not_known() -> None:
    assert np.isnan(singing_voice(voice(1, voiced_s=2.0)).tessitura_midi).all()
    assert np.isfinite(singing_voice(voice(1)).range_midi).all()
