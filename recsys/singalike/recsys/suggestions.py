"""What the recommender answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from singalike.audio.quality import QualityReport
from singalike.embeddings.profile import VocalRange, VoiceProfile


@dataclass(frozen=True)
class Moment:
    """A pair of moments that sound alike.

    Attributes:
        track_id: The catalogue's recording.
        voice_start_s, voice_end_s: Where in the person's recording.
        track_start_s, track_end_s: Where in the catalogue's recording.
        similarity: Cosine of the two timbre vectors.
    """

    track_id: str
    voice_start_s: float
    voice_end_s: float
    track_start_s: float
    track_end_s: float
    similarity: float


@dataclass(frozen=True)
class Likeness:
    """How alike two voices are, told as a share of pairs of different singers.

    Attributes:
        closer_than: Closer than this share of pairs of different singers of the catalogue, in [0, 1].
        low, high: Ends of the 90 % interval, from resampling the segments of the recording and from how far recordings
            of one singer differ.
    """

    closer_than: float
    low: float
    high: float


@dataclass(frozen=True)
class Evidence:
    """One signal behind a suggestion.

    Attributes:
        signal: Its name, or "dislikes".
        value: In [0, 1]; None when it could not be computed.
        weight: After that of signals which could not be computed was shared out, in [0, 1].
        contribution: value x weight; below zero for "dislikes" alone.
        text: What was found, as a sentence.
    """

    signal: str
    value: float | None
    weight: float
    contribution: float
    text: str = ""


@dataclass(frozen=True)
class HeldNote:
    """A note that is held: MIDI pitch and length in seconds."""

    midi_pitch: float
    duration_s: float


@dataclass(frozen=True)
class Singability:
    """How hard a song is for a voice, each part in [0, 1] and 1 easy; None where it is not known.

    Attributes:
        overall: The least of the known parts.
        range: Share of the sung time inside the person's range in this key.
        tempo: How unhurried the notes are.
        phrases: How short the phrases are against a breath.
        leaps: How small the leaps are.
        ease: "easy", "comfortable", "stretch" or "" when a range is not known.
    """

    overall: float
    range: float | None
    tempo: float | None
    phrases: float | None
    leaps: float | None
    ease: str


@dataclass(frozen=True)
class Conversion:
    """Asks the conversion service for a song in the person's voice; `voice_id` is empty when it is not enrolled."""

    voice_id: str
    track_id: str
    key_shift_semitones: int


@dataclass(frozen=True)
class Abstention:
    """Why nobody is named.

    Attributes:
        reason: "MORE_VOICE_NEEDED" or "NOTHING_STANDS_OUT".
        message: The same as a sentence.
        more_voice_s: Seconds of clear voice that are missing, 0 when that is not what is missing.
    """

    reason: str
    message: str
    more_voice_s: float


@dataclass(frozen=True)
class ListSummary:
    """How a list came about.

    Attributes:
        preset: "name@version".
        weights: In force, by signal; they sum to 1.
        candidate_count: Singers or songs that could have been on the list.
        diversity: Mean of 1 - cosine over pairs of the list's timbre vectors, centred; None below two.
        coverage: Share of the catalogue's singers among the candidates.
        exposure_id: Names what was shown; empty without a listener.
        experiment, arm: What chose the preset; empty: nothing.
        fallbacks: "popular", "no_history".
        catalogue_revision: What the list is of.
        learnt_from_events: Events of the listener behind the taste.
    """

    preset: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    candidate_count: int = 0
    diversity: float | None = None
    coverage: float = 0.0
    exposure_id: str = ""
    experiment: str = ""
    arm: str = ""
    fallbacks: tuple[str, ...] = ()
    catalogue_revision: int = 0
    learnt_from_events: int = 0


