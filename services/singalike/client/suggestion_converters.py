"""What a client asks for suggestions, and what it is answered, between values and messages."""

from collections.abc import Mapping
from typing import TypeVar

from singalike.client.converters import GENDER_BY_WORD, read_singer_suggestion, read_song_suggestion
from singalike.client.explanation_converters import read_abstention
from singalike.client.profile_converters import summary_from_message
from singalike.client.records import Preset, SingerSuggestions, SongSuggestions, SuggestionChoices, SuggestionFilters
from singalike.client.requests import invalid
from singalike.recsys.seeds import SEED_KINDS, Seed
from singalike.recsys.suggestions import ListSummary, SignalGap, SingerExplanation, VoiceSummary
from singalike.v1 import catalogue_pb2, feedback_pb2, suggestions_pb2
from singalike.v1 import recommender_service_pb2 as pb

Value = TypeVar("Value")

RELATION_BY_WORD = {
    "similar": suggestions_pb2.RELATION_SIMILAR,
    "duet_partner": suggestions_pb2.RELATION_DUET_PARTNER,
    "dissimilar": suggestions_pb2.RELATION_DISSIMILAR,
}
MODE_BY_WORD = {
    "easy": suggestions_pb2.SINGING_MODE_EASY,
    "comfortable": suggestions_pb2.SINGING_MODE_COMFORTABLE,
    "stretch": suggestions_pb2.SINGING_MODE_STRETCH,
}


def write_options(
    k: int, timbre_style: float, filters: SuggestionFilters | None, choices: SuggestionChoices | None
) -> suggestions_pb2.SuggestionOptions:
    """Write how suggestions are chosen."""
    allowed, chosen = filters or SuggestionFilters(), choices or SuggestionChoices()
    return suggestions_pb2.SuggestionOptions(
        k=k,
        timbre_style=timbre_style,
        excluded_singer_ids=allowed.excluded_singer_ids,
        excluded_track_ids=allowed.excluded_track_ids,
        genres=allowed.genres,
        languages=allowed.languages,
        voice_genders=[_gender(word) for word in allowed.voice_genders],
        signals_off=allowed.signals_off,
        excluded_genres=allowed.excluded_genres,
        excluded_languages=allowed.excluded_languages,
        unlike_singer_ids=allowed.unlike_singer_ids,
        preset=chosen.preset,
        weights=chosen.weights,
        listener_id=chosen.listener_id,
        seeds=[_write_seed(seed) for seed in chosen.seeds],
        relation=_word("relation", RELATION_BY_WORD, chosen.relation),
        diversity=chosen.diversity,
        songs_per_singer=chosen.songs_per_singer,
        singing_mode=_word("singing_mode", MODE_BY_WORD, chosen.singing_mode),
        original_key=chosen.original_key,
        language_code=chosen.language_code,
        even_if_unsure=chosen.even_if_unsure,
        random_seed=chosen.random_seed,
    )


def _write_seed(seed: Seed) -> suggestions_pb2.Seed:
    if seed.kind not in SEED_KINDS:
        raise invalid("seeds", f"must be of one kind of {', '.join(SEED_KINDS)}")
    message = suggestions_pb2.Seed(weight=seed.weight)
    setattr(message, f"{seed.kind}_id", seed.id)
    return message


def _word(field: str, known: dict[str, Value], word: str) -> Value:
    if word not in known:
        raise invalid(field, f"must be one of {', '.join(known)}")
    return known[word]


def _gender(word: str) -> "catalogue_pb2.VoiceGender.ValueType":
    if word not in ("female", "male"):
        raise invalid("voice_genders", 'must be "female" or "male"')
    return GENDER_BY_WORD[word]


def read_singers(message: pb.RecommendSingersResponse) -> SingerSuggestions:
    """Read the answer of RecommendSingers."""
    return SingerSuggestions(
        singers=tuple(read_singer_suggestion(singer) for singer in message.singers),
        voice=_voice(message),
        notes=tuple(message.notes),
        next_page_token=message.next_page_token,
        summary=read_summary(message.summary),
        abstention=read_abstention(message),
    )


def read_songs(message: pb.RecommendSongsResponse) -> SongSuggestions:
    """Read the answer of RecommendSongs."""
    return SongSuggestions(
        songs=tuple(read_song_suggestion(song) for song in message.songs),
        voice=_voice(message),
        notes=tuple(message.notes),
        next_page_token=message.next_page_token,
        summary=read_summary(message.summary),
        abstention=read_abstention(message),
    )


def read_explanation(message: pb.ExplainSingerResponse) -> SingerExplanation:
    """Read why a singer is, or is not, suggested."""
    return SingerExplanation(
        singer=read_singer_suggestion(message.singer),
        rank=message.rank,
        ranked_count=message.ranked_count,
        suggested=message.suggested,
        barriers=tuple(message.barriers),
        gaps=tuple(SignalGap(gap.signal, gap.difference) for gap in message.gaps),
        explanation=message.explanation,
    )


def _voice(message: pb.RecommendSingersResponse | pb.RecommendSongsResponse) -> VoiceSummary | None:
    return summary_from_message(message.voice) if message.HasField("voice") else None


def read_summary(message: suggestions_pb2.ListSummary) -> ListSummary:
    """Read how a list came about."""
    return ListSummary(
        preset=message.preset,
        weights=_heaviest_first(message.weights),
        candidate_count=message.candidate_count,
        diversity=message.diversity if message.HasField("diversity") else None,
        coverage=message.coverage,
        exposure_id=message.exposure_id,
        experiment=message.experiment,
        arm=message.arm,
        fallbacks=tuple(message.fallbacks),
        catalogue_revision=message.catalogue_revision,
        learnt_from_events=message.learnt_from_events,
    )


def read_preset(message: feedback_pb2.Preset) -> Preset:
    """Read a preset of weights."""
    return Preset(
        name=message.name,
        version=message.version,
        ranks=message.ranks,
        weights=_heaviest_first(message.weights),
        taste_half_weight_events=message.taste_half_weight_events,
        description=message.description,
        figures=dict(sorted(message.figures.items())),
        is_default=message.is_default,
    )


def _heaviest_first(weights: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(weights.items(), key=lambda weight: (-weight[1], weight[0])))
