"""Recordings into the catalogue: each on its own, none twice, refusals told."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.audio.separation import IdentitySeparator
from singalike.audio.sound import Sound
from singalike.audio.watching import Watch, nobody_watches
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import CapacityError, InvalidInputError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_song_files import SqlSongFiles
from singalike.services.conversion_records import SongFile
from singalike.services.ingest import IngestTools, ingest
from singalike.services.ports import IngestItem
from singalike.services.records import TrackInfo
from tests.support.fake_ear import FakeEar
from tests.support.folders import quick_folder

RATE = 8_000


@dataclass
class WavDecoder:
    """Decodes without the guard, counts, and refuses what does not look like WAV."""

    decoded: int = 0

    def decode(self, audio: bytes) -> Sound:
        if not audio.startswith(b"RIFF"):
            raise InvalidInputError("UNKNOWN_FORMAT", "send WAV")
        self.decoded += 1
        samples = np.frombuffer(audio[44:], dtype="<i2").astype(np.float32) / 2**15
        return Sound(samples.reshape(-1, 2).T, RATE)


@dataclass
class LeftOut:
    """Separates by keeping the sound, and breaks when told."""

    name: str = "left-out"
    version: str = "1"
    broken: bool = False

    def separate(self, mixture: Sound, _watch: Watch = nobody_watches) -> Sound:
        if self.broken:
            raise ZeroDivisionError("a fault of ours")
        return mixture


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def tools(folder: Path) -> Iterator[IngestTools]:
    catalogue = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
    yield IngestTools(catalogue, WavDecoder(), LeftOut(), FakeEar())
    catalogue.close()


def _recording(folder: Path, number: int, singer: str = "Ann") -> IngestItem:
    path = folder / f"{number}.wav"
    time_s = np.arange(7 * RATE) / RATE
    left, right = (0.3 * np.sin(2 * np.pi * hz * time_s) for hz in (200 + 40 * number, 90 + 10 * number))
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="PCM_16")
    return IngestItem(str(path), TrackInfo(singer, f"Song {number}"))


def _recordings(folder: Path, count: int) -> list[IngestItem]:
    return [_recording(folder, number) for number in range(count)]


def test_recordings_become_tracks_in_order(folder: Path, tools: IngestTools) -> None:
    items = _recordings(folder, 3)
    told: list[tuple[str, float]] = []

    report = ingest(items, tools, lambda path, share: told.append((path, share)), total=3)

    assert len(report.added) == 3
    assert (report.unchanged, report.refused, report.interrupted) == ((), (), False)
    assert told == [(items[0].path, 1 / 3), (items[1].path, 2 / 3), (items[2].path, 1.0)]
    stored = tools.catalogue.get_track(report.added[1])
    assert stored.track.info == items[1].info
    assert (stored.track.separator, stored.track.duration_s) == ("left-out", 7.0)
    assert len(stored.profile.segments) == 2


def test_a_second_ingest_decodes_nothing(folder: Path, tools: IngestTools) -> None:
    items = _recordings(folder, 3)
    first = ingest(items, tools)
    decoder = WavDecoder()

    second = ingest(items, replace(tools, decoder=decoder))

    assert second.unchanged == first.added
    assert (second.added, decoder.decoded, tools.catalogue.revision()) == ((), 0, 3)


def test_the_same_file_twice_is_one_track(folder: Path, tools: IngestTools) -> None:
    item = _recording(folder, 1)

    report = ingest([item, item], tools)

    assert (len(report.added), report.unchanged) == (1, report.added)


def test_a_corrected_title_is_taken_over_without_decoding(folder: Path, tools: IngestTools) -> None:
    item = _recording(folder, 1)
    (track_id,) = ingest([item], tools).added
    before = tools.catalogue.get_track(track_id).profile
    decoder = WavDecoder()

    report = ingest([replace(item, info=TrackInfo("Ann", "Right", genre="pop"))], replace(tools, decoder=decoder))

    after = tools.catalogue.get_track(track_id)
    assert (report.updated, report.added, decoder.decoded) == ((track_id,), (), 0)
    assert (after.track.info.title, after.track.info.genre) == ("Right", "pop")
    assert np.array_equal(after.profile.segments.timbre, before.segments.timbre)


def test_again_takes_the_other_channel(folder: Path, tools: IngestTools) -> None:
    item = _recording(folder, 1)
    (track_id,) = ingest([item], tools).added
    before = tools.catalogue.get_track(track_id).profile

    report = ingest([replace(item, channel="right")], replace(tools, again=True))

    assert report.added == (track_id,)
    assert not np.array_equal(tools.catalogue.get_track(track_id).profile.timbre, before.timbre)
    assert tools.catalogue.list_tracks().total_size == 1


def test_bad_recordings_are_refused_and_the_others_taken(folder: Path, tools: IngestTools) -> None:
    good = _recordings(folder, 2)
    (folder / "bad.wav").write_bytes(b"no sound")
    (folder / "big.wav").write_bytes(b"RIFF" * 100_000)
    bad = [IngestItem(str(folder / name), TrackInfo("Bob", name)) for name in ("bad.wav", "big.wav", "absent.wav")]
    stolen = replace(good[0], info=TrackInfo("Bob", "Mine"))
    folder_itself = IngestItem(str(folder), TrackInfo("Bob", "Folder"))

    report = ingest([*bad, *good, stolen, folder_itself], replace(tools, max_bytes=300_000))

    assert len(report.added) == 2
    assert [(Path(path).name, reason) for path, reason, _ in report.refused] == [
        ("bad.wav", "UNKNOWN_FORMAT"),
        ("big.wav", "TOO_LARGE"),
        ("absent.wav", "AUDIO_NOT_FOUND"),
        ("0.wav", "TRACK_OF_OTHER_SINGER"),
        (folder.name, "NOT_READABLE"),
    ]


def test_a_fault_of_ours_costs_one_recording_only(folder: Path, tools: IngestTools) -> None:
    class EarThatFailsOnce(FakeEar):
        failed = False

        def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
            if not self.failed:
                self.failed = True
                raise ZeroDivisionError("a fault of ours")
            return super().encode(vocals)

    report = ingest(_recordings(folder, 2), replace(tools, encoder=EarThatFailsOnce()))

    assert len(report.added) == 1
    ((_, reason, message),) = report.refused
    assert reason == "INTERNAL"
    assert "ZeroDivisionError" in message


def test_a_broken_separator_refuses_in_words(folder: Path, tools: IngestTools) -> None:
    report = ingest(_recordings(folder, 2), replace(tools, separator=LeftOut(broken=True)))

    assert [reason for _, reason, _ in report.refused] == ["INTERNAL", "INTERNAL"]


def test_a_full_disk_ends_the_ingest(folder: Path, tools: IngestTools) -> None:
    full = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}", min_free_disk_mb=2**40)

    with pytest.raises(CapacityError) as refusal:
        ingest(_recordings(folder, 2), replace(tools, catalogue=full))

    assert refusal.value.reason == "DISK_FULL"
    full.close()


def test_an_interrupted_ingest_is_resumed(folder: Path, tools: IngestTools) -> None:
    items, stop = _recordings(folder, 6), threading.Event()

    first = ingest(items, tools, lambda _path, share: stop.set() if share >= 1 / 3 else None, total=6, stop=stop)
    second = ingest(items, tools)

    assert first.interrupted
    assert 2 <= len(first.added) < 6
    assert second.unchanged == first.added
    assert len(first.added) + len(second.added) == 6


def test_where_a_recording_lies_is_remembered_also_when_it_has_moved(folder: Path, tools: IngestTools) -> None:
    song_files = SqlSongFiles(f"sqlite:///{folder / 'catalogue.db'}")
    item = replace(_recording(folder, 1), channel="right")
    known = replace(tools, song_files=song_files)

    (track_id,) = ingest([item], known).added
    content_sha256 = tools.catalogue.get_track(track_id).track.content_sha256
    first = song_files.find_song_file(content_sha256)
    moved = Path(item.path).rename(folder / "moved.wav")
    report = ingest([replace(item, path=str(moved))], known)

    assert first == SongFile(content_sha256, item.path, "right", a_cappella=False)
    assert report.unchanged == (track_id,)
    assert song_files.find_song_file(content_sha256).path == str(moved)
    song_files.close()


def test_a_recording_that_was_taken_in_as_a_voice_alone_is_remembered_as_one(folder: Path, tools: IngestTools) -> None:
    song_files = SqlSongFiles(f"sqlite:///{folder / 'catalogue.db'}")
    item = _recording(folder, 1)

    ingest([item], replace(tools, separator=IdentitySeparator(), song_files=song_files))
    ingest([item], replace(tools, song_files=song_files))

    (track,) = tools.catalogue.list_tracks().items
    assert song_files.find_song_file(track.content_sha256).a_cappella
    song_files.close()


def test_several_workers_give_the_same_catalogue(folder: Path, tools: IngestTools) -> None:
    items = _recordings(folder, 8)

    report = ingest(items, replace(tools, workers=4))

    titles = [tools.catalogue.get_track(track_id).track.info.title for track_id in report.added]
    assert titles == [item.info.title for item in items]
