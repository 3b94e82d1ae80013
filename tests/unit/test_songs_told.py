"""What is said of a suggested song: over the wire, in JSON and in the table."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from singalike.client.converters import read_song_suggestion
from singalike.recsys.suggestions import (
    Conversion,
    HeldNote,
    ListSummary,
    Singability,
    SingerSuggestion,
    SongSuggestion,
    Suggestions,
)
from singalike.services.cli.song_table import song_table
from singalike.services.cli.suggestions_json import suggestions_to_json
from singalike.services.cli.suggestions_table import print_suggestions
from singalike.services.wire.converters import write_song_suggestion
from singalike.v1 import suggestions_pb2

BARE = SongSuggestion("t1", "Moon", "s1", "Ann", 0.5, {"singer": 0.5}, 0, None, None, ())
KNOWN = replace(
    BARE,
    key_shift_semitones=-3,
    in_range_before=0.25,
    in_range_after=0.75,
    key_shift_confidence=0.5,
    highest_note_midi=69.0,
    longest_note=HeldNote(60.0, 2.5),
    singability=Singability(0.25, 1.0, 0.25, None, 0.5, "stretch"),
    conversion=Conversion("v1", "t1", -3),
)


def printed(song: SongSuggestion, width: int = 200) -> str:
    out = StringIO()
    Console(file=out, width=width).print(song_table([song]))
    return out.getvalue()


@pytest.mark.parametrize("song", [BARE, KNOWN, replace(KNOWN, key_shift_confidence=0.0, highest_note_midi=0.0)])
def test_a_song_crosses_the_wire_unchanged(song: SongSuggestion) -> None:
    message = suggestions_pb2.SongSuggestion.FromString(write_song_suggestion(song).SerializeToString())

    assert read_song_suggestion(message) == song


def test_a_song_is_told_in_json_with_null_for_what_is_not_known() -> None:
    told = json.loads(json.dumps(suggestions_to_json(Suggestions((), (KNOWN, BARE), None, ()))))["songs"]

    assert told[0]["singability"] == {
        "overall": 0.25, "range": 1.0, "tempo": 0.25, "phrases": None, "leaps": 0.5, "ease": "stretch",
    }  # fmt: skip
    assert told[0]["longest_note"] == {"midi_pitch": 60.0, "duration_s": 2.5}
    assert told[0]["conversion"] == {"voice_id": "v1", "track_id": "t1", "key_shift_semitones": -3}
    assert [told[1][name] for name in ("singability", "longest_note", "conversion", "highest_note_midi")] == [None] * 4


def test_the_table_says_the_key_how_hard_it_is_and_the_highest_note() -> None:
    line = printed(KNOWN)

    for word in ("3 semitones lower", "25% -> 75%", "stretch", "A4"):
        assert word in line
    assert "fit too" not in line


def test_the_table_owns_up_to_other_keys_that_fit_as_well() -> None:
    assert "3 semitones lower (others fit too)" in printed(replace(KNOWN, key_shift_confidence=0.01))
    assert "as it is (others fit too)" in printed(replace(KNOWN, key_shift_semitones=0, key_shift_confidence=0.0))


def test_the_table_has_question_marks_for_what_is_not_known() -> None:
    assert printed(BARE).count("?") == 4 + len(["in the line that says why"])
    assert "too little was sung" in " ".join(printed(BARE).split())
    assert "too little was sung" not in printed(KNOWN)


def test_nothing_in_the_table_is_cut_off_on_a_narrow_terminal() -> None:
    comfortable = replace(KNOWN, singability=Singability(0.5, 1.0, 0.5, None, 0.5, "comfortable"))

    table = printed(replace(comfortable, title="A song of many words", singer_name="Somebody Else"), width=80)

    assert "…" not in table
    for word in ("comfortable", "semitones", "25% -> 75%", "Somebody"):
        assert word in table


def test_a_reason_stands_behind_the_title_however_short_that_is() -> None:
    out = StringIO()
    song = replace(KNOWN, title="I", reason="It came today.")

    print_suggestions(Suggestions((), (song,), None, ()), {}, Console(file=out, width=200))

    assert "1 I: It came today." in out.getvalue()


def test_the_tables_own_up_to_what_stood_in() -> None:
    out = StringIO()
    summary = ListSummary(fallbacks=("popular", "no_history"))

    print_suggestions(Suggestions((), (KNOWN,), None, (), summary=summary), {}, Console(file=out, width=200))

    assert "note: nothing could be compared" in out.getvalue()
    assert "note: nothing that this listener likes is known yet" in out.getvalue()


def test_contributions_that_would_be_printed_as_nothing_are_not() -> None:
    out = StringIO()
    singer = SingerSuggestion("s1", "Ann", 0.5, {"timbre": 0.5, "melody": 0.001, "dislikes": -0.2}, ())

    print_suggestions(Suggestions((singer,), (), None, ()), {}, Console(file=out, width=200))

    assert "timbre 0.50, dislikes -0.20" in out.getvalue()
    assert "melody" not in out.getvalue()
