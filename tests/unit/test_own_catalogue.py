"""Training on a catalogue of one's own: who is in it, how batches are drawn, where clips are cut."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from singalike.audio.sound import Sound
from singalike.embeddings.training.catalogue_clips import CatalogueClips, Window, WindowStore, cut_clip, window_of
from singalike.embeddings.training.own_catalogue import OwnCatalogue, OwnTrack, read_catalogue
from singalike.embeddings.training.singer_sampler import BalancedBatches, SingerSampler
from singalike.embeddings.training.trainee import Share
from singalike.errors import InvalidInputError
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice


def tracks(**songs: int) -> list[OwnTrack]:
    """Recordings of singers with so many songs each."""
    return [
        OwnTrack(Path(f"{singer}/{song}.wav"), singer, str(song)) for singer in songs for song in range(songs[singer])
    ]


def test_a_folder_of_singers_is_read_and_a_file_of_nobody_is_named(tmp_path: Path) -> None:
    for name in ("Ann/one.wav", "Ann/live/two.mp3", "Bob/one.flac", "stray.wav", "Bob/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    catalogue = read_catalogue(tmp_path)

    assert [(track.singer, track.song) for track in catalogue.tracks] == [
        ("Ann", "one"),
        ("Ann", "two"),
        ("Bob", "one"),
    ]
    ((place, what),) = catalogue.refused
    assert place.endswith("stray.wav")
    assert "no singer" in what


def test_every_form_of_manifest_says_the_same(tmp_path: Path) -> None:
    row = {"audio": "a/1.wav", "singer": "Ann", "title": "Song", "gender": "Female", "channel": "right"}
    (tmp_path / "m.csv").write_text("audio,singer,title,gender,channel\na/1.wav,Ann,Song,Female,right\n", "utf-8")
    (tmp_path / "m.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "m.parquet")

    read = [read_catalogue(tmp_path / f"m.{form}").tracks for form in ("csv", "jsonl", "parquet")]

    assert read == [(OwnTrack(tmp_path / "a" / "1.wav", "Ann", "song", "right", "f"),)] * 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("m.csv", "audio,title\n1.wav,x\n", "BAD_MANIFEST"),
        ("m.csv", "audio,singer\n", "NO_RECORDINGS"),
        ("m.jsonl", "not json\n", "BAD_MANIFEST"),
        ("m.txt", "", "BAD_MANIFEST"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path: Path, name: str, content: str, reason: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")

    with pytest.raises(InvalidInputError) as refused:
        read_catalogue(tmp_path / name)

    assert refused.value.reason == reason


def test_singers_held_out_are_in_one_part_only() -> None:
    known, held_out = OwnCatalogue(tuple(tracks(a=2, b=3, c=1, d=4, e=2))).split(2, seed=1)

    assert len(held_out.singers) == 2
    assert set(known.singers) | set(held_out.singers) == set("abcde")
    assert not set(known.singers) & set(held_out.singers)


def test_a_batch_holds_different_singers_with_different_songs_each() -> None:
    sampler = SingerSampler(tracks(a=5, b=30, c=6, d=9, e=5), BalancedBatches(singers=3, clips=4, songs=8), seed=0)

    for step in range(40):
        picks = sampler.picks(step)
        counts = Counter(singer for singer, _ in picks)
        assert len(counts) == 3
        assert set(counts.values()) == {4}
        assert len({(singer, track.song) for singer, track in picks}) == 12


def test_every_song_is_heard_over_epochs_and_no_more_than_some_in_one() -> None:
    sampler = SingerSampler(tracks(few=2, many=25, some=10), BalancedBatches(singers=3, clips=2, songs=6), seed=4)
    heard: Counter[tuple[str, str]] = Counter()
    singers: Counter[str] = Counter()

    for epoch in range(5):
        in_epoch: dict[str, set[str]] = {}
        for step in range(epoch * sampler.steps_of_epoch, (epoch + 1) * sampler.steps_of_epoch):
            for singer, track in sampler.picks(step):
                in_epoch.setdefault(sampler.names[singer], set()).add(track.song)
                heard[track.singer, track.song] += 1
                singers[track.singer] += 1
        assert {name: len(songs) for name, songs in in_epoch.items()} == {"few": 2, "many": 6, "some": 6}

    assert len(heard) == 37
    assert len(set(singers.values())) == 1


def test_versions_of_one_song_take_turns_and_never_meet() -> None:
    versions = [OwnTrack(Path(f"{song}{take}.wav"), "a", song) for song in "xyz" for take in (1, 2)]
    sampler = SingerSampler([*versions, *tracks(b=3)], BalancedBatches(singers=2, clips=3, songs=3), seed=0)

    picks = [[track for _, track in sampler.picks(step) if track.singer == "a"] for step in range(4)]

    assert all({track.song for track in visit} == set("xyz") for visit in picks)
    assert {track.path for visit in picks for track in visit} == {track.path for track in versions}


def test_batches_depend_on_seed_and_step_alone() -> None:
    many = tracks(**{f"s{number}": 3 for number in range(9)})
    shape = BalancedBatches(singers=4, clips=2, songs=4)
    forwards = SingerSampler(many, shape, seed=2)
    backwards, other = SingerSampler(many, shape, seed=2), SingerSampler(many, shape, seed=3)

    late = [backwards.picks(step) for step in reversed(range(12))]

    assert [forwards.picks(step) for step in range(12)] == late[::-1]
    assert forwards.picks(0) != other.picks(0)


def test_one_singer_is_too_few() -> None:
    with pytest.raises(InvalidInputError) as refused:
        SingerSampler(tracks(a=4), BalancedBatches(), seed=0)

    assert refused.value.reason == "TOO_FEW_SINGERS"


@pytest.mark.parametrize(("length_s", "start_s", "kept_s"), [(200, 30, 120), (140, 20, 120), (90, 0, 90), (2, 0, 2)])
def test_the_window_leaves_out_the_intro_of_a_long_recording(length_s: int, start_s: int, kept_s: int) -> None:
    seconds = np.repeat(np.arange(length_s, dtype=np.float32), 100)[None]

    window = window_of(Sound(seconds, 100))

    assert window.duration_s == pytest.approx(kept_s)
    assert window.waveform[0, 0] == start_s


def test_clips_are_cut_where_a_voice_sounds() -> None:
    active = np.zeros(2000, np.bool_)
    active[800:1100] = True
    waveform = np.repeat(np.arange(2000, dtype=np.float32), 160)

    cut = [cut_clip(Window(waveform, active, 0.01), 3_200, np.random.default_rng(seed)) for seed in range(30)]

    starts = [int(clip[0]) for clip in cut]
    assert {len(clip) for clip in cut} == {3_200}
    assert 792 <= min(starts) < 850
    assert 1050 < max(starts) <= 1088


def silent_or_buzzing(track: OwnTrack) -> Sound:
    if track.song == "silence":
        return Sound(np.zeros((1, SAMPLE_RATE * 3), np.float32), SAMPLE_RATE)
    waveform, rate = soundfile.read(track.path, dtype="float32", always_2d=True)
    return Sound(waveform.T, rate)


@pytest.fixture
def catalogue(tmp_path: Path) -> OwnCatalogue:
    for index, (singer, song, seconds) in enumerate(
        (("a", "one", 3.0), ("a", "two", 1.5), ("b", "one", 3.0), ("b", "two", 3.0), ("b", "silence", 3.0))
    ):
        (tmp_path / "music" / singer).mkdir(parents=True, exist_ok=True)
        voice = buzzing_voice(seconds, 150.0 + 20 * index, seed=index)
        soundfile.write(tmp_path / "music" / singer / f"{song}.wav", voice, SAMPLE_RATE)
    return read_catalogue(tmp_path / "music")


def test_what_holds_no_voice_is_named_and_not_trained_on(catalogue: OwnCatalogue, tmp_path: Path) -> None:
    store = WindowStore(silent_or_buzzing, tmp_path / "windows")

    prepared = store.prepare(catalogue)

    assert [track.song for track in prepared.tracks] == ["one", "two", "one", "two"]
    ((place, what),) = prepared.refused
    assert place.endswith("silence.wav")
    assert "no voice" in what


def test_processes_share_a_batch_and_short_recordings_keep_their_length(
    catalogue: OwnCatalogue, tmp_path: Path
) -> None:
    store = WindowStore(silent_or_buzzing, tmp_path / "windows")
    clips = CatalogueClips(store.prepare(catalogue), store, BalancedBatches(singers=2, clips=2), crop_s=2.0, seed=0)

    whole, parts = clips.batch(3, Share()), [clips.batch(3, Share(rank, 2)) for rank in (0, 1)]

    assert whole.waveform.shape == (4, 32_000)
    assert sorted(whole.lengths.tolist()) == [24_000, 32_000, 32_000, 32_000]
    assert not whole.waveform[whole.lengths == 24_000, 24_000:].any()
    assert clips.clips == 4
    for name in ("waveform", "lengths", "singers"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))


def test_a_window_is_decoded_once_and_again_when_the_file_changes(catalogue: OwnCatalogue, tmp_path: Path) -> None:
    decoded: list[Path] = []

    def decode(track: OwnTrack) -> Sound:
        decoded.append(track.path)
        return silent_or_buzzing(track)

    store, track = WindowStore(decode, tmp_path / "windows"), catalogue.tracks[0]
    first, second = store.window(track), store.window(track)
    soundfile.write(track.path, buzzing_voice(4.0), SAMPLE_RATE)
    changed = store.window(track)

    assert len(decoded) == 2
    np.testing.assert_array_equal(first.waveform, second.waveform)
    assert len(changed.waveform) == 64_000
