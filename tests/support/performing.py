"""What a worker needs to convert a song, without files or databases beside the song that it writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from singalike.audio.separation import RepetSimSeparator
from singalike.audio.sound import Sound
from singalike.audio.synthesis import draw_singer
from singalike.audio.watching import Watch, nobody_watches
from singalike.conversion.engine import ConversionContext, TargetVoice
from singalike.conversion.piece_store import PiecesInMemory
from singalike.conversion.world_retrieval.loading import load
from singalike.conversion.world_retrieval.world_engine import WorldEngine
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.profile import VocalRange, VoiceProfile
from singalike.errors import NotFoundError
from singalike.services.conversion.perform import PerformTools
from singalike.services.conversion_records import (
    ConversionOrder,
    ConversionProgress,
    ConversionState,
    SongFile,
    StoredConversion,
)
from singalike.services.demo.catalogue import make_track
from singalike.services.records import TrackWithProfile
from tests.support.fake_ear import make_profile
from tests.support.sung_takes import take

CONTENT = "c0ffee" * 10 + "0000"
CONVERSION_ID = "c-00112233445566778899aabbccddeeff"
KEY = b"a key of tests, no secret"
WHEN = datetime(2026, 1, 2, tzinfo=UTC)
EXECUTOR = "worker-1"


@cache
def engine() -> WorldEngine:
    """The default engine, content with two seconds."""
    return load(min_seconds=2.0)


@cache
def target_voice() -> TargetVoice:
    """A learnt voice."""
    return engine().enrol([take(8, 1), take(8, 2)], ConversionContext())


@cache
def band_and_voice(seconds: float = 8.0) -> Sound:
    """A song, stereo."""
    return make_track(draw_singer(np.random.default_rng(3), "female"), "pop", seconds, np.random.default_rng(3))


@dataclass
class CountingSeparator:
    """REPET-SIM that counts how often it is asked."""

    name: str = "repet-sim"
    version: str = "1"
    asked: int = 0

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        self.asked += 1
        return RepetSimSeparator().separate(sound, watch)


@dataclass
class OneSong:
    """Reads one song, whoever asks."""

    sound: Sound
    file: SongFile

    def read(self, _content_sha256: str) -> tuple[Sound, SongFile]:
        return self.sound, self.file


@dataclass
class OneVoice:
    """Knows one target."""

    profile: VoiceProfile

    def load_target_voice(self, _voice_id: str, _engine: str) -> TargetVoice:
        return target_voice()

    def load_profile(self, _voice_id: str) -> VoiceProfile:
        return self.profile


@dataclass
class KnownTracks:
    """A catalogue of as many tracks as are put in."""

    tracks: Mapping[str, TrackWithProfile] = field(default_factory=dict)

    def get_track(self, track_id: str) -> TrackWithProfile:
        if track_id not in self.tracks:
            raise NotFoundError("TRACK_NOT_FOUND", f"there is no track {track_id}")
        return self.tracks[track_id]


class OneEngine:
    """Has the default engine, whatever the name."""

    def get(self, _name: str = "") -> WorldEngine:
        return engine()


@dataclass
class HeardReports:
    """Keeps what a worker says."""

    said: list[ConversionProgress] = field(default_factory=list)
    key_shifts: list[int] = field(default_factory=list)

    def report(self, _conversion_id: str, _executor_id: str, progress: ConversionProgress) -> None:
        self.said.append(progress)

    def note_key_shift(self, _conversion_id: str, _executor_id: str, semitones: int) -> None:
        self.key_shifts.append(semitones)


@dataclass
class Workbench:
    """Pieces and vocals in memory, the song in a folder."""

    folder: Path
    kept: PiecesInMemory = field(default_factory=PiecesInMemory)
    vocals: dict[str, Sound] = field(default_factory=dict)

    def pieces(self, _conversion_id: str) -> PiecesInMemory:
        return self.kept

    def song_path(self, conversion_id: str, suffix: str) -> Path:
        return self.folder / f"{conversion_id}.{suffix}"

    def load_vocal(self, name: str) -> Sound | None:
        return self.vocals.get(name)

    def save_vocal(self, name: str, vocal: Sound) -> Sound:
        self.vocals[name] = vocal
        return vocal


def ticking() -> Callable[[], float]:
    """Return a clock that goes on by a second whenever it is looked at, so that everything is reported."""
    seconds = iter(range(1_000_000))
    return lambda: float(next(seconds))


def profile_singing(lowest_midi: float, highest_midi: float) -> VoiceProfile:
    """A profile of somebody who sings everything between two pitches alike."""
    seconds = np.zeros(128, np.float32)
    seconds[round(lowest_midi) : round(highest_midi) + 1] = 2.0
    sung = VocalRange(lowest_midi, highest_midi, (lowest_midi, highest_midi), float(seconds.sum()), seconds)
    return replace(make_profile(0), vocal_range=sung)


def tools(folder: Path, *, song: Sound | None = None, a_cappella: bool = False, channel: str = "mix") -> PerformTools:
    """Everything for one conversion."""
    file = SongFile(CONTENT, "/songs/a song.flac", channel, a_cappella)
    return PerformTools(
        conversions=HeardReports(),
        targets=OneVoice(profile_singing(50.0, 62.0)),
        catalogue=KnownTracks(),
        songs=OneSong(song or band_and_voice(), file),
        folder=Workbench(folder),
        engines=OneEngine(),
        separator=CountingSeparator(),
        head=MelodyEncoder.load(),
        watermark_key=KEY,
        clock=ticking(),
    )


def ordered(**said: object) -> StoredConversion:
    """A conversion that a worker has begun."""
    order = replace(ConversionOrder("v-1", "", CONTENT, "world-retrieval"), **said)  # type: ignore[arg-type]
    progress = ConversionProgress()
    return StoredConversion(
        CONVERSION_ID, "default", order, ConversionState.RUNNING, progress, 2, 1, EXECUTOR, WHEN, WHEN
    )
