"""What the services answer, read into values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from singalike.client.explanation_converters import read_evidence, read_likeness
from singalike.client.profile_converters import profile_from_message, summary_from_message
from singalike.client.records import (
    CatalogueSinger,
    CatalogueTrack,
    EmbedRefusal,
    EnrolledVoice,
    MapPoint,
    Model,
    SingerMap,
    TrackDescription,
)
from singalike.client.song_converters import read_conversion, read_longest_note, read_singability
from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.identification import Identification, SingerProbability
from singalike.recsys.suggestions import Moment, SingerSuggestion, SongSuggestion
from singalike.v1 import catalogue_pb2, embedding_service_pb2, recommender_service_pb2, suggestions_pb2, voice_pb2

GENDER_BY_WORD = {
    None: catalogue_pb2.VOICE_GENDER_UNSPECIFIED,
    "female": catalogue_pb2.VOICE_GENDER_FEMALE,
    "male": catalogue_pb2.VOICE_GENDER_MALE,
}
WORD_BY_GENDER = {gender: word for word, gender in GENDER_BY_WORD.items()}


def read_time(message: Timestamp) -> datetime:
    """Read a moment in UTC."""
    return message.ToDatetime(UTC)


def read_info(message: catalogue_pb2.TrackInfo) -> TrackDescription:
    """Read what the owner says of a recording."""
    return TrackDescription(
        singer=message.singer,
        title=message.title,
        genre=message.genre or None,
        language=message.language or None,
        isrc=message.isrc or None,
        voice_gender=WORD_BY_GENDER.get(message.voice_gender),
    )


def write_info(info: TrackDescription) -> catalogue_pb2.TrackInfo:
    """Write what the owner says of a recording."""
    return catalogue_pb2.TrackInfo(
        singer=info.singer,
        title=info.title,
        genre=info.genre or "",
        language=info.language or "",
        isrc=info.isrc or "",
        voice_gender=GENDER_BY_WORD[info.voice_gender],
    )


def read_singer(message: catalogue_pb2.Singer) -> CatalogueSinger:
    """Read a singer."""
    return CatalogueSinger(
        singer_id=message.singer_id,
        name=message.name,
        voice_gender=WORD_BY_GENDER.get(message.voice_gender),
        track_count=message.track_count,
        create_time=read_time(message.create_time),
    )


def read_track(message: catalogue_pb2.Track) -> CatalogueTrack:
    """Read a track."""
    return CatalogueTrack(
        track_id=message.track_id,
        singer_id=message.singer_id,
        info=read_info(message.info),
        content_sha256=message.content_sha256,
        duration_s=message.duration_s,
        separator=message.separator,
        model_version=message.model_version,
        create_time=read_time(message.create_time),
    )


def read_voice(message: catalogue_pb2.Voice) -> EnrolledVoice:
    """Read an enrolled voice."""
    return EnrolledVoice(
        voice_id=message.voice_id,
        summary=summary_from_message(message.summary),
        model_version=message.model_version,
        create_time=read_time(message.create_time),
    )


def read_model(message: voice_pb2.Model) -> Model:
    """Read which ear listens."""
    return Model(message.model_version, message.timbre_dim, message.style_dim, message.melody_dim, message.device)


def read_outcome(message: embedding_service_pb2.EmbedOutcome) -> VoiceProfile | EmbedRefusal:
    """Read what became of one recording of a batch."""
    if message.HasField("refusal"):
        return EmbedRefusal(message.refusal.reason, message.refusal.message)
    return profile_from_message(message.profile)


def read_moment(message: suggestions_pb2.Moment) -> Moment:
    """Read a pair of moments."""
    return Moment(
        track_id=message.track_id,
        voice_start_s=message.voice_start_s,
        voice_end_s=message.voice_end_s,
        track_start_s=message.track_start_s,
        track_end_s=message.track_end_s,
        similarity=message.similarity,
    )


def read_signals(signals: Mapping[str, float]) -> dict[str, float]:
    """Read contributions, the largest first: a map on the wire has no order."""
    return dict(sorted(signals.items(), key=lambda signal: -signal[1]))


def read_singer_suggestion(message: suggestions_pb2.SingerSuggestion) -> SingerSuggestion:
    """Read a suggested singer."""
    moments = tuple(read_moment(moment) for moment in message.moments)
    return SingerSuggestion(
        message.singer_id,
        message.name,
        message.score,
        read_signals(message.signals),
        moments,
        likeness=read_likeness(message),
        reason=message.reason,
        evidence=read_evidence(message.evidence),
    )


def read_song_suggestion(message: suggestions_pb2.SongSuggestion) -> SongSuggestion:
    """Read a suggested song."""
    return SongSuggestion(
        track_id=message.track_id,
        title=message.title,
        singer_id=message.singer_id,
        singer_name=message.singer_name,
        score=message.score,
        signals=read_signals(message.signals),
        key_shift_semitones=message.key_shift_semitones,
        in_range_before=message.in_range_before if message.HasField("in_range_before") else None,
        in_range_after=message.in_range_after if message.HasField("in_range_after") else None,
        moments=tuple(read_moment(moment) for moment in message.moments),
        key_shift_confidence=message.key_shift_confidence if message.HasField("key_shift_confidence") else None,
        highest_note_midi=message.highest_note_midi if message.HasField("highest_note_midi") else None,
        longest_note=read_longest_note(message),
        singability=read_singability(message),
        reason=message.reason,
        evidence=read_evidence(message.evidence),
        conversion=read_conversion(message),
    )


def read_identification(message: recommender_service_pb2.IdentifySingerResponse) -> Identification:
    """Read the answer of IdentifySinger."""
    return Identification(
        singers=tuple(SingerProbability(one.singer_id, one.name, one.probability) for one in message.singers),
        probability_of_none=message.probability_of_none,
        entropy_nats=message.entropy_nats,
        singer_count=message.singer_count,
        catalogue_revision=message.catalogue_revision,
        voice=summary_from_message(message.voice),
        notes=tuple(message.notes),
    )


def read_map(message: recommender_service_pb2.GetMapResponse) -> SingerMap:
    """Read the map of singers."""
    points = tuple(_read_point(point) for point in message.points)
    return SingerMap(points, message.trustworthiness, message.silhouette if message.HasField("silhouette") else None)


def _read_point(point: catalogue_pb2.MapPoint) -> MapPoint:
    known = point.HasField("tessitura_low_midi") and point.HasField("tessitura_high_midi")
    return MapPoint(
        singer_id=point.singer_id,
        name=point.name,
        x=point.x,
        y=point.y,
        label=point.label or None,
        track_count=point.track_count,
        female_probability=point.female_probability,
        tessitura_midi=(point.tessitura_low_midi, point.tessitura_high_midi) if known else None,
    )


def read_track_news(
    message: embedding_service_pb2.IndexTrackResponse, progress: Callable[[str, float], None] | None
) -> CatalogueTrack | None:
    """Pass progress on; return the track when it is there."""
    if message.HasField("track"):
        return read_track(message.track)
    if progress is not None:
        progress(message.progress.stage, message.progress.share)
    return None
