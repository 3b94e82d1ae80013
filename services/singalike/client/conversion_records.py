"""What a client is told of target voices and conversions, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Engine:
    """An engine that a server can sing with.

    Attributes:
        name: As requests name it.
        version: Grows with every change of what it makes.
        licence, weights_licence: Of its code and of its weights ("none" where it has none).
        min_voice_s: Seconds of clear voice that it needs to learn a voice.
        sample_rate: At which it works, in Hz.
    """

    name: str
    version: str
    licence: str
    weights_licence: str
    min_voice_s: float
    sample_rate: int


@dataclass(frozen=True)
class ConsentPhrase:
    """A phrase that the owner of a voice reads aloud, good for one enrolment until `expire_time`."""

    phrase_id: str
    text: str
    expire_time: datetime


@dataclass(frozen=True)
class ConsentRecord:
    """The record of a consent.

    Attributes:
        subject: Who agreed, as your application names them.
        statement, statement_sha256: The sentence that was agreed to, and its digest.
        method: "read_back" or "declared".
        time: When.
        scope: What it covers.
        phrase: What was read aloud; empty where it was declared.
        read_back_likeness: How alike reading and takes are, -1 to 1; None where it was declared.
        expire_time: Until when; None: until it is revoked.
        revoke_time: When it was taken back; None: it stands.
        word_error_rate: Of what was read aloud against the phrase; None where the words were not checked.
    """

    subject: str
    statement: str
    statement_sha256: str
    method: str
    time: datetime
    scope: str = "conversion"
    phrase: str = ""
    read_back_likeness: float | None = None
    expire_time: datetime | None = None
    revoke_time: datetime | None = None
    word_error_rate: float | None = None


@dataclass(frozen=True)
class TargetVoice:
    """A voice to sing with; `VoiceId(voice_id)` names it to the recommender too.

    Attributes:
        voice_id: Random id.
        engines: Engines that learnt it, with their versions; empty after the consent was revoked.
        voice_s: Seconds of clear voice that it was learnt from.
        median_midi: Median of its pitch in MIDI pitch.
        consent: The agreement that it is kept by.
        create_time: When it was enrolled.
    """

    voice_id: str
    engines: tuple[str, ...]
    voice_s: float
    median_midi: float
    consent: ConsentRecord
    create_time: datetime


@dataclass(frozen=True)
class ConversionChoices:
    """How a song is to be sung; what is None is the server's choice.

    Attributes:
        octaves_only: Move the voice by whole octaves and leave the accompaniment in its key; not with a key shift.
        engine: Name of the engine; empty: the server's choice.
        sound_format: "ogg", "flac", "wav" or "mp3".
        priority: "low", "normal" or "high", among the conversions of one tenant.
        retrieval_share: How much of the colour comes from single moments of the voice, in [0, 1].
        protect: Share of the conversion that consonants and breath get, in [0, 1].
        seed: The same seed gives the same sound.
        keep_s: How long the finished song is kept, in seconds.
    """

    octaves_only: bool = False
    engine: str = ""
    sound_format: str = "ogg"
    priority: str = "normal"
    retrieval_share: float | None = None
    protect: float | None = None
    seed: int = 0
    keep_s: int | None = None


@dataclass(frozen=True)
class ConversionProgress:
    """How far a conversion is: its stage, the share done in [0, 1], and seconds left (None while nothing is known)."""

    stage: str
    share: float
    time_left_s: float | None = None


@dataclass(frozen=True)
class ConversionFault:
    """Why a conversion ended without a song."""

    reason: str
    message: str


@dataclass(frozen=True)
class ConvertedSong:
    """A finished song.

    Attributes:
        sha256: Of the file, in hex digits.
        size_bytes: Of the file.
        duration_s: Its length.
        engine: Engine and version that sang.
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
class SongConversion:
    """A song on its way into a person's voice.

    Attributes:
        conversion_id: Random id.
        voice_id, track_id: The voice and the song.
        key_shift_semitones: Asked for, or chosen by the server once it is known; None before.
        choices: What was asked for, with the server's choices filled in.
        state: "queued", "running", "succeeded", "failed" or "cancelled".
        progress: How far it is.
        sequence: Number of the last news.
        create_time: When it was acknowledged.
        start_time, end_time: When a worker first took it and when it ended; None before.
        expire_time: When it will be erased; None before its end.
        fault: Why it failed or was cancelled; None otherwise.
        song: The finished song; None before.
    """

    conversion_id: str
    voice_id: str
    track_id: str
    key_shift_semitones: int | None
    state: str
    progress: ConversionProgress
    sequence: int
    create_time: datetime
    choices: ConversionChoices = field(default_factory=ConversionChoices)
    start_time: datetime | None = None
    end_time: datetime | None = None
    expire_time: datetime | None = None
    fault: ConversionFault | None = None
    song: ConvertedSong | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in FINAL_STATES


@dataclass(frozen=True)
class ConversionNews:
    """One thing that happened to a conversion; fields as in `SongConversion`."""

    sequence: int
    time: datetime
    state: str
    progress: ConversionProgress
    fault: ConversionFault | None = None


FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})
