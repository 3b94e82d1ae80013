"""What is kept of target voices, consents and conversions, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from singalike.conversion.writing import SoundFormat

SCOPE = "conversion"
"""What a consent for conversions covers."""

DEFAULT_TENANT = "default"
"""Who asks where tenants are not told apart, and on the command line."""


@dataclass(frozen=True)
class Tenant:
    """An application that uses the conversion service; voices and conversions belong to one.

    Attributes:
        name: As the operator names it.
        most_waiting: Unfinished conversions that it may have, those at work included.
        most_running: Of them at work at once, over all workers.
    """

    name: str = DEFAULT_TENANT
    most_waiting: int = 100
    most_running: int = 4


class ConsentMethod(StrEnum):
    """How a consent was given."""

    READ_BACK = "read_back"
    DECLARED = "declared"


@dataclass(frozen=True)
class ConsentPhrase:
    """A phrase to read aloud.

    Attributes:
        phrase_id: Random id, "p-" and 32 hex digits.
        tenant: Who asked for it.
        text: What is to be read.
        language: "en" or "ko".
        create_time, expire_time: UTC.
    """

    phrase_id: str
    tenant: str
    text: str
    language: str
    create_time: datetime
    expire_time: datetime


@dataclass(frozen=True)
class ConsentRecord:
    """A person's agreement to be sung with.

    Attributes:
        subject: Who agreed, as the calling application names them.
        statement: The sentence that was agreed to.
        statement_sha256: Of the statement in UTF-8, hex digits.
        method: How it was given.
        time: When, UTC.
        expire_time: Until when; None: until it is revoked.
        phrase: What was read aloud; empty where it was declared.
        read_back_likeness: Cosine of the timbre vectors of reading and takes; None where it was declared.
        revoke_time: When it was taken back; None: it stands.
        scope: What it covers.
        word_error_rate: Of what was read aloud against the phrase; None where the words were not checked: it was
            declared, or no speech recogniser is set.
    """

    subject: str
    statement: str
    statement_sha256: str
    method: ConsentMethod
    time: datetime
    expire_time: datetime | None = None
    phrase: str = ""
    read_back_likeness: float | None = None
    revoke_time: datetime | None = None
    scope: str = SCOPE
    word_error_rate: float | None = None


@dataclass(frozen=True)
class StoredTarget:
    """A voice that songs may be sung with; its arrays are loaded apart.

    Attributes:
        voice_id: The id of the enrolled voice in the catalogue, which the recommender knows too.
        tenant: Whose it is.
        engines: Version of each engine that learnt it, by name; empty after the consent was revoked.
        voice_s: Seconds of clear voice that it was learnt from.
        median_midi: Median of its pitch.
        consent: Without a standing one nothing is sung.
        create_time: UTC.
    """

    voice_id: str
    tenant: str
    engines: dict[str, str]
    voice_s: float
    median_midi: float
    consent: ConsentRecord
    create_time: datetime


class ConversionState(StrEnum):
    """Where a conversion stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self in {ConversionState.SUCCEEDED, ConversionState.FAILED, ConversionState.CANCELLED}


class Priority(StrEnum):
    """Which of a tenant's waiting conversions comes first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True)
class ConversionOrder:
    """What was asked for.

    Attributes:
        voice_id: The target.
        track_id: The song in the catalogue; empty where a file is converted that is not in it.
        content_sha256: Of the song's bytes.
        engine: Name of the engine.
        key_shift_semitones: Asked for; None: what fits the voice, or whole octaves.
        octaves_only: Move the voice by whole octaves, leave the accompaniment.
        sound_format: Of the finished song.
        priority: Among the tenant's conversions.
        retrieval_share, protect: See `ConvertOptions`.
        seed: Of all randomness.
        keep_s: How long the finished song is kept.
    """

    voice_id: str
    track_id: str
    content_sha256: str
    engine: str
    key_shift_semitones: int | None = None
    octaves_only: bool = False
    sound_format: SoundFormat = SoundFormat.OGG
    priority: Priority = Priority.NORMAL
    retrieval_share: float | None = None
    protect: float | None = None
    seed: int = 0
    keep_s: int = 7 * 86_400


@dataclass(frozen=True)
class ConversionProgress:
    """How far a conversion is.

    Attributes:
        stage: "queued", "separating", "listening", "shifting", "converting", "mixing", "writing" or "done".
        share: Of the whole work, in [0, 1].
        time_left_s: Estimate; None while nothing is known.
    """

    stage: str = "queued"
    share: float = 0.0
    time_left_s: float | None = None


@dataclass(frozen=True)
class ConversionFault:
    """Why a conversion ended without a song.

    Attributes:
        reason: UPPER_SNAKE_CASE.
        message: For people.
    """

    reason: str
    message: str


@dataclass(frozen=True)
class ConvertedSong:
    """A finished song.

    Attributes:
        sha256: Of the file, hex digits.
        size_bytes: Of the file.
        duration_s: Its length.
        engine: Name and version that sang.
        voice_shift_semitones, accompaniment_shift_semitones: By how much each was moved.
        separator: How the vocal was separated.
    """

    sha256: str
    size_bytes: int
    duration_s: float
    engine: str
    voice_shift_semitones: float
    accompaniment_shift_semitones: float
    separator: str


@dataclass(frozen=True)
class StoredConversion:
    """A conversion as it stands.

    Attributes:
        conversion_id: Random id, "c-" and 32 hex digits.
        tenant: Whose it is.
        order: What was asked for.
        state: Where it stands.
        progress: How far it is.
        sequence: Grows by one with every news.
        attempts: How often a worker began it.
        executor_id: Worker that has it; empty: none.
        create_time: UTC.
        start_time, end_time, expire_time: UTC; None before.
        fault: Why it ended without a song.
        song: The finished song.
        number: Grows with every conversion that is created.
    """

    conversion_id: str
    tenant: str
    order: ConversionOrder
    state: ConversionState
    progress: ConversionProgress
    sequence: int
    attempts: int
    executor_id: str
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    expire_time: datetime | None = None
    fault: ConversionFault | None = None
    song: ConvertedSong | None = None
    number: int = 0


@dataclass(frozen=True)
class ConversionNews:
    """One thing that happened to a conversion; fields as in StoredConversion."""

    sequence: int
    time: datetime
    state: ConversionState
    progress: ConversionProgress
    fault: ConversionFault | None = None


@dataclass(frozen=True)
class ConversionFilter:
    """Which conversions a list holds; empty fields do not restrict."""

    voice_id: str = ""
    state: ConversionState | None = None
    tenant: str = ""


@dataclass(frozen=True)
class SongFile:
    """Where the sound of a song lies.

    Attributes:
        content_sha256: Of its bytes when it was taken in.
        path: Absolute.
        channel: "mix", "left" or "right", as it was listened to.
        a_cappella: Whether it is a voice alone.
    """

    content_sha256: str
    path: str
    channel: str = "mix"
    a_cappella: bool = False


class JobState(StrEnum):
    """Where the job of a conversion stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    ENDED = "ended"


@dataclass(frozen=True)
class Job:
    """Whether anybody gets on with a conversion.

    Attributes:
        conversion_id: Of which conversion.
        state: WAITING for a worker, TAKEN by one, or ENDED: done, failed, or held back.
        executor_id: Worker that took it last; empty: none did.
    """

    conversion_id: str
    state: JobState
    executor_id: str = ""
