"""An enroller on a real store, with an ear, a decoder and an engine that know voices by number."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from singalike.audio.separation import IdentitySeparator
from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, EngineInfo, TargetVoice
from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.errors import InvalidInputError
from singalike.services.conversion.enrol import TargetEnroller
from singalike.services.conversion.enrolment import Enrolment, VoiceRecording
from singalike.services.records import Consent
from tests.support.conversion_stores import ENGINE, STATEMENT, TENANT, ConversionStores, conversion_stores
from tests.support.folders import quick_folder
from tests.support.voices import TIMBRE_DIM, voice

RATE = 8_000
FULL_SCALE = 20.0


def recording(number: float, duration_s: float = 10.0) -> VoiceRecording:
    """Return a recording of a voice, which every part of this module knows by its number; 0 is silence.

    Voices of two whole numbers have nothing in common; 1.5 is as like 1 as it is like 2.
    """
    return VoiceRecording(f"{number} {duration_s}".encode)


def heard(number: float, duration_s: float = 10.0) -> VoiceProfile:
    """Return the profile of a recording."""
    timbre, part = np.zeros(TIMBRE_DIM, np.float32), 0.5 * np.pi * (number % 1.0)
    timbre[int(number) % TIMBRE_DIM], timbre[(int(number) + 1) % TIMBRE_DIM] = np.cos(part), np.sin(part)
    return replace(voice(1, voiced_s=0.8 * duration_s), timbre=timbre)


class NumberDecoder:
    """Decodes `recording` to a constant that says whose voice it is."""

    def decode(self, audio: bytes) -> Sound:
        """Return the sound of a voice."""
        number, duration_s = audio.decode().split()
        samples = round(float(duration_s) * RATE)
        return Sound(np.full((1, samples), float(number) / FULL_SCALE, np.float32), RATE)


class NumberEar:
    """Hears whose voice a recording is, by its number."""

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Return a profile for each."""
        return [self._hear(vocal) for vocal in vocals]

    def _hear(self, vocal: Sound) -> VoiceProfile:
        number = round(float(np.median(vocal.waveform)) * FULL_SCALE, 2)
        if not number:
            raise InvalidInputError("SILENT", "nothing can be heard: check the microphone and record again")
        return heard(number, vocal.duration_s)


@dataclass
class NoEngine:
    """Learns nothing of a voice but how long it was heard."""

    name: str = ENGINE
    heard_s: list[float] = field(default_factory=list)

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return EngineInfo(self.name, "1", "none", "none", 1.0, RATE)

    def enrol(self, takes: Sequence[Sound], context: ConversionContext) -> TargetVoice:
        """Learn how long a voice was heard."""
        self.heard_s += [take.duration_s for take in takes]
        facts = {"voice_s": sum(take.duration_s for take in takes), "median_midi": 57.0}
        return TargetVoice(self.name, "1", {"mean": np.linspace(0.0, 1.0, 59, dtype=np.float32)}, facts)


class TwoEngines:
    """The engines of a machine: the default and another."""

    def __init__(self) -> None:
        self.all = {name: NoEngine(name) for name in (ENGINE, "other")}
        self.names = tuple(self.all)

    def get(self, name: str = "") -> NoEngine:
        """Return an engine."""
        if name and name not in self.all:
            raise InvalidInputError("ENGINE_UNKNOWN", f"there is no engine {name!r}")
        return self.all[name or ENGINE]


@dataclass
class Dictation:
    """A recogniser that hears what a test says."""

    heard: str = ""

    def transcribe(self, reading: Sound, language: str) -> str:
        """Return what the test said."""
        return self.heard


@dataclass
class Enrolling:
    """An enroller and what it works with."""

    enroller: TargetEnroller
    stores: ConversionStores
    engines: TwoEngines
    catalogue: list[VoiceProfile]
    recogniser: Dictation | None = None

    def with_reading(
        self, *takes: VoiceRecording, reading: VoiceRecording | None = None, **changes: object
    ) -> Enrolment:
        """Return an enrolment of these takes with a fresh phrase, which voice 1 reads if nobody else does."""
        phrase = self.enroller.create_phrase(TENANT.name)
        if self.recogniser is not None and not self.recogniser.heard:
            self.recogniser.heard = phrase.text
        given = {"reading": reading or recording(1, 8.0), "phrase_id": phrase.phrase_id, **changes}
        return Enrolment(TENANT.name, Consent("Mia", STATEMENT, self.stores.clock()), takes, **given)  # type: ignore[arg-type]


@contextmanager
def enrolling(recogniser: Dictation | None = None) -> Iterator[Enrolling]:
    """Open an enroller over a fresh SQLite database."""
    engines, catalogue = TwoEngines(), list[VoiceProfile]()

    def singers(timbre: Vectors) -> NDArray[np.float64]:
        return np.array([profile.timbre @ timbre for profile in catalogue], dtype=np.float64)

    with quick_folder() as folder, conversion_stores(f"sqlite:///{folder / 'catalogue.db'}") as stores:
        enroller = TargetEnroller(
            NumberEar(),
            NumberDecoder(),
            IdentitySeparator(),
            engines,
            stores.targets,
            singers,
            stores.clock,
            Random(1),
            recogniser=recogniser,
        )
        yield Enrolling(enroller, stores, engines, catalogue, recogniser)
