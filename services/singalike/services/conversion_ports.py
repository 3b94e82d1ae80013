"""The seams of the conversion shell: what its use cases need from the outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from singalike.audio.sound import Sound
from singalike.conversion.engine import EngineInfo, TargetVoice, VoiceEngine
from singalike.conversion.piece_store import PieceStore
from singalike.embeddings.profile import VoiceProfile
from singalike.services.conversion_records import (
    ConsentPhrase,
    ConsentRecord,
    ConversionFault,
    ConversionFilter,
    ConversionNews,
    ConversionOrder,
    ConversionProgress,
    ConvertedSong,
    Job,
    SongFile,
    StoredConversion,
    StoredTarget,
    Tenant,
)
from singalike.services.records import Page


class TargetStore(Protocol):
    """The truth about consents and target voices; what a method has returned from is on disk.

    Every method that takes a tenant answers NotFoundError for what belongs to another.
    """

    def add_phrase(self, phrase: ConsentPhrase) -> None:
        """Keep a phrase; also forgets those that ran out long ago; raises CapacityError TOO_MANY_PHRASES."""

    def get_phrase(self, tenant: str, phrase_id: str) -> ConsentPhrase:
        """Return a phrase that was not used yet, in time or not; raises NotFoundError PHRASE_NOT_FOUND."""

    def add_target(
        self,
        tenant: str,
        profile: VoiceProfile,
        consent: ConsentRecord,
        voices: Mapping[str, TargetVoice],
        *,
        phrase_id: str = "",
        request_id: str = "",
        content: str = "",
    ) -> StoredTarget:
        """Store a voice in the catalogue together with what engines learnt of it, and use the phrase up.

        Args:
            tenant: Whose it is.
            profile: What the ear says of the takes; the recommender uses it under the same voice_id.
            consent: The record.
            voices: Of each engine.
            phrase_id: Phrase that was read; empty where the consent was declared.
            request_id: A repeated one returns the first voice.
            content: Digest of the request; a repeated request_id with another one is refused.

        Raises:
            NotFoundError: PHRASE_NOT_FOUND, it was used up meanwhile.
            AlreadyExistsError: REQUEST_ID_TAKEN.
            CapacityError: DISK_FULL.
        """

    def find_target_request(self, tenant: str, request_id: str, content: str) -> StoredTarget | None:
        """Return the voice that this request created before; raises AlreadyExistsError REQUEST_ID_TAKEN."""

    def get_target(self, tenant: str, voice_id: str) -> StoredTarget:
        """Return a voice.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: VOICE_NOT_FOR_CONVERSION, the recommender knows it, but nobody enrolled it to sing with.
        """

    def load_target_voice(self, voice_id: str, engine: str) -> TargetVoice:
        """Return what an engine learnt of a voice.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: CONSENT_REVOKED; CONSENT_EXPIRED; VOICE_NOT_ENROLLED_FOR_ENGINE.
        """

    def load_profile(self, voice_id: str) -> VoiceProfile:
        """Return what the ear says of a voice; raises NotFoundError VOICE_NOT_FOUND."""

    def revoke_consent(self, tenant: str, voice_id: str, now: datetime) -> tuple[StoredTarget, tuple[str, ...]]:
        """Take a consent back: erase vectors, arrays and conversions of the voice, keep the record.

        Returns:
            What is left, and the ids of the erased conversions, whose jobs and files must follow.
        """

    def remove_target(self, tenant: str, voice_id: str) -> tuple[str, ...]:
        """Erase a voice with its record and conversions; returns the ids of the conversions."""

    def lapse_consents(self, now: datetime) -> tuple[str, ...]:
        """Erase vectors, arrays and conversions of voices whose consent has run out; the records stay.

        Returns:
            Ids of the erased conversions, whose jobs and files must follow.
        """

    def close(self) -> None:
        """Let go of files and connections."""


class ConversionStore(Protocol):
    """The truth about conversions; what a method has returned from is on disk."""

    def add_conversion(
        self, tenant: Tenant, order: ConversionOrder, request_id: str = "", content: str = ""
    ) -> StoredConversion:
        """Store a conversion, QUEUED; a repeated request_id returns the first one.

        Raises:
            AlreadyExistsError: REQUEST_ID_TAKEN, with another content.
            CapacityError: TOO_MANY_CONVERSIONS, of this tenant; DISK_FULL.
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: CONSENT_REVOKED, CONSENT_EXPIRED, VOICE_NOT_FOR_CONVERSION, VOICE_NOT_ENROLLED_FOR_ENGINE.
                The consent is looked at in the same transaction.
        """

    def find_conversion_request(self, tenant: str, request_id: str, content: str) -> StoredConversion | None:
        """Return the conversion that this request created before; raises AlreadyExistsError REQUEST_ID_TAKEN."""

    def get_conversion(self, conversion_id: str, tenant: str = "") -> StoredConversion:
        """Return a conversion, of any tenant when none is named; raises NotFoundError CONVERSION_NOT_FOUND."""

    def list_conversions(
        self, page_size: int = 50, page_token: str = "", where: ConversionFilter | None = None
    ) -> Page[StoredConversion]:
        """List conversions, newest first."""

    def news(self, conversion_id: str, after_sequence: int = 0) -> Sequence[ConversionNews]:
        """Return what happened after a sequence, in order; raises NotFoundError CONVERSION_NOT_FOUND."""

    def sequences(self, conversion_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how far the news of conversions are, by id, in one look; unknown ids are left out."""

    def start(self, conversion_id: str, executor_id: str, most_running: int | None = None) -> StoredConversion:
        """Give a conversion to a worker: RUNNING, one more attempt. What another worker still says of it is refused.

        Args:
            conversion_id: Which.
            executor_id: Who works on it.
            most_running: Refuse when its tenant has so many others RUNNING already, counted in the same transaction.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
            WrongStateError: CONVERSION_FINISHED; CONVERSION_CANCELLED.
            CapacityError: TENANT_BUSY.
        """

    def report(self, conversion_id: str, executor_id: str, progress: ConversionProgress) -> None:
        """Note how far a worker is; steps of less than half a percent within a stage are no news.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND, it was deleted.
            WrongStateError: CONVERSION_CANCELLED; CONVERSION_FINISHED; CONVERSION_MOVED, another worker has it now.
        """

    def check(self, conversion_id: str, executor_id: str) -> None:
        """Raise as `report` does, without news."""

    def note_key_shift(self, conversion_id: str, executor_id: str, semitones: int) -> None:
        """Fill in the key shift that was chosen; raises as `report`."""

    def succeed(self, conversion_id: str, executor_id: str, song: ConvertedSong) -> StoredConversion:
        """End with a song, once; the same again changes nothing; raises as `report`."""

    def fail(self, conversion_id: str, executor_id: str, fault: ConversionFault) -> StoredConversion:
        """End without a song; an empty executor_id ends it whoever has it; raises as `report`."""

    def requeue(self, conversion_id: str, executor_id: str, *, given_back: bool = False) -> StoredConversion:
        """Take a conversion from a worker: QUEUED again; nothing where it has ended, waits, or another worker has it.

        Args:
            conversion_id: Which.
            executor_id: Worker that died, or gives it back.
            given_back: The worker was told to stop: this attempt does not count.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
        """

    def cancel_conversion(self, conversion_id: str, tenant: str = "") -> StoredConversion:
        """Cancel; cancelling again changes nothing.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
            WrongStateError: CONVERSION_FINISHED, it has succeeded or failed.
        """

    def remove_conversion(self, conversion_id: str, tenant: str = "") -> None:
        """Erase a conversion and its news; raises NotFoundError CONVERSION_NOT_FOUND."""

    def remove_expired(self, now: datetime) -> tuple[str, ...]:
        """Erase conversions whose time has come; returns their ids, whose jobs and files must follow."""

    def unfinished(self) -> Sequence[StoredConversion]:
        """Return all that are QUEUED or RUNNING, oldest first."""

    def conversion_ids(self) -> frozenset[str]:
        """Return all ids: what lies in the folder of results and is not among them may go."""

    def contents(self) -> frozenset[str]:
        """Return the digests of all songs that conversions are of: vocals of others are needed by nobody."""

    def close(self) -> None:
        """Let go of files and connections."""


