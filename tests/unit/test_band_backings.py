"""Songs arranged for a band: scores read, chords guessed, instruments that play, and what comes of it."""

import io
import zipfile
from pathlib import Path

import mido
import numpy as np
import pytest
from numpy.random import default_rng

from singalike.audio.sound import Sound
from singalike.embeddings.training.backings import band_backing, invented_backing
from singalike.embeddings.training.band import BASSES, BROKEN, GUITARS, KEYS, LEADS, PADS, arrange
from singalike.embeddings.training.band_midi import band_midi
from singalike.embeddings.training.drum_patterns import PATTERNS, play_drums
from singalike.embeddings.training.harmony import guess_chords
from singalike.embeddings.training.mastering import LEVEL, PEAK, finish
from singalike.embeddings.training.scores import Part, Score, read_midi_score, read_musicxml_score, read_score
from singalike.embeddings.training.soundfont import SoundFont, find_soundfont
from singalike.errors import InvalidInputError, NotFoundError, UnavailableError
from tests.support.training_data import midi_file

VOICES = {52, 53, 54, 85, 91}
"""General MIDI programs that imitate voices."""


def chord_notes(*chords: tuple[int, ...]) -> np.ndarray:
    """Chords of four beats each."""
    return np.array([(4.0 * bar, 4.0, pitch, 80.0) for bar, chord in enumerate(chords) for pitch in chord])


def song() -> Score:
    """Four bars of chords with a melody above."""
    melody = np.array([(float(beat), 1.0, 72.0 + beat % 5, 90.0) for beat in range(16)])
    chords = chord_notes((48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50))
    return Score(120.0, 4.0, (Part("MELODY", True, melody), Part("PIANO", False, chords)))


