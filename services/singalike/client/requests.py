"""What a client asks, written into messages; both clients use these."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from singalike.client.converters import GENDER_BY_WORD, write_info
from singalike.client.records import Audio, CatalogueTrack, Recording, TrackDescription
from singalike.errors import FieldViolation, InvalidInputError, UnavailableError
from singalike.v1 import catalogue_pb2, embedding_service_pb2, recommender_service_pb2, voice_pb2

CHUNK_BYTES = 256 * 2**10
INLINE_BYTES = 4 * 2**20
"""A recording up to this size travels inside one message; a larger one is streamed."""

CHANNEL_BY_WORD = {
    "mix": voice_pb2.CHANNEL_MIX,
    "left": voice_pb2.CHANNEL_LEFT,
    "right": voice_pb2.CHANNEL_RIGHT,
}
COLOUR_BY_WORD = {
    "gender": recommender_service_pb2.MAP_COLOUR_GENDER,
    "genre": recommender_service_pb2.MAP_COLOUR_GENRE,
    "range": recommender_service_pb2.MAP_COLOUR_RANGE,
}
CONTENT_BY_ANSWER = {
    None: voice_pb2.CONTENT_UNSPECIFIED,
    True: voice_pb2.CONTENT_A_CAPPELLA,
    False: voice_pb2.CONTENT_MIXTURE,
}


def invalid(field: str, description: str) -> InvalidInputError:
    """Refuse an argument before any call is made."""
    return InvalidInputError("INVALID_REQUEST", f"{field}: {description}", (FieldViolation(field, description),))


def size_of(audio: Audio) -> int:
    """Return the size of a recording in bytes; raises InvalidInputError NOT_READABLE."""
    if isinstance(audio, bytes):
        return len(audio)
    try:
        return Path(audio).stat().st_size
    except OSError as error:
        raise _not_readable(audio, error) from error


def read_audio(audio: Audio) -> bytes:
    """Return the bytes of a recording; raises InvalidInputError NOT_READABLE."""
    if isinstance(audio, bytes):
        return audio
    try:
        return Path(audio).read_bytes()
    except OSError as error:
        raise _not_readable(audio, error) from error


def chunks_of(audio: Audio) -> Iterator[bytes]:
    """Cut a recording into chunks; a file is read as it is sent."""
    if isinstance(audio, bytes):
        for start in range(0, len(audio), CHUNK_BYTES):
            yield audio[start : start + CHUNK_BYTES]
        return
    with _open(audio) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _open(audio: str | Path) -> BinaryIO:
    try:
        return Path(audio).open("rb")
    except OSError as error:
        raise _not_readable(audio, error) from error


def _not_readable(audio: str | Path, error: OSError) -> InvalidInputError:
    return InvalidInputError("NOT_READABLE", f"{audio} cannot be read: {error.strerror}")


def as_recording(audio: Audio | Recording) -> Recording:
    """Take a path or bytes for a recording of all channels."""
    return audio if isinstance(audio, Recording) else Recording(audio)


def fits_inside(recording: Recording) -> bool:
    """Tell whether a recording travels inside one message; raises InvalidInputError NOT_READABLE."""
    return size_of(recording.audio) <= INLINE_BYTES


def listening(recording: Recording) -> voice_pb2.Recording:
    """Write how to listen, without the audio."""
    if recording.channel not in CHANNEL_BY_WORD:
        raise invalid("channel", 'must be "mix", "left" or "right"')
    return voice_pb2.Recording(
        channel=CHANNEL_BY_WORD[recording.channel], content=CONTENT_BY_ANSWER[recording.a_cappella]
    )


def whole(recording: Recording) -> voice_pb2.Recording:
    """Write a recording with its audio."""
    message = listening(recording)
    message.audio = read_audio(recording.audio)
    return message


def upload(recording: Recording) -> Iterator[embedding_service_pb2.UploadEmbedRequest]:
    """Write the messages of an upload, header first; a wrong argument is refused here, not while gRPC sends."""
    head = embedding_service_pb2.UploadEmbedRequest(recording=listening(recording))
    chunks = (embedding_service_pb2.UploadEmbedRequest(chunk=chunk) for chunk in chunks_of(recording.audio))
    return chain([head], chunks)


def index_track(recording: Recording, info: TrackDescription) -> Iterator[embedding_service_pb2.IndexTrackRequest]:
    """Write the messages that take a track in, header first; a wrong argument is refused here, as in `upload`."""
    if info.voice_gender not in GENDER_BY_WORD:
        raise invalid("voice_gender", 'must be "female", "male" or None')
    header = embedding_service_pb2.IndexTrackHeader(
        info=write_info(info), recording=listening(recording), request_id=new_request_id()
    )
    chunks = (embedding_service_pb2.IndexTrackRequest(chunk=chunk) for chunk in chunks_of(recording.audio))
    return chain([embedding_service_pb2.IndexTrackRequest(header=header)], chunks)


def map_colour(word: str) -> "recommender_service_pb2.MapColour.ValueType":
    """Write what labels a map."""
    if word not in COLOUR_BY_WORD:
        raise invalid("colour", f"must be one of {', '.join(COLOUR_BY_WORD)}")
    return COLOUR_BY_WORD[word]


def consent(subject: str, statement: str, time: datetime | None) -> catalogue_pb2.Consent:
    """Write a person's agreement; without a time it counts from now, by the server's clock."""
    message = catalogue_pb2.Consent(subject=subject, statement=statement)
    if time is not None:
        message.time.FromDatetime(time.astimezone(UTC))
    return message


def new_request_id() -> str:
    """Draw an id that makes one create repeatable."""
    return uuid.uuid4().hex


def last_track(read: list[CatalogueTrack | None]) -> CatalogueTrack:
    """Return what IndexTrack ended with."""
    if not read or read[-1] is None:
        raise UnavailableError("STREAM_BROKEN", "the server stopped before the track was stored: send it again")
    return read[-1]
