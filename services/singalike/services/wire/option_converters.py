"""What a request for suggestions asks for, and how its list came about."""

from singalike.client.converters import WORD_BY_GENDER
from singalike.recsys.blend import BlendPreset
from singalike.recsys.key_fit import COMFORTABLE, EASY, STRETCH
from singalike.recsys.presets import DISSIMILAR, DUET_PARTNER, SIMILAR
from singalike.recsys.seeds import Seed
from singalike.recsys.suggestions import ListSummary
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.v1 import feedback_pb2
from singalike.v1 import suggestions_pb2 as pb

WORD_BY_RELATION = {
    pb.RELATION_UNSPECIFIED: SIMILAR,
    pb.RELATION_SIMILAR: SIMILAR,
    pb.RELATION_DUET_PARTNER: DUET_PARTNER,
    pb.RELATION_DISSIMILAR: DISSIMILAR,
}
WORD_BY_MODE = {
    pb.SINGING_MODE_UNSPECIFIED: COMFORTABLE,
    pb.SINGING_MODE_EASY: EASY,
    pb.SINGING_MODE_COMFORTABLE: COMFORTABLE,
    pb.SINGING_MODE_STRETCH: STRETCH,
}


def read_options(message: pb.SuggestionOptions) -> RecommendOptions:
    """Read how suggestions are chosen, filling in what was left out."""
    default = RecommendOptions()
    return RecommendOptions(
        k=message.k or default.k,
        timbre_style=message.timbre_style if message.HasField("timbre_style") else default.timbre_style,
        excluded_singer_ids=frozenset(message.excluded_singer_ids),
        excluded_track_ids=frozenset(message.excluded_track_ids),
        genres=frozenset(message.genres),
        languages=frozenset(message.languages),
        voice_genders=frozenset(WORD_BY_GENDER[gender] or "" for gender in message.voice_genders),
        signals_off=frozenset(message.signals_off),
        preset=message.preset,
        weights=dict(message.weights),
        listener_id=message.listener_id,
        excluded_genres=frozenset(message.excluded_genres),
        excluded_languages=frozenset(message.excluded_languages),
        unlike_singer_ids=frozenset(message.unlike_singer_ids),
        seeds=tuple(_read_seed(seed) for seed in message.seeds),
        relation=WORD_BY_RELATION[message.relation],
        diversity=message.diversity if message.HasField("diversity") else default.diversity,
        songs_per_singer=message.songs_per_singer or default.songs_per_singer,
        singing_mode=WORD_BY_MODE[message.singing_mode],
        original_key=message.original_key,
        language_code=message.language_code or default.language_code,
        even_if_unsure=message.even_if_unsure,
        random_seed=message.random_seed,
    )


def _read_seed(message: pb.Seed) -> Seed:
    field = message.WhichOneof("seed") or "voice_id"
    weight = message.weight if message.HasField("weight") else 1.0
    return Seed(field.removesuffix("_id"), getattr(message, field), weight)


def write_preset(preset: BlendPreset, *, is_default: bool) -> feedback_pb2.Preset:
    """Write a preset of weights."""
    return feedback_pb2.Preset(
        name=preset.name,
        version=preset.version,
        ranks=preset.ranks,
        weights=preset.shares(),
        taste_half_weight_events=preset.taste_half_weight_events,
        description=preset.description,
        figures=preset.figures,
        is_default=is_default,
    )


def write_summary(summary: ListSummary) -> pb.ListSummary:
    """Write how a list came about."""
    return pb.ListSummary(
        preset=summary.preset,
        weights=summary.weights,
        candidate_count=summary.candidate_count,
        diversity=summary.diversity,
        coverage=summary.coverage,
        exposure_id=summary.exposure_id,
        experiment=summary.experiment,
        arm=summary.arm,
        fallbacks=summary.fallbacks,
        catalogue_revision=summary.catalogue_revision,
        learnt_from_events=summary.learnt_from_events,
    )
