"""Target voices and conversions to messages and back."""

from datetime import UTC, datetime
from typing import Any

from singalike.client.conversion_records import (
    ConsentPhrase,
    ConsentRecord,
    ConversionChoices,
    ConversionFault,
    ConversionNews,
    ConversionProgress,
    ConvertedSong,
    Engine,
    SongConversion,
    TargetVoice,
)
from singalike.client.converters import read_time
from singalike.client.requests import invalid, new_request_id
from singalike.recsys.suggestions import Conversion
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2

ENUM_BY_FORMAT = {
    "ogg": conversions_pb2.SOUND_FORMAT_OGG,
    "flac": conversions_pb2.SOUND_FORMAT_FLAC,
    "wav": conversions_pb2.SOUND_FORMAT_WAV,
    "mp3": conversions_pb2.SOUND_FORMAT_MP3,
}
FORMAT_BY_ENUM = {enum: word for word, enum in ENUM_BY_FORMAT.items()} | {
    conversions_pb2.SOUND_FORMAT_UNSPECIFIED: "ogg"
}
ENUM_BY_PRIORITY = {
    "low": conversions_pb2.CONVERSION_PRIORITY_LOW,
    "normal": conversions_pb2.CONVERSION_PRIORITY_NORMAL,
    "high": conversions_pb2.CONVERSION_PRIORITY_HIGH,
}
PRIORITY_BY_ENUM = {enum: word for word, enum in ENUM_BY_PRIORITY.items()} | {
    conversions_pb2.CONVERSION_PRIORITY_UNSPECIFIED: "normal"
}
ENUM_BY_STATE = {
    "queued": conversions_pb2.CONVERSION_STATE_QUEUED,
    "running": conversions_pb2.CONVERSION_STATE_RUNNING,
    "succeeded": conversions_pb2.CONVERSION_STATE_SUCCEEDED,
    "failed": conversions_pb2.CONVERSION_STATE_FAILED,
    "cancelled": conversions_pb2.CONVERSION_STATE_CANCELLED,
}
STATE_BY_ENUM = {enum: word for word, enum in ENUM_BY_STATE.items()}
ENUM_BY_METHOD = {
    "read_back": pb.CONSENT_METHOD_READ_BACK,
    "declared": pb.CONSENT_METHOD_DECLARED,
}
METHOD_BY_ENUM = {enum: word for word, enum in ENUM_BY_METHOD.items()}


def read_engine(message: pb.Engine) -> Engine:
    """Read what is known of an engine."""
    return Engine(
        name=message.name,
        version=message.version,
        licence=message.licence,
        weights_licence=message.weights_licence,
        min_voice_s=message.min_voice_s,
        sample_rate=message.sample_rate,
    )


def read_phrase(message: pb.ConsentPhrase) -> ConsentPhrase:
    """Read a phrase."""
    return ConsentPhrase(message.phrase_id, message.text, read_time(message.expire_time))


def read_target(message: pb.TargetVoice) -> TargetVoice:
    """Read an enrolled voice."""
    return TargetVoice(
        voice_id=message.voice_id,
        engines=tuple(message.engines),
        voice_s=message.voice_s,
        median_midi=message.median_midi,
        consent=_read_consent(message.consent),
        create_time=read_time(message.create_time),
    )


def _read_consent(message: pb.ConsentRecord) -> ConsentRecord:
    return ConsentRecord(
        subject=message.subject,
        statement=message.statement,
        statement_sha256=message.statement_sha256,
        method=METHOD_BY_ENUM.get(message.method, ""),
        time=read_time(message.time),
        scope=message.scope,
        phrase=message.phrase,
        read_back_likeness=message.read_back_likeness if message.HasField("read_back_likeness") else None,
        expire_time=_read_time(message, "expire_time"),
        revoke_time=_read_time(message, "revoke_time"),
        word_error_rate=message.word_error_rate if message.HasField("word_error_rate") else None,
    )


