"""The demo's self-check and tables."""

import numpy as np
import pytest
from rich.console import Console

from singalike.audio.synthesis import draw_singer, vary_singer
from singalike.client import SingerSuggestions, SongSuggestions
from singalike.recsys.suggestions import Moment, SingerSuggestion, SongSuggestion, VoiceSummary
from singalike.services.demo.hidden import by_distance
from singalike.services.demo.report import note_name, self_check_table, singers_table, songs_table, voice_lines
from singalike.services.demo.self_check import check
from tests.support.voices import voice as drawn_profile

RANDOM = np.random.default_rng(0)
KNOWN = [draw_singer(RANDOM) for _ in range(24)]
HIDDEN = [vary_singer(voice, RANDOM, 0.35) for voice in KNOWN[:12]]


def printed(*parts: object) -> str:
    console = Console(record=True, width=160, file=None, quiet=False)
    with console.capture() as capture:
        console.print(*parts)
    return capture.get()


def summary() -> VoiceSummary:
    profile = drawn_profile(1)
    return VoiceSummary(profile.female_probability, profile.vocal_range, profile.quality)


def test_a_perfect_order_passes_the_self_check() -> None:
    result = check(HIDDEN, [by_distance(voice, KNOWN) for voice in HIDDEN], KNOWN)

    assert result.ranks == (1,) * 12
    assert result.hits_at(1) == 1.0
    assert result.agreement == pytest.approx(1.0)
    assert result.passed


def test_a_drawn_order_fails_the_self_check() -> None:
    random = np.random.default_rng(3)
    result = check(HIDDEN, [random.permutation(24).tolist() for _ in HIDDEN], KNOWN)

    assert abs(result.standard_errors) < 3.0
    assert abs(result.agreement) < 0.3
    assert not result.passed


def test_a_singer_who_is_not_suggested_comes_after_all_who_are() -> None:
    order = by_distance(HIDDEN[0], KNOWN)

    result = check(HIDDEN[:1], [order[1:6]], KNOWN)

    assert result.ranks == (6,)


def test_the_tables_say_who_why_and_in_which_key() -> None:
    moment = Moment("t1", 1.0, 4.0, 7.0, 10.0, 0.9)
    singer = SingerSuggestion("s1", "Avelis Ashgrel", 0.81, {"timbre": 0.6, "voice_gender": 0.21}, (moment,))
    song = SongSuggestion("t1", "Paper Kites", "s1", "Avelis Ashgrel", 0.7, {"key_fit": 0.7}, -3, 0.5, 0.9, (moment,))
    unknown = SongSuggestion("t2", "Slow Ferry", "s1", "Avelis Ashgrel", 0.6, {"singer": 0.6}, 0, None, None, ())

    singers = printed(
        singers_table(
            SingerSuggestions((singer,), summary()), HIDDEN[0], {"Avelis Ashgrel": KNOWN[0]}, {"t1": "Paper Kites"}
        )
    )
    songs = printed(songs_table(SongSuggestions((song, unknown), summary())))

    assert "Avelis Ashgrel" in singers
    assert "timbre 0.60, voice gender 0.21" in singers
    assert "Paper Kites 7 s" in singers
    assert "50% → 90%" in songs
    assert "unknown" in songs


def test_the_voice_and_the_check_are_told_in_words() -> None:
    result = check(HIDDEN, [by_distance(voice, KNOWN) for voice in HIDDEN], KNOWN)

    text = printed(voice_lines(summary(), KNOWN[0]), self_check_table(result))

    assert "heard: 20.0 s of voice" in text
    assert "among the first 3" in text
    assert "clearly better than drawing lots" in text


@pytest.mark.parametrize(("midi_pitch", "name"), [(69.0, "A4"), (60.2, "C4"), (48.6, "C#3")])
def test_notes_have_names(midi_pitch: float, name: str) -> None:
    assert note_name(midi_pitch) == name
