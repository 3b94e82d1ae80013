"""A data folder with a voice and short songs, from which conversions are asked for as the service does it."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from singalike.audio.sound import Sound
from singalike.conversion.writing import MadeBy, SoundFormat, write_sound
from singalike.services import bootstrap
from singalike.services.adapters.sql_conversions import SqlConversions
from singalike.services.conversion.parts import ConversionParts
from singalike.services.conversion.perform import perform
from singalike.services.conversion_ports import SongFiles
from singalike.services.conversion_records import (
    ConsentMethod,
    ConsentRecord,
    ConversionOrder,
    SongFile,
    StoredConversion,
    Tenant,
)
from singalike.services.settings import Settings, read_settings
from tests.support.fake_ear import make_profile
from tests.support.performing import band_and_voice, target_voice
from tests.support.sung_takes import take

ENGINE = "world-retrieval"
WATERMARK_KEY = "a key of tests, no secret"
FORMATS = (SoundFormat.OGG, SoundFormat.FLAC, SoundFormat.MP3)
STATEMENT = "Sing songs with my voice until I say otherwise."


@dataclass(frozen=True)
class Farm:
    """Conversions in a data folder of its own.

    Attributes:
        settings: Of the folder.
        parts: Opened on it.
        voice_id: A voice that songs may be sung with.
        song_files: Where it is known where songs lie.
        songs: The songs.
    """

    settings: Settings
    parts: ConversionParts
    voice_id: str
    song_files: SongFiles
    songs: Sequence[SongFile]

    def ask(self, number: int, **said: object) -> StoredConversion:
        """Create a conversion and its job; equal numbers ask for the same."""
        song = self.songs[number % len(self.songs)]
        self.song_files.add_song_file(song)  # a song that is not in the catalogue is forgotten with its last conversion
        order = ConversionOrder(
            self.voice_id,
            "",
            song.content_sha256,
            ENGINE,
            sound_format=FORMATS[number % len(FORMATS)],
            seed=number,
            **said,  # type: ignore[arg-type]
        )
        stored = self.parts.conversions.add_conversion(Tenant(), order)
        self.parts.jobs.enqueue(stored.conversion_id, stored.tenant, stored.order.priority, stored.number)
        return stored

    def revoke(self) -> None:
        """Take the only consent back, as the store does it; files and jobs are left to the sweeper."""
        self.parts.targets.revoke_consent(Tenant().name, self.voice_id, datetime.now(UTC))

    def undisturbed(self, conversions: Sequence[StoredConversion]) -> dict[str, str]:
        """Perform conversions in this process, in a folder of their own; returns the digest of each song."""
        with ExitStack() as closing:
            tools = bootstrap.build_perform_tools(self.settings, self.parts, closing)
            digests = {}
            for conversion in conversions:
                self.parts.conversions.start(conversion.conversion_id, "undisturbed")
                song = perform(conversion, "undisturbed", tools, lambda: None)
                self.parts.conversions.succeed(conversion.conversion_id, "undisturbed", song)
                digests[conversion.conversion_id] = song.sha256
            return digests


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


@contextmanager
def farm(folder: Path, *, songs: int = 1, seconds: float = 8.0, band: bool = False, seed: int = 1) -> Iterator[Farm]:
    """Lay out a data folder.

    Args:
        folder: Where.
        songs: How many different ones.
        seconds: Length of each.
        band: Whether the first one has an accompaniment; the others are voices alone.
        seed: Of the ids of conversions, which are part of what is heard: songs of one order and id are the same bytes.
    """
    settings = read_settings(
        data_dir=folder / "data", torch_threads=1, min_free_disk_mb=0, device="cpu", watermark_key=WATERMARK_KEY
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as closing:
        parts = bootstrap.open_conversion_parts(settings, closing)
        ids = random.Random(seed)
        drawn = SqlConversions(settings.catalogue_url, conversion_ids=lambda: f"c-{ids.getrandbits(128):032x}")
        closing.callback(drawn.close)
        parts = ConversionParts(parts.targets, drawn, parts.executors, parts.jobs, parts.folder)
        digest = hashlib.sha256(STATEMENT.encode()).hexdigest()
        consent = ConsentRecord("person-7", STATEMENT, digest, ConsentMethod.DECLARED, datetime.now(UTC))
        target = parts.targets.add_target(Tenant().name, make_profile(1), consent, {ENGINE: target_voice()})
        song_files = bootstrap.open_song_files(settings)
        closing.callback(song_files.close)
        written = [
            _song(folder, number, band_and_voice(seconds))
            if band and number == 0
            else replace(_song(folder, number, take(20 + number, 30 + number, seconds)), a_cappella=True)
            for number in range(songs)
        ]
        yield Farm(settings, parts, target.voice_id, song_files, written)


def _song(folder: Path, number: int, sound: Sound) -> SongFile:
    path = folder / f"song-{number}.flac"
    if not path.exists():
        write_sound(path, sound, MadeBy("tests", "0", f"song {number}", "nobody"), SoundFormat.FLAC)
    return SongFile(hashlib.sha256(path.read_bytes()).hexdigest(), str(path))
