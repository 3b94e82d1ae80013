"""What sentences about a suggestion may draw on: nothing else is ever said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from singalike.recsys.suggestions import Evidence, Likeness, Moment, SignalGap

IN_TESSITURA, IN_RANGE = "tessitura", "range"


@dataclass(frozen=True)
class KeyFacts:
    """In which key a song lies well.

    Attributes:
        shift: Semitones, positive is higher.
        before, after: Share of the sung time inside the zone, unshifted and shifted, in [0, 1].
        confidence: 0 when another key fits as well; None when not known.
        zone: `IN_TESSITURA` or `IN_RANGE`.
        own_zone: Whether the zone is the person's; False: that of the seeds, where no voice was given.
    """

    shift: int
    before: float
    after: float
    confidence: float | None = None
    zone: str = IN_TESSITURA
    own_zone: bool = True


@dataclass(frozen=True)
class Facts:
    """What is known of one suggestion; None or empty where it is not.

    Attributes:
        singer: Name of the singer.
        evidence: What the score is made of.
        title: Of the song; empty when a singer is suggested.
        own_voice: Whether the person's voice alone was compared; False when seeds were named.
        likeness: Of the person's voice and the singer's.
        person_midi, singer_midi: Tessituras in MIDI pitch, low and high.
        person_gender, singer_gender: What the recordings sound like: "female", "male", "undecided" or "".
        moment, moment_title: Best matching pair of moments, and the title of its track.
        key: Of the song.
        anybody_likes: Whether any listener is known to like the song, or the singer.
        usual: Mean of each signal over the rivals: the best of what could have been suggested.
    """

    singer: str
    evidence: tuple[Evidence, ...]
    title: str = ""
    own_voice: bool = True
    likeness: Likeness | None = None
    person_midi: tuple[float, float] | None = None
    singer_midi: tuple[float, float] | None = None
    person_gender: str = ""
    singer_gender: str = ""
    moment: Moment | None = None
    moment_title: str = ""
    key: KeyFacts | None = None
    anybody_likes: bool = True
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def common_midi(self) -> tuple[float, float] | None:
        """The part of the tessituras that both have; None when there is none or one is not known."""
        if self.person_midi is None or self.singer_midi is None:
            return None
        low, high = max(self.person_midi[0], self.singer_midi[0]), min(self.person_midi[1], self.singer_midi[1])
        return (low, high) if low <= high else None


@dataclass(frozen=True)
class Standing:
    """Where a singer stands in a ranking.

    Attributes:
        rank: Place by score among those that pass the filters, from 1; 0 when the singer does not pass.
        ranked_count: How many pass.
        suggested: Whether on the first page.
        barriers: What keeps the singer off every page, as words of the wire.
        gaps: Against the last one of the first page, most costly first.
        last: Name of that one; empty when the page is empty.
    """

    rank: int
    ranked_count: int
    suggested: bool
    barriers: tuple[str, ...] = ()
    gaps: tuple[SignalGap, ...] = ()
    last: str = ""

    @property
    def passed_over(self) -> bool:
        """Whether somebody of no better score stands on the page, because a page keeps singers apart who are alike."""
        return bool(self.last) and not self.suggested and sum(gap.difference for gap in self.gaps) >= 0.0
