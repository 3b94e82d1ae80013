"""Stores of target voices and conversions on one database, with a voice that songs may be sung with."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from singalike.conversion.engine import TargetVoice
from singalike.services.adapters.sql_conversions import SqlConversions
from singalike.services.adapters.sql_executors import SqlExecutors
from singalike.services.adapters.sql_song_files import SqlSongFiles
from singalike.services.adapters.sql_targets import SqlTargets
from singalike.services.conversion_records import (
    ConsentMethod,
    ConsentPhrase,
    ConsentRecord,
    ConversionOrder,
    ConvertedSong,
    StoredConversion,
    StoredTarget,
    Tenant,
)
from tests.support.databases import fresh_database
from tests.support.fake_ear import make_profile

START = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)
TENANT = Tenant("karaoke")
ENGINE = "world-retrieval"
STATEMENT = "Sing songs with my voice until I say otherwise."
SONG = ConvertedSong("ab" * 32, 123_456, 61.5, f"{ENGINE} 1", -3.0, -3.0, "identity")


@dataclass
class Clock:
    """A clock that a test sets."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


@dataclass(frozen=True)
class ConversionStores:
    """All stores of the conversion service on one database.

    Attributes:
        url: Of the database.
        clock: The time of all of them.
        targets, conversions, song_files, executors: The stores.
    """

    url: str
    clock: Clock
    targets: SqlTargets
    conversions: SqlConversions
    song_files: SqlSongFiles
    executors: SqlExecutors


@contextmanager
def conversion_stores(url: str, clock: Clock | None = None) -> Iterator[ConversionStores]:
    """Open all stores on a database and close them afterwards."""
    clock = clock or Clock()
    stores = ConversionStores(
        url,
        clock,
        SqlTargets(url, now=clock),
        SqlConversions(url, now=clock),
        SqlSongFiles(url),
        SqlExecutors(url),
    )
    try:
        yield stores
    finally:
        for store in (stores.targets, stores.conversions, stores.song_files, stores.executors):
            store.close()


@contextmanager
def fresh_stores(engine: str = "sqlite") -> Iterator[ConversionStores]:
    """Open all stores on an empty database of an engine, "sqlite" or "postgresql"."""
    with fresh_database(engine) as url, conversion_stores(url) as stores:
        yield stores


def phrase(number: int = 1, tenant: Tenant = TENANT) -> ConsentPhrase:
    return ConsentPhrase(
        f"p-{number:032x}", tenant.name, f"red lantern {number}", "en", START, START + timedelta(hours=1)
    )


def consent(**said: object) -> ConsentRecord:
    digest = hashlib.sha256(STATEMENT.encode()).hexdigest()
    record = ConsentRecord(
        "person-7",
        STATEMENT,
        digest,
        ConsentMethod.READ_BACK,
        START,
        None,
        "red lantern 1",
        0.75,
        word_error_rate=0.125,
    )
    return replace(record, **said)  # type: ignore[arg-type]


def target_voice(seed: int = 1, engine: str = ENGINE) -> TargetVoice:
    rng = np.random.default_rng(seed)
    arrays = {
        "keys": rng.standard_normal((50, 8)).astype(np.float32),
        "f0_hz": rng.uniform(80, 400, 50),
        "voiced": rng.uniform(size=50) < 0.5,
    }
    return TargetVoice(engine, "1", arrays, {"voice_s": 42.5, "median_midi": 57.25, "note": "목소리"})


def add_target(
    stores: ConversionStores,
    seed: int = 1,
    tenant: Tenant = TENANT,
    engines: Sequence[str] = (ENGINE,),
    **said: object,
) -> StoredTarget:
    """Enrol a voice with a declared consent."""
    record = consent(method=ConsentMethod.DECLARED, phrase="", read_back_likeness=None, **said)
    learnt = {engine: target_voice(seed, engine) for engine in engines}
    return stores.targets.add_target(tenant.name, make_profile(seed), record, learnt)


def order(voice_id: str, song: int = 1, **said: object) -> ConversionOrder:
    content_sha256 = hashlib.sha256(str(song).encode()).hexdigest()
    asked = ConversionOrder(voice_id, content_sha256[:20], content_sha256, ENGINE)
    return replace(asked, **said)  # type: ignore[arg-type]


def add_conversion(
    stores: ConversionStores, song: int = 1, tenant: Tenant = TENANT, **said: object
) -> StoredConversion:
    """Enrol a voice and order a song in it."""
    voice = add_target(stores, tenant=tenant)
    return stores.conversions.add_conversion(tenant, order(voice.voice_id, song, **said))


def outcome(call: Callable[[], object]) -> object:
    """Return what a call returns, or the reason for which it is refused."""
    from singalike.errors import SingalikeError

    try:
        return call()
    except SingalikeError as error:
        return error.reason