def write_order(
    song: Conversion | str,
    voice_id: str,
    key_shift_semitones: int | None,
    choices: ConversionChoices | None,
    request_id: str,
) -> conversions_pb2.CreateConversionRequest:
    """Write what is asked for.

    Args:
        song: What RecommendSongs proposed, or the id of a track.
        voice_id: Who shall sing; empty: as proposed.
        key_shift_semitones: In which key; None: as proposed, or what fits the voice.
        choices: How it is to be sung.
        request_id: Makes the call repeatable; empty: a fresh one.

    Raises:
        InvalidInputError: INVALID_REQUEST, an unknown format or priority.
    """
    chosen = choices or ConversionChoices()
    if chosen.sound_format not in ENUM_BY_FORMAT:
        raise invalid("sound_format", f"must be one of {', '.join(ENUM_BY_FORMAT)}")
    if chosen.priority not in ENUM_BY_PRIORITY:
        raise invalid("priority", f"must be one of {', '.join(ENUM_BY_PRIORITY)}")
    track_id = song if isinstance(song, str) else song.track_id
    if isinstance(song, Conversion):
        voice_id = voice_id or song.voice_id
        if key_shift_semitones is None and not chosen.octaves_only:
            key_shift_semitones = song.key_shift_semitones
    return conversions_pb2.CreateConversionRequest(
        voice_id=voice_id,
        track_id=track_id,
        key_shift_semitones=key_shift_semitones,
        request_id=request_id or new_request_id(),
        octaves_only=chosen.octaves_only,
        engine=chosen.engine,
        format=ENUM_BY_FORMAT[chosen.sound_format],
        priority=ENUM_BY_PRIORITY[chosen.priority],
        retrieval_share=chosen.retrieval_share,
        protect=chosen.protect,
        seed=chosen.seed,
        keep_s=chosen.keep_s,
    )


def read_song_conversion(message: conversions_pb2.Conversion) -> SongConversion:
    """Read a conversion as it stands."""
    asked = message.request
    return SongConversion(
        conversion_id=message.conversion_id,
        voice_id=asked.voice_id,
        track_id=asked.track_id,
        key_shift_semitones=asked.key_shift_semitones if asked.HasField("key_shift_semitones") else None,
        choices=_read_choices(asked),
        state=STATE_BY_ENUM.get(message.state, ""),
        progress=_read_progress(message.progress),
        sequence=message.sequence,
        create_time=read_time(message.create_time),
        start_time=_read_time(message, "start_time"),
        end_time=_read_time(message, "end_time"),
        expire_time=_read_time(message, "expire_time"),
        fault=_read_fault(message),
        song=read_song(message.song) if message.HasField("song") else None,
    )


def _read_choices(asked: conversions_pb2.CreateConversionRequest) -> ConversionChoices:
    return ConversionChoices(
        octaves_only=asked.octaves_only,
        engine=asked.engine,
        sound_format=FORMAT_BY_ENUM.get(asked.format, ""),
        priority=PRIORITY_BY_ENUM.get(asked.priority, ""),
        retrieval_share=asked.retrieval_share if asked.HasField("retrieval_share") else None,
        protect=asked.protect if asked.HasField("protect") else None,
        seed=asked.seed,
        keep_s=asked.keep_s if asked.HasField("keep_s") else None,
    )


def read_song(message: conversions_pb2.ConvertedSong) -> ConvertedSong:
    """Read what is known of a finished song."""
    return ConvertedSong(
        sha256=message.sha256,
        size_bytes=message.size_bytes,
        duration_s=message.duration_s,
        engine=message.engine,
        voice_shift_semitones=message.voice_shift_semitones,
        accompaniment_shift_semitones=message.accompaniment_shift_semitones,
        separator=message.separator,
    )


def read_news(message: pb.WatchConversionResponse) -> ConversionNews:
    """Read one piece of news."""
    return ConversionNews(
        sequence=message.sequence,
        time=read_time(message.time),
        state=STATE_BY_ENUM.get(message.state, ""),
        progress=_read_progress(message.progress),
        fault=_read_fault(message),
    )


def _read_progress(message: conversions_pb2.ConversionProgress) -> ConversionProgress:
    left_s = message.time_left_s if message.HasField("time_left_s") else None
    return ConversionProgress(message.stage, message.share, left_s)


def _read_fault(message: conversions_pb2.Conversion | pb.WatchConversionResponse) -> ConversionFault | None:
    if not message.HasField("error"):
        return None
    return ConversionFault(message.error.reason, message.error.message)


def _read_time(message: Any, field: str) -> datetime | None:
    return getattr(message, field).ToDatetime(UTC) if message.HasField(field) else None