@dataclass(frozen=True)
class SingerSuggestion:
    """A singer with a voice like the person's.

    Attributes:
        singer_id, name: Who.
        score: Blend of the signals, in [0, 1].
        signals: Contribution of each signal; they sum to the score.
        moments: Best matching pairs, best first.
        likeness: Of the two voices; None without a voice.
        reason: Why, as one sentence.
        evidence: What the score is made of, weightiest first.
    """

    singer_id: str
    name: str
    score: float
    signals: Mapping[str, float]
    moments: tuple[Moment, ...]
    likeness: Likeness | None = None
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class SignalGap:
    """What one signal costs or gains a singer against another: contribution here less contribution there."""

    signal: str
    difference: float


@dataclass(frozen=True)
class SingerExplanation:
    """Why a singer is, or is not, among those suggested.

    Attributes:
        singer: As a suggestion, whether or not they would be one.
        rank: Place by score among the singers that pass the filters, from 1; 0 when they do not pass.
        ranked_count: How many pass.
        suggested: Whether on the first page.
        barriers: What keeps them off every page, as words of the wire; empty: nothing does.
        gaps: Against the last one of the first page, most costly first.
        explanation: The answer in whole sentences.
    """

    singer: SingerSuggestion
    rank: int
    ranked_count: int
    suggested: bool
    barriers: tuple[str, ...]
    gaps: tuple[SignalGap, ...]
    explanation: str


@dataclass(frozen=True)
class SongSuggestion:
    """A song that fits the person's voice.

    Attributes:
        track_id, title, singer_id, singer_name: Which.
        score: Blend of the signals, in [0, 1].
        signals: Contribution of each signal; they sum to the score.
        key_shift_semitones: Sing it so much higher (positive) or lower (negative).
        in_range_before, in_range_after: Share of the sung time inside the person's tessitura, unshifted and shifted;
            None when the person's range or the track's is not known well enough.
        moments: Best matching pairs within this track.
        key_shift_confidence: 0 when another key fits as well, 1 when no other does; None when a range is not known.
        highest_note_midi: Highest held note after the shift; None when not known.
        longest_note: Longest held note after the shift.
        singability: How hard it is for this voice.
        reason: Why, as one sentence.
        evidence: What the score is made of, weightiest first.
        conversion: Asks for it in the person's voice.
    """

    track_id: str
    title: str
    singer_id: str
    singer_name: str
    score: float
    signals: Mapping[str, float]
    key_shift_semitones: int
    in_range_before: float | None
    in_range_after: float | None
    moments: tuple[Moment, ...]
    key_shift_confidence: float | None = None
    highest_note_midi: float | None = None
    longest_note: HeldNote | None = None
    singability: Singability | None = None
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    conversion: Conversion | None = None


@dataclass(frozen=True, eq=False)
class VoiceSummary:
    """What was understood of the person's voice.

    Attributes:
        female_probability: Calibrated probability in [0, 1] that the recording sounds female.
        vocal_range: Range, tessitura and pitch histogram; no pitches where too little was sung.
        quality: What the recording is good for.
        voice_gender: What the recording is called: "female", "male" or "undecided".
    """

    female_probability: float
    vocal_range: VocalRange
    quality: QualityReport
    voice_gender: str

    @classmethod
    def of(cls, profile: VoiceProfile) -> "VoiceSummary":
        """Sum up a profile without its vectors."""
        return cls(profile.female_probability, profile.vocal_range.told(), profile.quality, profile.voice_gender)


@dataclass(frozen=True, eq=False)
class Suggestions:
    """The whole answer.

    Attributes:
        singers, songs: Best first.
        voice: What was heard; None when the request held no voice.
        notes: Signals that could not be computed and other things to know, as whole sentences.
        next_page_token: For the next page; empty at the end.
        abstention: Why nobody is named; None when somebody is.
        summary: How the list came about.
        teams: For a list that two presets made, which gave each suggestion, 0 or 1; else empty.
    """

    singers: tuple[SingerSuggestion, ...]
    songs: tuple[SongSuggestion, ...]
    voice: VoiceSummary | None
    notes: tuple[str, ...]
    next_page_token: str = ""
    abstention: Abstention | None = None
    summary: ListSummary = field(default_factory=ListSummary)
    teams: tuple[int, ...] = ()
