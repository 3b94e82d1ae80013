"""Target voices and conversions: requests to what the use cases take, and records to messages."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from singalike.client.conversion_converters import (
    ENUM_BY_FORMAT,
    ENUM_BY_METHOD,
    ENUM_BY_PRIORITY,
    ENUM_BY_STATE,
    FORMAT_BY_ENUM,
    PRIORITY_BY_ENUM,
    STATE_BY_ENUM,
)
from singalike.conversion.engine import EngineInfo
from singalike.conversion.writing import SoundFormat
from singalike.services.conversion.create import ConversionWish
from singalike.services.conversion.enrolment import Enrolment, VoiceRecording
from singalike.services.conversion_records import (
    ConsentPhrase,
    ConsentRecord,
    ConversionFault,
    ConversionNews,
    ConversionOrder,
    ConversionProgress,
    ConversionState,
    ConvertedSong,
    Priority,
    StoredConversion,
    StoredTarget,
)
from singalike.services.records import Consent
from singalike.services.wire.converters import write_time
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2


def read_wish(request: conversions_pb2.CreateConversionRequest) -> ConversionWish:
    """Read what a validated request asks for."""
    return ConversionWish(
        voice_id=request.voice_id,
        track_id=request.track_id,
        engine=request.engine,
        key_shift_semitones=request.key_shift_semitones if request.HasField("key_shift_semitones") else None,
        octaves_only=request.octaves_only,
        sound_format=SoundFormat(FORMAT_BY_ENUM[request.format]),
        priority=Priority(PRIORITY_BY_ENUM[request.priority]),
        retrieval_share=request.retrieval_share if request.HasField("retrieval_share") else None,
        protect=request.protect if request.HasField("protect") else None,
        seed=request.seed,
        keep_s=request.keep_s if request.HasField("keep_s") else None,
        request_id=request.request_id,
        content=_content_of(request),
    )


def _content_of(request: conversions_pb2.CreateConversionRequest) -> str:
    """Digest a request as it was sent, but for the id that makes it repeatable."""
    said = conversions_pb2.CreateConversionRequest()
    said.CopyFrom(request)
    said.ClearField("request_id")
    return hashlib.blake2b(said.SerializeToString(deterministic=True), digest_size=16).hexdigest()


def read_state(state: int) -> ConversionState | None:
    """Read which state a list is restricted to; None: any."""
    word = STATE_BY_ENUM.get(state)  # type: ignore[call-overload]  # enums are ints on the wire
    return None if word is None else ConversionState(word)


def read_enrolment(
    header: pb.CreateVoiceProfileHeader,
    tenant: str,
    consent: Consent,
    recordings: Sequence[VoiceRecording],
    content: str,
) -> Enrolment:
    """Put together what was sent of a voice.

    Args:
        header: Validated.
        tenant: Who sent it.
        consent: The header's.
        recordings: The reading, then the takes.
        content: Digest of all that was sent.
    """
    reading, *takes = recordings
    return Enrolment(
        tenant=tenant,
        consent=consent,
        takes=tuple(takes),
        reading=reading,
        phrase_id=header.phrase_id,
        expire_time=header.expire_time.ToDatetime(UTC) if header.HasField("expire_time") else None,
        engines=tuple(header.engines),
        request_id=header.request_id,
        content=content,
    )


def write_engine(info: EngineInfo) -> pb.Engine:
    """Write what is known of an engine."""
    return pb.Engine(
        name=info.name,
        version=info.version,
        licence=info.licence,
        weights_licence=info.weights_licence,
        min_voice_s=info.min_seconds,
        sample_rate=info.sample_rate,
    )


def write_phrase(phrase: ConsentPhrase) -> pb.ConsentPhrase:
    """Write a phrase."""
    return pb.ConsentPhrase(phrase_id=phrase.phrase_id, text=phrase.text, expire_time=write_time(phrase.expire_time))


def write_target(target: StoredTarget) -> pb.TargetVoice:
    """Write an enrolled voice."""
    return pb.TargetVoice(
        voice_id=target.voice_id,
        engines=[f"{name} {version}" for name, version in target.engines.items()],
        voice_s=target.voice_s,
        median_midi=target.median_midi,
        consent=_write_consent(target.consent),
        create_time=write_time(target.create_time),
    )


def _write_consent(consent: ConsentRecord) -> pb.ConsentRecord:
    return pb.ConsentRecord(
        subject=consent.subject,
        scope=consent.scope,
        statement=consent.statement,
        statement_sha256=consent.statement_sha256,
        method=ENUM_BY_METHOD[consent.method.value],
        phrase=consent.phrase,
        read_back_likeness=consent.read_back_likeness,
        time=write_time(consent.time),
        expire_time=_write_time(consent.expire_time),
        revoke_time=_write_time(consent.revoke_time),
        word_error_rate=consent.word_error_rate,
    )


def write_conversion(conversion: StoredConversion) -> conversions_pb2.Conversion:
    """Write a conversion as it stands."""
    return conversions_pb2.Conversion(
        conversion_id=conversion.conversion_id,
        request=_write_order(conversion.order),
        state=ENUM_BY_STATE[conversion.state.value],
        progress=_write_progress(conversion.progress),
        sequence=conversion.sequence,
        create_time=write_time(conversion.create_time),
        start_time=_write_time(conversion.start_time),
        end_time=_write_time(conversion.end_time),
        expire_time=_write_time(conversion.expire_time),
        error=_write_fault(conversion.fault),
        song=None if conversion.song is None else write_song(conversion.song),
    )


def _write_order(order: ConversionOrder) -> conversions_pb2.CreateConversionRequest:
    """Write an order as a request that may be sent again: whole octaves exclude a shift, also one that was chosen."""
    return conversions_pb2.CreateConversionRequest(
        voice_id=order.voice_id,
        track_id=order.track_id,
        key_shift_semitones=None if order.octaves_only else order.key_shift_semitones,
        octaves_only=order.octaves_only,
        engine=order.engine,
        format=ENUM_BY_FORMAT[order.sound_format.value],
        priority=ENUM_BY_PRIORITY[order.priority.value],
        retrieval_share=order.retrieval_share,
        protect=order.protect,
        seed=order.seed,
        keep_s=order.keep_s,
    )


def write_song(song: ConvertedSong) -> conversions_pb2.ConvertedSong:
    """Write what is known of a finished song."""
    return conversions_pb2.ConvertedSong(
        sha256=song.sha256,
        size_bytes=song.size_bytes,
        duration_s=song.duration_s,
        engine=song.engine,
        voice_shift_semitones=song.voice_shift_semitones,
        accompaniment_shift_semitones=song.accompaniment_shift_semitones,
        separator=song.separator,
    )


def write_conversion_news(news: ConversionNews) -> pb.WatchConversionResponse:
    """Write one piece of news."""
    return pb.WatchConversionResponse(
        sequence=news.sequence,
        time=write_time(news.time),
        state=ENUM_BY_STATE[news.state.value],
        progress=_write_progress(news.progress),
        error=_write_fault(news.fault),
    )


def _write_progress(progress: ConversionProgress) -> conversions_pb2.ConversionProgress:
    return conversions_pb2.ConversionProgress(
        stage=progress.stage, share=progress.share, time_left_s=progress.time_left_s
    )


def _write_fault(fault: ConversionFault | None) -> conversions_pb2.ConversionError | None:
    return None if fault is None else conversions_pb2.ConversionError(reason=fault.reason, message=fault.message)


def _write_time(time: datetime | None) -> Timestamp | None:
    return None if time is None else write_time(time)
