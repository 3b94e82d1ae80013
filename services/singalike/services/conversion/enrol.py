"""Use case: enrol a voice to sing with, once its owner has agreed and nothing says that it is another's.

Sound is held in memory while it is looked at and learnt from; it is never written down nor logged.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from singalike.audio.separation import Separator
from singalike.audio.sound import Sound
from singalike.conversion.consent.voice_rules import check_agreement, check_catalogue, check_read_back
from singalike.conversion.consent.words import check_words
from singalike.conversion.engine import ConversionContext, TargetVoice, VoiceEngine
from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.errors import FieldViolation, InvalidInputError, WrongStateError
from singalike.services.conversion.consent_phrases import create_phrase
from singalike.services.conversion.enrolment import LONGEST_ENROLMENT_S, Enrolment, VoiceRecording
from singalike.services.conversion.enrolment_ear import Ear, join, long_parts
from singalike.services.conversion_ports import Engines, SpeechRecogniser, TargetStore
from singalike.services.conversion_records import ConsentMethod, ConsentPhrase, ConsentRecord, StoredTarget
from singalike.services.ports import SoundDecoder
from singalike.services.recordings import take_vocals

LEAST_CLEAR_VOICE_S = 5.0
"""Of all takes together, before they are compared with anybody; engines ask for more."""

LEAST_READ_S = 2.0
"""Clear voice in a reading: a phrase read in a hurry holds three seconds of it."""


@dataclass(frozen=True, eq=False)
class _Voice:
    """What was sent, and what the ear says of it.

    Attributes:
        takes: The vocals.
        parts: Profiles of the takes, short ones together with their neighbours.
        whole: Profile of all of them together.
    """

    takes: Sequence[Sound]
    parts: Sequence[VoiceProfile]
    whole: VoiceProfile


class TargetEnroller:
    """Draws phrases and enrols voices, one at a time; its calls block, and several threads may share it.

    Args:
        ear: Listens.
        decoder: Decodes recordings.
        separator: Takes the vocal out of recordings that hold more.
        engines: Learn voices.
        targets: Where voices and consents are kept.
        singers: Gives the cosines of a timbre vector with the tracks of the catalogue, float64 (tracks,).
        now: The clock, in UTC.
        rng: Draws phrases and their ids; `random.SystemRandom` where somebody might guess.
        phrase_s: How long a phrase may be read.
        recogniser: Writes down what was read; without one, words are not checked.
    """

    def __init__(
        self,
        ear: Ear,
        decoder: SoundDecoder,
        separator: Separator,
        engines: Engines,
        targets: TargetStore,
        singers: Callable[[Vectors], NDArray[np.float64]],
        now: Callable[[], datetime],
        rng: Random,
        *,
        phrase_s: int = 600,
        recogniser: SpeechRecogniser | None = None,
    ) -> None:
        self._ear = ear
        self._decoder = decoder
        self._separator = separator
        self._engines = engines
        self._targets = targets
        self._singers = singers
        self._now = now
        self._rng = rng
        self._phrase_s = phrase_s
        self._recogniser = recogniser
        # Ten minutes of decoded sound are large, and engines compute on all threads that they get.
        self._one_at_a_time = Lock()

    def create_phrase(self, tenant: str, language: str = "") -> ConsentPhrase:
        """Draw a phrase to read aloud and keep it until it expires.

        Args:
            tenant: Who asks.
            language: "en" or "ko"; empty: English.

        Raises:
            InvalidInputError: LANGUAGE_UNKNOWN.
            CapacityError: TOO_MANY_PHRASES; DISK_FULL.
        """
        return create_phrase(self._targets, tenant, language, self._rng, self._now(), phrase_s=self._phrase_s)

    def enrol(self, enrolment: Enrolment) -> StoredTarget:
        """Check consent, reading and takes, let the engines learn the voice, and store it.

        Args:
            enrolment: With the phrase read aloud.

        Raises:
            NotFoundError: PHRASE_NOT_FOUND.
            WrongStateError: CONSENT_MISSING; CONSENT_EXPIRED; PHRASE_EXPIRED; VOICE_OF_CATALOGUE_SINGER;
                ENGINE_WEIGHTS_MISSING.
            InvalidInputError: READ_BACK_OTHER_VOICE; READ_BACK_OTHER_WORDS; MIXED_VOICES; TOO_LITTLE_VOICE;
                TOO_MUCH_VOICE; SILENT; ENGINE_UNKNOWN; or as the decoder refuses.
            AlreadyExistsError: REQUEST_ID_TAKEN.
            CapacityError: DISK_FULL.
        """
        if enrolment.reading is None or not enrolment.phrase_id:
            raise _consent_missing("let the owner of the voice read a phrase aloud")
        return self._repeated(enrolment) or self._enrol_read_back(enrolment, enrolment.reading)

    def enrol_declared(self, enrolment: Enrolment) -> StoredTarget:
        """Enrol a voice whose owner sits at this machine and agrees there; nothing is read aloud.

        Whether the voice is a catalogue singer's is not asked: it may well be, and then it is theirs.

        Args:
            enrolment: Without a reading.

        Raises:
            SingalikeError: As `enrol`, without what concerns phrases and readings.
        """
        return self._repeated(enrolment) or self._enrol_declared(enrolment)

    def _repeated(self, enrolment: Enrolment) -> StoredTarget | None:
        """Return the voice that the same request created before."""
        if not enrolment.consent.subject.strip() or not enrolment.consent.statement.strip():
            raise _consent_missing("send consent.subject and consent.statement")
        if not enrolment.request_id:
            return None
        return self._targets.find_target_request(enrolment.tenant, enrolment.request_id, enrolment.content)

    def _enrol_read_back(self, enrolment: Enrolment, reading: VoiceRecording) -> StoredTarget:
        phrase = self._targets.get_phrase(enrolment.tenant, enrolment.phrase_id)
        now = self._now()
        if phrase.expire_time <= now:
            message = f"the phrase could be read until {phrase.expire_time:%H:%M:%S} UTC: ask for a new one"
            raise WrongStateError("PHRASE_EXPIRED", message)
        _refuse_past(enrolment.expire_time, now)
        engines = self._chosen(enrolment)
        with self._one_at_a_time:
            spoken = self._vocal(reading)
            read = self._heard(spoken, "read_back")
            _refuse_little("read_back", read.quality.voiced_s, LEAST_READ_S)
            voice = self._listen(enrolment.takes)
            likeness = check_read_back(read.timbre, voice.whole.timbre)
            check_agreement(np.stack([part.timbre for part in voice.parts]))
            check_catalogue(self._singers(voice.whole.timbre), likeness)
            errors = self._check_words(phrase, spoken)
            record = _record(enrolment, ConsentMethod.READ_BACK, phrase.text, likeness, errors)
            return self._keep(enrolment, voice, engines, record)

    def _enrol_declared(self, enrolment: Enrolment) -> StoredTarget:
        _refuse_past(enrolment.expire_time, self._now())
        engines = self._chosen(enrolment)
        with self._one_at_a_time:
            voice = self._listen(enrolment.takes)
            check_agreement(np.stack([part.timbre for part in voice.parts]))
            return self._keep(enrolment, voice, engines, _record(enrolment, ConsentMethod.DECLARED))

    def _chosen(self, enrolment: Enrolment) -> dict[str, VoiceEngine]:
        """Load the engines before anybody waits for the rest."""
        engines = [self._engines.get(name) for name in enrolment.engines or ("",)]
        return {engine.info.name: engine for engine in engines}

    def _listen(self, recordings: Sequence[VoiceRecording]) -> _Voice:
        takes: list[Sound] = []
        for recording in recordings:
            takes.append(self._vocal(recording))
            _refuse_much(sum(take.duration_s for take in takes))
        parts = [self._heard(part, f"takes[{first}]") for first, part in long_parts(takes)]
        whole = parts[0] if len(parts) == 1 else self._heard(join(takes), "takes")
        _refuse_little("takes", whole.quality.voiced_s, LEAST_CLEAR_VOICE_S)
        return _Voice(takes, parts, whole)

    def _vocal(self, recording: VoiceRecording) -> Sound:
        sound = self._decoder.decode(recording.read())
        return take_vocals(sound, recording.channel, None if recording.a_cappella else self._separator)

    def _heard(self, vocal: Sound, field: str) -> VoiceProfile:
        """Listen to one recording; what is refused is named."""
        try:
            return self._ear.encode([vocal])[0]
        except InvalidInputError as error:
            violation = FieldViolation(field, error.message)
            raise InvalidInputError(error.reason, f"{field}: {error.message}", (violation,)) from error

    def _check_words(self, phrase: ConsentPhrase, spoken: Sound) -> float | None:
        if self._recogniser is None:
            return None
        return check_words(phrase.text, self._recogniser.transcribe(spoken, phrase.language), phrase.language)

    def _keep(
        self, enrolment: Enrolment, voice: _Voice, engines: dict[str, VoiceEngine], record: ConsentRecord
    ) -> StoredTarget:
        learnt: dict[str, TargetVoice] = {
            name: engine.enrol(voice.takes, ConversionContext()) for name, engine in engines.items()
        }
        return self._targets.add_target(
            enrolment.tenant,
            voice.whole,
            record,
            learnt,
            phrase_id=enrolment.phrase_id,
            request_id=enrolment.request_id,
            content=enrolment.content,
        )


def _record(
    enrolment: Enrolment,
    method: ConsentMethod,
    phrase: str = "",
    likeness: float | None = None,
    word_errors: float | None = None,
) -> ConsentRecord:
    consent = enrolment.consent
    return ConsentRecord(
        subject=consent.subject,
        statement=consent.statement,
        statement_sha256=hashlib.sha256(consent.statement.encode()).hexdigest(),
        method=method,
        time=consent.time,
        expire_time=enrolment.expire_time,
        phrase=phrase,
        read_back_likeness=likeness,
        word_error_rate=word_errors,
    )


def _consent_missing(advice: str) -> WrongStateError:
    return WrongStateError("CONSENT_MISSING", f"without the owner's consent no voice is enrolled: {advice}")


def _refuse_past(expire_time: datetime | None, now: datetime) -> None:
    if expire_time is not None and expire_time <= now:
        raise WrongStateError("CONSENT_EXPIRED", "the consent has run out already: ask for one that lasts longer")


def _refuse_little(field: str, voiced_s: float, least_s: float) -> None:
    if voiced_s < least_s:
        description = f"{voiced_s:.1f} s of clear voice are too little, {least_s:.0f} s are the least"
        message = f"{field}: {description}: record more, close to the microphone (30 s of singing are best)"
        raise InvalidInputError("TOO_LITTLE_VOICE", message, (FieldViolation(field, description),))


def _refuse_much(takes_s: float) -> None:
    if takes_s > LONGEST_ENROLMENT_S:
        description = f"last longer than {LONGEST_ENROLMENT_S / 60:.0f} minutes together"
        message = f"the takes {description}: send fewer, 30 s to a few minutes are enough"
        raise InvalidInputError("TOO_MUCH_VOICE", message, (FieldViolation("takes", description),))
