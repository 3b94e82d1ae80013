"""What it takes to enrol a voice to sing with, as values; `enrol.py` does it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from singalike.services.conversion_records import ConsentPhrase, StoredTarget
from singalike.services.records import Consent

MOST_TAKES = 32
LONGEST_ENROLMENT_S = 600.0
"""Of all takes together."""


@dataclass(frozen=True)
class VoiceRecording:
    """A recording of a person, still encoded.

    Attributes:
        read: Loads its bytes; blocks.
        channel: "mix", "left" or "right".
        a_cappella: Whether it holds the voice alone; otherwise the vocal is separated first.
    """

    read: Callable[[], bytes]
    channel: str = "mix"
    a_cappella: bool = True


@dataclass(frozen=True)
class Enrolment:
    """A voice that is to be enrolled.

    Attributes:
        tenant: Whose it will be.
        consent: Who agreed to what, and when.
        takes: 1 to 32 recordings to learn from.
        reading: The phrase read aloud; None where the consent was declared on the machine itself.
        phrase_id: Which phrase was read; empty where the consent was declared.
        expire_time: Until when the consent is given; None: until it is revoked.
        engines: Names of those that shall learn the voice; empty: the default.
        request_id: Makes it repeatable.
        content: Digest of all that was asked for, recordings included.
    """

    tenant: str
    consent: Consent
    takes: tuple[VoiceRecording, ...]
    reading: VoiceRecording | None = None
    phrase_id: str = ""
    expire_time: datetime | None = None
    engines: tuple[str, ...] = ()
    request_id: str = ""
    content: str = ""


class VoiceEnroller(Protocol):
    """Draws phrases and enrols voices; both block."""

    def create_phrase(self, tenant: str, language: str = "") -> ConsentPhrase:
        """Draw a phrase to read aloud, "en" or "ko" (empty: English), and keep it until it expires."""

    def enrol(self, enrolment: Enrolment) -> StoredTarget:
        """Check consent, reading and takes, let the engines learn the voice, and store it.

        Raises:
            NotFoundError: PHRASE_NOT_FOUND.
            WrongStateError: CONSENT_MISSING; CONSENT_EXPIRED; PHRASE_EXPIRED; VOICE_OF_CATALOGUE_SINGER;
                ENGINE_WEIGHTS_MISSING.
            InvalidInputError: READ_BACK_OTHER_VOICE; READ_BACK_OTHER_WORDS; MIXED_VOICES; TOO_LITTLE_VOICE;
                TOO_MUCH_VOICE; SILENT; ENGINE_UNKNOWN; or as the decoder refuses.
            AlreadyExistsError: REQUEST_ID_TAKEN.
            CapacityError: DISK_FULL.
        """