class Executors(Protocol):
    """Which workers live. Counts only: whoever watches compares them by a clock of its own."""

    def beat(self, executor_id: str) -> None:
        """Say that a worker lives: its count grows by one, from one."""

    def beats(self) -> Mapping[str, int]:
        """Return the counts of all workers that have not left."""

    def leave(self, executor_id: str) -> None:
        """Forget a worker that has ended or died; unknown ids are ignored."""

    def close(self) -> None:
        """Let go of files and connections."""


class SongFiles(Protocol):
    """Where the sound of the catalogue's tracks lies."""

    def add_song_file(self, file: SongFile) -> None:
        """Remember where a song lies; the last word counts."""

    def add_track_file(self, file: SongFile) -> bool:
        """Remember where a track of the catalogue lies; returns whether the track is (still) there."""

    def find_song_file(self, content_sha256: str) -> SongFile:
        """Return where a song lies; raises NotFoundError SONG_SOUND_NOT_FOUND."""

    def song_paths(self) -> frozenset[str]:
        """Return all paths: what was kept for the catalogue and is not among them may go."""

    def close(self) -> None:
        """Let go of files and connections."""


class JobQueue(Protocol):
    """Hands conversions to workers; the store is the truth, this is who gets on with it."""

    def enqueue(self, conversion_id: str, tenant: str, priority: str, number: int) -> None:
        """Have a conversion worked on: nothing where its job waits or is taken; again where it has ended.

        Args:
            conversion_id: Which.
            tenant: Whose it is; tenants take turns.
            priority: Of a tenant's conversions those of the highest come first,
            number: of equal ones that with the smallest number.

        Raises:
            UnavailableError: JOBS_UNAVAILABLE.
        """

    def cancel(self, conversion_id: str) -> None:
        """Have no worker take a conversion any more, until it is enqueued again; unknown ids are ignored."""

    def put_back(self, conversion_id: str, executor_id: str) -> None:
        """Take a job from a worker that died, so that another takes it; nothing where that worker does not have it."""

    def forget(self, conversion_ids: Sequence[str]) -> None:
        """Erase every trace of jobs; unknown ids are ignored."""

    def jobs(self) -> Sequence[Job]:
        """Return every job that was not forgotten."""

    def close(self) -> None:
        """Let go of connections."""


