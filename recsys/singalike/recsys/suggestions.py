"""What the recommender answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass

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
class SingerSuggestion:
    """A singer with a voice like the person's.

    Attributes:
        singer_id, name: Who.
        score: Blend of the signals, in [0, 1].
        signals: Contribution of each signal; they sum to the score.
        moments: Best matching pairs, best first.
    """

    singer_id: str
    name: str
    score: float
    signals: Mapping[str, float]
    moments: tuple[Moment, ...]


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
        voice: What was heard.
        notes: Signals that could not be computed and other things to know, as whole sentences.
    """

    singers: tuple[SingerSuggestion, ...]
    songs: tuple[SongSuggestion, ...]
    voice: VoiceSummary
    notes: tuple[str, ...]
