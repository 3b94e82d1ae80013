"""What a language has to be able to say."""

from dataclasses import dataclass
from typing import Protocol

from singalike.audio.quality import QualityReport
from singalike.recsys.explanations.facts import Facts, KeyFacts, Standing
from singalike.recsys.suggestions import Evidence


@dataclass(frozen=True)
class Finding:
    """A clause without a full stop: as it ends a sentence, and as another one follows it."""

    alone: str
    leading: str


class Phrases(Protocol):
    """The sentences of one language."""

    @property
    def code(self) -> str:
        """ISO 639-1."""

    def finding(self, signal: str, value: float, facts: Facts) -> Finding:
        """Say what one signal found."""

    def key_finding(self, key: KeyFacts) -> Finding:
        """Say in which key a song lies well."""

    def join(self, findings: list[Finding]) -> str:
        """Make one sentence of some findings, at least one."""

    def evidence(self, part: Evidence, facts: Facts) -> str:
        """Say what one signal found as a sentence, with what is known beside it."""

    def abstention(self, reason: str, heard_s: float, missing_s: float) -> str:
        """Say why nobody is named."""

    def standing(self, singer: str, standing: Standing, reason: str) -> str:
        """Say why a singer is, or is not, on a list.

        Args:
            singer: Name.
            standing: Where the singer stands.
            reason: What speaks for the singer, as a sentence; may be empty.
        """

    def missing(self, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Say which signals could not be computed."""

    def advice(self, quality: QualityReport) -> tuple[str, ...]:
        """Say what to do better at the next recording, most important first."""

    def nothing_passes(self) -> str:
        """Say that the filters leave nobody."""

    def little_voice(self, heard_s: float, missing_s: float) -> str:
        """Say that names may change with more voice."""

    def several_voices(self) -> str:
        """Say that more than one voice seems to sing."""

    def no_range(self, heard_s: float, needed_s: float) -> str:
        """Say that too little was held for a range."""
