"""Use case: have a song sung. Everything that would make it fail for certain is said before it is acknowledged."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from singalike.conversion.writing import SoundFormat
from singalike.errors import InvalidInputError, NotFoundError, UnavailableError, WrongStateError
from singalike.services.conversion_ports import ConversionStore, Engines, JobQueue, SongFiles, TargetStore
from singalike.services.conversion_records import (
    ConversionOrder,
    Priority,
    StoredConversion,
    StoredTarget,
    Tenant,
)
from singalike.services.conversion_refusals import not_enrolled, refuse_fallen_consent
from singalike.services.ports import Catalogue
from singalike.services.records import Track

LOG = structlog.get_logger()


@dataclass(frozen=True)
class ConversionWish:
    """What is asked for; fields as in ConversionOrder, empty or None where the choice is ours.

    Attributes:
        request_id: Makes it repeatable.
        content: Digest of all that was asked for.
    """

    voice_id: str
    track_id: str
    engine: str = ""
    key_shift_semitones: int | None = None
    octaves_only: bool = False
    sound_format: SoundFormat = SoundFormat.OGG
    priority: Priority = Priority.NORMAL
    retrieval_share: float | None = None
    protect: float | None = None
    seed: int = 0
    keep_s: int | None = None
    request_id: str = ""
    content: str = ""


@dataclass(frozen=True)
class CreateLimits:
    """What the operator allows: the longest song in seconds, and how long songs are kept where nobody says."""

    longest_song_s: float
    keep_s: int


class ConversionCreator:
    """Acknowledges conversions.

    Args:
        targets: Voices and their consents.
        conversions: Where conversions are kept.
        catalogue: Knows the songs.
        songs: Knows where their sound lies.
        engines: Of this machine.
        jobs: Hands conversions to workers.
        limits: What the operator allows.
        now: The clock, in UTC.
    """

    def __init__(
        self,
        targets: TargetStore,
        conversions: ConversionStore,
        catalogue: Catalogue,
        songs: SongFiles,
        engines: Engines,
        jobs: JobQueue,
        limits: CreateLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._targets = targets
        self._conversions = conversions
        self._catalogue = catalogue
        self._songs = songs
        self._engines = engines
        self._jobs = jobs
        self._limits = limits
        self._now = now

    def create(self, tenant: Tenant, wish: ConversionWish) -> StoredConversion:
        """Store a conversion and hand it to the workers; a repeated request_id returns the first one.

        Raises:
            NotFoundError: VOICE_NOT_FOUND; TRACK_NOT_FOUND; SONG_SOUND_NOT_FOUND.
            WrongStateError: VOICE_NOT_FOR_CONVERSION; CONSENT_REVOKED; CONSENT_EXPIRED; SONG_CHANGED;
                VOICE_NOT_ENROLLED_FOR_ENGINE; ENGINE_WEIGHTS_MISSING.
            InvalidInputError: ENGINE_UNKNOWN; SONG_TOO_LONG.
            AlreadyExistsError: REQUEST_ID_TAKEN.
            CapacityError: TOO_MANY_CONVERSIONS; DISK_FULL.
        """
        before = self._conversions.find_conversion_request(tenant.name, wish.request_id, wish.content)
        if before is not None:
            self._enqueue(before)
            return before
        target = self._targets.get_target(tenant.name, wish.voice_id)
        refuse_fallen_consent(target.consent, self._now())
        track = self._catalogue.get_track(wish.track_id).track
        self._check_song(track)
        order = ConversionOrder(
            voice_id=wish.voice_id,
            track_id=wish.track_id,
            content_sha256=track.content_sha256,
            engine=self._choose_engine(wish.engine, target),
            key_shift_semitones=wish.key_shift_semitones,
            octaves_only=wish.octaves_only,
            sound_format=wish.sound_format,
            priority=wish.priority,
            retrieval_share=wish.retrieval_share,
            protect=wish.protect,
            seed=wish.seed,
            keep_s=self._limits.keep_s if wish.keep_s is None else wish.keep_s,
        )
        conversion = self._conversions.add_conversion(tenant, order, wish.request_id, wish.content)
        self._enqueue(conversion)
        return conversion

    def _check_song(self, track: Track) -> None:
        if track.duration_s > self._limits.longest_song_s:
            raise InvalidInputError(
                "SONG_TOO_LONG",
                f"the song lasts {track.duration_s:.0f} s, at most {self._limits.longest_song_s:.0f} s are converted: "
                "choose a shorter one",
            )
        path = Path(self._songs.find_song_file(track.content_sha256).path)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise NotFoundError(
                "SONG_SOUND_NOT_FOUND",
                f"the sound of {track.info.title!r} is not where it was ({error.strerror}): ingest the file again",
            ) from error
        if found != track.content_sha256:
            raise WrongStateError(
                "SONG_CHANGED",
                f"another sound lies where {track.info.title!r} was taken in: ingest the file again",
            )

    def _choose_engine(self, asked: str, target: StoredTarget) -> str:
        """Return the engine asked for, or the first of ours that has learnt the voice."""
        known = [name for name in self._engines.names if name in target.engines]
        name = asked or (known[0] if known else "")
        engine = self._engines.get(name).info
        if target.engines.get(engine.name) != engine.version:
            raise not_enrolled(target.voice_id, f"{engine.name} {engine.version}")
        return engine.name

    def _enqueue(self, conversion: StoredConversion) -> None:
        if conversion.state.is_final:
            return
        try:
            self._jobs.enqueue(
                conversion.conversion_id, conversion.tenant, conversion.order.priority, conversion.number
            )
        except UnavailableError as error:
            # The row is the truth: whoever sweeps hands it to the workers once their queue is back.
            LOG.warning("conversion_not_enqueued", conversion_id=conversion.conversion_id, reason=error.reason)