class ConversionFolder(Protocol):
    """The files of conversions: pieces while they are at work, songs when they are done, stems for all."""

    def pieces(self, conversion_id: str) -> PieceStore:
        """Return where a conversion keeps finished pieces."""

    def song_path(self, conversion_id: str, suffix: str) -> Path:
        """Return where the finished song goes; its folder is there."""

    def find_song(self, conversion_id: str) -> Path:
        """Return the finished song; raises NotFoundError SONG_NOT_FOUND."""

    def drop_pieces(self, conversion_id: str) -> None:
        """Erase what only the work needed."""

    def erase(self, conversion_id: str) -> None:
        """Erase every file of a conversion; nothing where there is none."""

    def conversion_ids(self) -> frozenset[str]:
        """Return the ids of all conversions that have files; ask before the store: what comes in between has a row."""

    def load_vocal(self, name: str) -> Sound | None:
        """Return a separated vocal, or None.

        Args:
            name: The song's content_sha256, "-", and a digest of what else decides the vocal.
        """

    def save_vocal(self, name: str, vocal: Sound) -> Sound:
        """Keep a separated vocal for all who ask for the song; returns it as it will be loaded."""

    def vocal_contents(self) -> frozenset[str]:
        """Return content_sha256 of the songs whose vocals are kept; ask before `ConversionStore.contents`."""

    def erase_vocals(self, content_sha256: str) -> None:
        """Erase all vocals of a song: nobody asks for it any more."""


class Engines(Protocol):
    """The engines of this machine."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all that are installed, the default first; those without their weights cannot sing."""

    def ready(self) -> tuple[EngineInfo, ...]:
        """Return what is known of every engine that can sing here, the default first; loads them."""

    def get(self, name: str = "") -> VoiceEngine:
        """Return an engine, loaded once; empty: the default.

        Raises:
            InvalidInputError: ENGINE_UNKNOWN.
            WrongStateError: ENGINE_NOT_INSTALLED, ENGINE_WEIGHTS_MISSING, WEIGHTS_DAMAGED.
        """


class SongReader(Protocol):
    """Finds the sound of a song again."""

    def read(self, content_sha256: str) -> tuple[Sound, SongFile]:
        """Decode a song.

        Raises:
            NotFoundError: SONG_SOUND_NOT_FOUND, nobody knows where it lies.
            WrongStateError: SONG_CHANGED, other bytes lie there now.
            InvalidInputError: SONG_TOO_LONG, or as the decoder refuses it.
        """


class SpeechRecogniser(Protocol):
    """Writes down what is read aloud."""

    def transcribe(self, reading: Sound, language: str) -> str:
        """Return the words."""