def musicxml(notes: str) -> bytes:
    """A compressed MusicXML file of one part with lyrics; a quarter has two divisions."""
    text = (
        "<score-partwise><part-list><score-part id='P1'><part-name>Voice</part-name></score-part></part-list>"
        "<part id='P1'><measure><attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type>"
        f"</time></attributes><sound tempo='90'/>{notes}</measure></part></score-partwise>"
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("song.xml", text)
    return content.getvalue()


def xml_note(step: str, duration: int, inside: str = "") -> str:
    """One note of the fourth octave."""
    return f"<note>{inside}<pitch><step>{step}</step><octave>4</octave></pitch><duration>{duration}</duration></note>"


def test_a_midi_song_is_counted_in_beats_from_the_first_of_its_sixteenths() -> None:
    score = read_midi_score(midi_file())

    assert [part.sung for part in score.parts] == [True]
    assert score.tempo_bpm == pytest.approx(96.0)
    assert np.allclose(score.parts[0].notes[:, 1], 0.5)
    assert np.allclose(4.0 * score.parts[0].notes[:, 0] % 1.0, 0.0)


def test_a_musicxml_song_has_tied_notes_as_one_and_chords_at_one_time() -> None:
    tied = xml_note("C", 2, "<tie type='start'/>") + xml_note("C", 2, "<tie type='stop'/>")
    chord = xml_note("E", 2) + xml_note("G", 2, "<chord/>") + "<note><rest/><duration>2</duration><lyric/></note>"

    score = read_musicxml_score(musicxml(tied + chord))

    assert score.beats_a_bar == 3.0
    assert score.tempo_bpm == 90.0
    assert score.sung
    assert score.parts[0].notes[:, :3].tolist() == [[0.0, 2.0, 60.0], [2.0, 1.0, 64.0], [2.0, 1.0, 67.0]]


def test_a_damaged_song_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("song.mid", "song.mxl"):
        (tmp_path / name).write_bytes(b"nothing of the kind")

        with pytest.raises(InvalidInputError, match=name) as refused:
            read_score(tmp_path / name)

        assert refused.value.reason == "SCORE_UNREADABLE"


def test_an_excerpt_begins_at_zero_and_ends_where_it_is_cut() -> None:
    excerpt = song().excerpt(4.0, 6.0)

    assert excerpt.beats == 6.0
    assert min(part.notes[0, 0] for part in excerpt.parts) == 0.0
    with pytest.raises(InvalidInputError, match="no part"):
        song().excerpt(100.0, 4.0)


def test_chords_are_guessed_from_what_sounds() -> None:
    chords = guess_chords(Score(120.0, 4.0, (Part("PIANO", False, chord_notes((48, 52, 55), (45, 48, 52))),)), 4.0)

    assert [(chord.root, chord.pitch_classes) for chord in chords] == [(0, (0, 4, 7)), (9, (9, 0, 4))]


def test_every_drum_pattern_fills_its_bars_and_no_more() -> None:
    for name, lines in PATTERNS.items():
        notes = play_drums(name, 12.0, 3.0, default_rng(1))

        assert {len(line) for line in lines.values()} == {16}, name
        assert 0.0 <= notes[:, 0].min() < 3.0, name
        assert 9.0 < notes[:, 0].max() < 12.0, name


def test_no_program_of_a_band_imitates_voices() -> None:
    assert not VOICES & {*KEYS, *GUITARS, *BASSES, *PADS, *BROKEN, *LEADS}


def test_the_melody_is_played_only_when_it_is_asked_for() -> None:
    with_it = arrange(song(), True, default_rng(3))
    without = arrange(song(), False, default_rng(3))

    assert [len(player.notes) for player in with_it if player.role == "melody"] == [16]
    assert all(player.role != "melody" for player in without)
    assert "song" in {player.role for player in without}


def test_a_band_is_transposed_without_its_drums() -> None:
    drawn = [arrange(song(), True, default_rng(seed)) for seed in range(8)]
    players = next(band for band in drawn if any(player.role == "drums" for player in band))

    def pitches(transposed: int, drums: bool) -> list[int]:
        messages = mido.MidiFile(file=io.BytesIO(band_midi(players, 100.0, transposed))).tracks[0]
        return sorted(m.note for m in messages if m.type == "note_on" and (m.channel == 9) == drums)

    assert pitches(2, drums=True) == pitches(0, drums=True) != []
    assert pitches(2, drums=False) == [pitch + 2 for pitch in pitches(0, drums=False)]


def test_what_is_finished_has_the_level_and_does_not_clip() -> None:
    loud = Sound(np.float32(3.0) * default_rng(0).standard_normal((2, 32_000)).astype(np.float32), 32_000)

    for seed in range(6):
        finished = finish(loud, 16_000, default_rng(seed)).waveform

        assert finished.shape == (2, 16_000)
        assert float(np.abs(finished).max()) <= PEAK + 1e-6
        assert float(np.sqrt(np.mean(finished**2))) == pytest.approx(LEVEL, abs=0.03)


def test_an_invented_backing_is_the_same_for_the_same_seed() -> None:
    first, again = (invented_backing(default_rng(5)).waveform for _ in range(2))

    assert np.array_equal(first, again)
    assert 20.0 * 16_000 <= first.shape[1] <= 40.1 * 16_000


def test_a_missing_sound_font_or_program_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match="apt install fluid-soundfont-gm"):
        SoundFont(tmp_path / "absent.sf2")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "some.sf2").touch()
    with pytest.raises(UnavailableError, match="apt install fluidsynth"):
        find_soundfont(tmp_path / "some.sf2", print)


def test_without_sampled_instruments_somebody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_soundfont(None, told.append) is None

    assert "our own synthesis" in told[0]


def test_a_band_is_heard_through_fluidsynth() -> None:
    soundfont = find_soundfont(None, lambda _: None)
    if soundfont is None:
        pytest.skip("fluidsynth or its sound font is absent: apt install fluidsynth fluid-soundfont-gm")

    first, again = (band_backing(song(), True, soundfont, default_rng(2)).waveform for _ in range(2))

    assert np.array_equal(first, again)
    assert first.shape[0] == 2
    assert float(np.sqrt(np.mean(first**2))) == pytest.approx(LEVEL, abs=0.05)
