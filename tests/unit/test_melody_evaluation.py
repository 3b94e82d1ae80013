"""The parts of the melody evaluation: retrieval, pairs, versions, resynthesis, trackers, baselines, the probe."""

from pathlib import Path

import mido
import numpy as np
import pytest
import pyworld

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.evaluation.melody_baselines import chroma_mean, contour_statistics, pitch_classes
from singalike.embeddings.evaluation.phrases import read_phrases
from singalike.embeddings.evaluation.pitch_tracking import agreement, read_notes
from singalike.embeddings.evaluation.recordings import read_measured
from singalike.embeddings.evaluation.resynthesis import SAMPLE_RATE, Change, take_apart
from singalike.embeddings.evaluation.retrieval import retrieve
from singalike.embeddings.evaluation.singer_probe import tell_singers
from singalike.embeddings.training.note_lines import read_note_lines, read_versions, without_versions

EVERYONE = np.ones((1, 5), dtype=bool)


def test_average_precision_is_that_of_the_ranks_of_what_is_relevant() -> None:
    scores, relevant = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]]), np.array([[False, True, False, True, False]])

    found = retrieve(scores, relevant, EVERYONE)

    assert found.precision == pytest.approx([(1 / 2 + 2 / 4) / 2])
    assert found.figures()["hit@1"].value == 0.0
    assert found.figures()["hit@10"].value == 1.0
    assert found.chance == pytest.approx([0.4])


def test_what_takes_no_part_is_neither_hit_nor_miss() -> None:
    scores, relevant = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]]), np.array([[False, True, False, True, False]])
    taking_part = np.array([[False, True, True, False, True]])

    found = retrieve(scores, relevant, taking_part)

    assert found.precision == pytest.approx([1.0])


def test_a_query_without_anything_to_find_does_not_count() -> None:
    found = retrieve(np.ones((1, 5)), np.zeros((1, 5), dtype=bool), EVERYONE)

    assert len(found) == 0


def test_pairs_of_three_seconds_are_twins_and_a_song_group_is_one_song(tmp_path: Path) -> None:
    rows = [("a1", "anna", "x_1 (same song group G07)"), ("b1", "berta", "y_4 (same song group G07)"),
            ("b2", "berta", "y_5")]  # fmt: skip
    lines = [f"toy/{name}.wav,stem,{singer},f,{song},3,none,measure" for name, singer, song in rows]
    (tmp_path / "toy").mkdir()
    (tmp_path / "manifest.csv").write_text("\n".join(["path,kind,singer,gender,song,seconds,licence,use", *lines]))
    (tmp_path / "toy" / "same_song_pairs.csv").write_text(
        "clip_a,clip_b,offset_samples_b_minus_a,overlap_s\ntoy/a1.wav,toy/b1.wav,-8000,3.5\ntoy/a1.wav,toy/b2.wav,0,2.9"
    )

    (phrases,) = read_phrases(read_measured(tmp_path))

    assert phrases.twins.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    assert phrases.other_singer[1].tolist() == [True, False, False]
    assert phrases.songs == ["G07)", "G07)", "y_5"]
    assert phrases.pairs[0].offset_s == -0.5


def write_midi(path: Path, notes: list[int]) -> None:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="MELODY")])
    for note in notes:
        track.append(mido.Message("note_on", note=note, velocity=90, time=0))
        track.append(mido.Message("note_off", note=note, velocity=0, time=240))
    path.parent.mkdir(parents=True, exist_ok=True)
    mido.MidiFile(tracks=[track]).save(path)


def test_songs_of_several_versions_are_kept_away_from_the_projection(tmp_path: Path) -> None:
    names = ["pop/7/7.mid", "pop/8/8-v1.mid", "pop/8/8-v2.mid", "pop/8/8.mid"]
    for place, name in enumerate(names):
        write_midi(tmp_path / name, [60 + (place + step) % 7 for step in range(24)])
    rows = [f"{name},midi,,unknown,song_{name[4]},0,MIT,train" for name in names]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,kind,singer,gender,song,seconds,licence,use", *rows]))

    lines, versions = read_note_lines(tmp_path), read_versions(tmp_path)

    assert [line.song for line in lines] == ["7", "8"]
    assert [line.song for line in without_versions(lines, tmp_path)] == ["7"]
    assert {song: [line.song for line in found] for song, found in versions.items()} == {"8": ["8-v2", "8"]}


def test_a_recording_sung_again_keeps_its_length_and_moves_by_the_semitones() -> None:
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 200.0 * k * seconds) / k for k in range(1, 20)).astype(np.float32) * 0.1
    apart = take_apart(tone)

    higher, slower = apart.sung_again(Change(semitones=4)), apart.sung_again(Change(tempo=0.8))

    f0_hz = [pyworld.dio(sound.astype(np.float64), SAMPLE_RATE)[0] for sound in (higher, slower)]
    heard = [np.median(track[track > 0]) for track in f0_hz]
    assert heard == pytest.approx([200.0 * 2 ** (4 / 12), 200.0], rel=0.01)
    assert [len(higher), len(slower)] == pytest.approx([len(tone), len(tone) / 0.8], rel=0.02)


def test_agreement_counts_octaves_apart_and_voicing() -> None:
    reference = np.array([60.0, 60.0, 60.0, 60.0, np.nan, np.nan])
    heard = np.array([60.3, 72.2, 65.0, np.nan, 50.0, np.nan, np.nan])

    figures = {name: figure.value for name, figure in agreement(heard, reference).items()}

    assert figures == pytest.approx(
        {"within 50 cents": 1 / 3, "octaves folded": 2 / 3, "voiced found": 3 / 4, "false alarm": 1 / 2}
    )


def test_written_notes_stand_at_their_beats(tmp_path: Path) -> None:
    file = tmp_path / "song.txt"
    file.write_text("#BPM:150\n#GAP:1000\n: 0 10 0 la\n- 12\n* 20 5 7 li\nE\n")

    pitch = read_notes(file, hop_s=0.1)

    assert len(pitch) == 35
    assert np.isnan(pitch[:10]).all()
    assert pitch[10:20].tolist() == [60.0] * 10
    assert pitch[30:35].tolist() == [67.0] * 5


def sung(midi_pitch: np.ndarray) -> PitchTrack:
    f0_hz = midi_to_hz(midi_pitch).astype(np.float32)
    return PitchTrack(f0_hz, np.isfinite(f0_hz).astype(np.float32), 0.016)


def test_baselines_of_the_pitch_know_no_key() -> None:
    tune = np.repeat([60.0, 60.0, 64.0, 67.0, np.nan, 65.0], 20)

    for describe in (pitch_classes, contour_statistics):
        np.testing.assert_allclose(describe(sung(tune)), describe(sung(tune + 5)), atol=1e-4)


def test_the_chroma_of_a_tone_is_full_in_one_class() -> None:
    tone = np.sin(2 * np.pi * 440.0 * np.arange(16_000) / 16_000).astype(np.float32)

    assert chroma_mean(tone)[0] > 0.95


def test_the_probe_tells_singers_only_where_they_show() -> None:
    rng = np.random.default_rng(0)
    singers, songs = ["anna", "carl"] * 30, [str(item // 2) for item in range(60)]
    shown = np.array([[1.0, 0.0], [0.0, 1.0]])[np.arange(60) % 2] + rng.normal(0, 0.1, (60, 2))

    told, guessed = tell_singers(shown, singers, songs), tell_singers(rng.normal(size=(60, 8)), singers, songs)

    assert told["accuracy"].value == 1.0
    assert guessed["above majority"].value < 0.2
