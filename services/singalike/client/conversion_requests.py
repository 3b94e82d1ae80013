"""What a client asks of the conversion service, written into messages; both clients use these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from singalike.client.conversion_converters import ENUM_BY_STATE
from singalike.client.records import Audio, Recording
from singalike.client.requests import as_recording, chunks_of, consent, invalid, listening, new_request_id, size_of
from singalike.errors import UnavailableError
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
MOST_RESUMES = 12
"""In a row, without any news between them: about 45 s, in which a server starts again."""


def enrolment(
    takes: Sequence[Audio | Recording],
    reading: Audio | Recording,
    *,
    phrase_id: str,
    subject: str,
    statement: str,
    consent_time: datetime | None,
    expire_time: datetime | None,
    engines: Sequence[str],
    request_id: str,
) -> Iterator[pb.CreateVoiceProfileRequest]:
    """Write the messages of an enrolment; a wrong argument is refused here, not while gRPC sends.

    Raises:
        InvalidInputError: NOT_READABLE; INVALID_REQUEST, an unknown channel.
    """
    header = pb.CreateVoiceProfileHeader(
        consent=consent(subject, statement, consent_time),
        phrase_id=phrase_id,
        engines=engines,
        request_id=request_id or new_request_id(),
    )
    if expire_time is not None:
        header.expire_time.FromDatetime(expire_time.astimezone(UTC))
    recordings = [as_recording(each) for each in (reading, *takes)]
    heads = [pb.CreateVoiceProfileRequest(recording=listening(recording)) for recording in recordings]
    for recording in recordings:
        size_of(recording.audio)
    return _parts(header, heads, recordings)


def _parts(
    header: pb.CreateVoiceProfileHeader, heads: Sequence[pb.CreateVoiceProfileRequest], recordings: Sequence[Recording]
) -> Iterator[pb.CreateVoiceProfileRequest]:
    yield pb.CreateVoiceProfileRequest(header=header)
    for head, recording in zip(heads, recordings, strict=True):
        yield head
        for chunk in chunks_of(recording.audio):
            yield pb.CreateVoiceProfileRequest(chunk=chunk)


def list_request(voice_id: str, state: str, page_size: int) -> pb.ListConversionsRequest:
    """Ask for a page of conversions; an empty state is any.

    Raises:
        InvalidInputError: INVALID_REQUEST, an unknown state.
    """
    if state and state not in ENUM_BY_STATE:
        raise invalid("state", f"must be one of {', '.join(ENUM_BY_STATE)}, or empty")
    wanted = ENUM_BY_STATE[state] if state else conversions_pb2.CONVERSION_STATE_UNSPECIFIED
    return pb.ListConversionsRequest(page_size=page_size, voice_id=voice_id, state=wanted)


@dataclass
class Resuming:
    """Decides whether a stream that was cut off is taken up again, and after which pause."""

    failures: int = 0

    def went_on(self) -> None:
        """Note that something came."""
        self.failures = 0

    def pause_s(self, error: UnavailableError) -> float:
        """Return how long to wait before the next try; raises the error again after the last."""
        self.failures += 1
        if self.failures > MOST_RESUMES:
            raise error
        return float(min(FIRST_PAUSE_S * 2 ** (self.failures - 1), LONGEST_PAUSE_S))
