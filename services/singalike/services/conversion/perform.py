"""The use case of a worker: one conversion from its order to its finished file, over the ports."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from singalike.audio.separation import IdentitySeparator, Separator
from singalike.audio.sound import Sound
from singalike.conversion.engine import TargetVoice, VoiceEngine
from singalike.conversion.finishing import finish
from singalike.conversion.piece_store import PieceStore
from singalike.conversion.song import (
    HeardSong,
    Report,
    Singer,
    SongKey,
    Stage,
    find_lead,
    find_leaky_lead,
    listen_to_song,
    sing_song,
    watch_of,
)
from singalike.conversion.writing import MadeBy, write_sound
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.profile import VoiceProfile
from singalike.services.conversion.song_key import choose_song_key
from singalike.services.conversion.stage_clock import StageClock
from singalike.services.conversion.watermark_key import payload_of
from singalike.services.conversion_ports import SongReader
from singalike.services.conversion_records import (
    ConversionOrder,
    ConversionProgress,
    ConvertedSong,
    SongFile,
    StoredConversion,
)
from singalike.services.recordings import keep_channel
from singalike.services.records import LEAKY_SEPARATORS, TrackWithProfile

REPORT_EVERY_S = 1.0
"""Progress within a stage is reported at most so often: every report is a row that is written to disk."""


class Reports(Protocol):
    """Of a `ConversionStore`, what a worker says while it works."""

    def report(self, conversion_id: str, executor_id: str, progress: ConversionProgress) -> None:
        """Note how far a worker is."""

    def note_key_shift(self, conversion_id: str, executor_id: str, semitones: int) -> None:
        """Fill in the key shift that was chosen."""


class Targets(Protocol):
    """Of a `TargetStore`, what is sung with."""

    def load_target_voice(self, voice_id: str, engine: str) -> TargetVoice:
        """Return what an engine learnt of a voice."""

    def load_profile(self, voice_id: str) -> VoiceProfile:
        """Return what the ear says of a voice."""


class Tracks(Protocol):
    """Of a `Catalogue`, what is known of a song."""

    def get_track(self, track_id: str) -> TrackWithProfile:
        """Return a track."""


class EngineByName(Protocol):
    """Of `Engines`, the one that sings."""

    def get(self, name: str = "") -> VoiceEngine:
        """Return an engine, loaded once."""


class WorkFolder(Protocol):
    """Of a `ConversionFolder`, where work lies."""

    def pieces(self, conversion_id: str) -> PieceStore:
        """Return where a conversion keeps finished pieces."""

    def song_path(self, conversion_id: str, suffix: str) -> Path:
        """Return where the finished song goes."""

    def load_vocal(self, name: str) -> Sound | None:
        """Return a separated vocal by its name, or None."""

    def save_vocal(self, name: str, vocal: Sound) -> Sound:
        """Keep a separated vocal; returns it as it will be loaded."""


@dataclass(frozen=True)
class PerformTools:
    """What a worker works with.

    Attributes:
        conversions, targets, catalogue, songs, folder, engines: The ports.
        separator: Takes the vocals out of songs.
        head: Hears the pitch of vocals.
        watermark_key: From `watermark_key.watermark_key`.
        clock: Seconds, growing (`time.monotonic`).
        device: Where torch computes.
    """

    conversions: Reports
    targets: Targets
    catalogue: Tracks
    songs: SongReader
    folder: WorkFolder
    engines: EngineByName
    separator: Separator
    head: MelodyEncoder
    watermark_key: bytes
    clock: Callable[[], float]
    device: str = "cpu"


def perform(
    conversion: StoredConversion, executor_id: str, tools: PerformTools, check_cancelled: Callable[[], None]
) -> ConvertedSong:
    """Convert a song; the caller has called `ConversionStore.start` and will call `succeed` with what is returned.

    Being killed at any moment costs a few seconds of work: pieces that are finished are found again, and the file
    appears under its name when it is whole. The same conversion makes the same sound.

    Args:
        conversion: RUNNING, of this executor.
        executor_id: Who works.
        tools: What with.
        check_cancelled: Called several times a second while there is work; raises to stop it.

    Returns:
        Facts of the finished song, which lies where `ConversionFolder.find_song` finds it.

    Raises:
        SingalikeError: With the documented reason; whatever `check_cancelled` and `ConversionStore.report` raise.
    """
    return _Performance(conversion, executor_id, tools, check_cancelled).run()


class _Performance:
    """One conversion at work."""

    def __init__(
        self,
        conversion: StoredConversion,
        executor_id: str,
        tools: PerformTools,
        check_cancelled: Callable[[], None],
    ) -> None:
        self._conversion = conversion
        self._executor_id = executor_id
        self._tools = tools
        self._check_cancelled = check_cancelled

    def run(self) -> ConvertedSong:
        order, tools = self._conversion.order, self._tools
        engine = tools.engines.get(order.engine)
        voice = tools.targets.load_target_voice(order.voice_id, engine.info.name)
        voice.require(engine.info)
        track = self._track(order)
        sound, file = tools.songs.read(order.content_sha256)
        song = keep_channel(sound, file.channel)
        del sound
        clock = StageClock(song.duration_s, tools.clock)
        report = self._reporter(clock)
        vocal, separator = self._separate(song, file, clock, report)
        find = find_leaky_lead if separator in LEAKY_SEPARATORS else find_lead
        heard = listen_to_song(song, vocal, tools.head, find, report)
        del song, vocal
        key = self._choose_key(heard, track, voice)
        if not key.accompaniment:
            clock.skip(Stage.SHIFTING)
        marked = self._sing(heard, engine, voice, key, report)
        del heard
        made_by = _made_by(engine, track, file)
        path = self._write(marked, made_by, report)
        return ConvertedSong(
            sha256=_digest(path),
            size_bytes=path.stat().st_size,
            duration_s=marked.duration_s,
            engine=made_by.engine,
            voice_shift_semitones=key.voice,
            accompaniment_shift_semitones=key.accompaniment,
            separator=separator,
        )

    def _track(self, order: ConversionOrder) -> TrackWithProfile | None:
        return self._tools.catalogue.get_track(order.track_id) if order.track_id else None

    def _reporter(self, clock: StageClock) -> Report:
        """Return what every step of the work calls: looks whether to stop, and writes news now and then."""
        said_stage: Stage | None = None
        said_s = 0.0

        def report(stage: Stage, share: float) -> None:
            nonlocal said_stage, said_s
            self._check_cancelled()
            now_s = self._tools.clock()
            if stage == said_stage and now_s - said_s < REPORT_EVERY_S:
                return
            said_stage, said_s = stage, now_s
            self._tools.conversions.report(
                self._conversion.conversion_id, self._executor_id, clock.progress(stage, share)
            )

        return report

    def _separate(self, song: Sound, file: SongFile, clock: StageClock, report: Report) -> tuple[Sound, str]:
        """Return the vocal and the name of its separator; a vocal is separated once for all who ask for the song."""
        separator, folder = self._tools.separator, self._tools.folder
        name = vocal_name(file, separator)
        vocal = song if file.a_cappella else folder.load_vocal(name)
        if vocal is not None:
            clock.skip(Stage.SEPARATING)
        report(Stage.SEPARATING, 0.0)
        if vocal is None:
            vocal = folder.save_vocal(name, separator.separate(song, watch_of(report, Stage.SEPARATING)))
        return vocal, IdentitySeparator.name if file.a_cappella else separator.name

    def _choose_key(self, heard: HeardSong, track: TrackWithProfile | None, voice: TargetVoice) -> SongKey:
        order, tools = self._conversion.order, self._tools
        sung = heard.sung if track is None else track.profile.vocal_range
        target = tools.targets.load_profile(order.voice_id)
        key = choose_song_key(order, sung.seconds_per_semitone, target, float(voice.facts["median_midi"]))
        tools.conversions.note_key_shift(self._conversion.conversion_id, self._executor_id, round(key.voice))
        return key

    def _sing(self, heard: HeardSong, engine: VoiceEngine, voice: TargetVoice, key: SongKey, report: Report) -> Sound:
        order, tools = self._conversion.order, self._tools
        singer = Singer(engine, voice, order.retrieval_share, order.protect, order.seed, tools.device)
        pieces = tools.folder.pieces(self._conversion.conversion_id)
        mix = sing_song(heard, singer, key, pieces, report)
        payload = payload_of(self._conversion.conversion_id)
        return finish(mix, tools.watermark_key, payload, watch_of(report, Stage.MIXING, 0.2))

    def _write(self, song: Sound, made_by: MadeBy, report: Report) -> Path:
        report(Stage.WRITING, 0.0)
        sound_format = self._conversion.order.sound_format
        path = self._tools.folder.song_path(self._conversion.conversion_id, sound_format.value)
        write_sound(path, song, made_by, sound_format, watch_of(report, Stage.WRITING))
        return path


def vocal_name(file: SongFile, separator: Separator) -> str:
    """Name the vocal of a song: the song's content, and a digest of its channel and of what separates it."""
    deciding = hashlib.sha256("\n".join((file.channel, separator.name, separator.version)).encode())
    return f"{file.content_sha256}-{deciding.hexdigest()[:16]}"


def _made_by(engine: VoiceEngine, track: TrackWithProfile | None, file: SongFile) -> MadeBy:
    title, artist = (Path(file.path).stem, "") if track is None else (track.track.info.title, track.track.info.singer)
    return MadeBy(f"{engine.info.name} {engine.info.version}", version("singalike"), title, artist)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
