"""One explicit check for each request about conversions; the bounds stand in the comments of the protos too."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from singalike.services.wire.faults import Faults
from singalike.services.wire.uploads import MAX_CHUNK_BYTES
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2, voice_pb2

CheckRecording = Callable[[Faults, str, voice_pb2.Recording], None]

MAX_PAGE_SIZE = 1000
LONGEST_ID, LONGEST_TOKEN, LONGEST_REQUEST_ID, LONGEST_ENGINE = 200, 1000, 64, 64
LONGEST_SUBJECT, LONGEST_STATEMENT = 200, 2000
MOST_ENGINES = 8
FARTHEST_SHIFT = 24
SHORTEST_KEEP_S, LONGEST_KEEP_S = 60, 31_536_000
LARGEST_NUMBER = 2**63 - 1
SECONDS_OF_YEAR_9999 = 253_402_300_799
PHRASE_LANGUAGES = ("en", "ko")


def conversion_checks(check_recording: CheckRecording) -> Mapping[type[Message], Callable[[Faults, Any], None]]:
    """Return the check of each request of the conversion service.

    Args:
        check_recording: Checks how a recording is to be heard.
    """

    def part(faults: Faults, request: pb.CreateVoiceProfileRequest) -> None:
        match request.WhichOneof("part"):
            case "header":
                _check_header(faults, request.header)
            case "recording":
                check_recording(faults, "recording", request.recording)
            case "chunk" if len(request.chunk) > MAX_CHUNK_BYTES:
                faults.add("chunk", f"is larger than {MAX_CHUNK_BYTES >> 20} MiB: use chunks of 256 KiB")
            case None:
                faults.add("part", "is missing: send the header first, then each recording and its chunks")

    return {
        pb.ListEnginesRequest: _nothing_to_check,
        pb.CreateConsentPhraseRequest: _create_phrase,
        pb.CreateVoiceProfileRequest: part,
        pb.GetVoiceProfileRequest: _id("voice_id"),
        pb.RevokeConsentRequest: _id("voice_id"),
        pb.DeleteVoiceProfileRequest: _id("voice_id"),
        conversions_pb2.CreateConversionRequest: _create_conversion,
        pb.GetConversionRequest: _id("conversion_id"),
        pb.ListConversionsRequest: _list_conversions,
        pb.CancelConversionRequest: _id("conversion_id"),
        pb.DeleteConversionRequest: _id("conversion_id"),
        pb.WatchConversionRequest: _id("conversion_id", "after_sequence"),
        pb.DownloadConversionRequest: _id("conversion_id", "offset"),
    }


def _nothing_to_check(faults: Faults, request: Any) -> None:
    """An empty message is always right."""


def _create_phrase(faults: Faults, request: pb.CreateConsentPhraseRequest) -> None:
    if request.language not in ("", *PHRASE_LANGUAGES):
        faults.add("language", f"must be one of {', '.join(PHRASE_LANGUAGES)}, or empty")


def _check_header(faults: Faults, header: pb.CreateVoiceProfileHeader) -> None:
    # Whether there is a consent at all is no question of form: it is refused with CONSENT_MISSING.
    faults.text("header.consent.subject", header.consent.subject, LONGEST_SUBJECT)
    faults.text("header.consent.statement", header.consent.statement.replace("\n", " "), LONGEST_STATEMENT)
    faults.text("header.phrase_id", header.phrase_id, LONGEST_ID, shortest=1)
    for name, time in (("header.consent.time", header.consent.time), ("header.expire_time", header.expire_time)):
        faults.number(f"{name}.seconds", time.seconds, 0, SECONDS_OF_YEAR_9999)
        faults.number(f"{name}.nanos", time.nanos, 0, 999_999_999)
    faults.texts("header.engines", header.engines, MOST_ENGINES, LONGEST_ENGINE)
    faults.text("header.request_id", header.request_id, LONGEST_REQUEST_ID)


def _create_conversion(faults: Faults, request: conversions_pb2.CreateConversionRequest) -> None:
    if not request.voice_id:
        faults.add("voice_id", "is empty: enrol the voice with CreateVoiceProfile, then name it")
    faults.text("voice_id", request.voice_id, LONGEST_ID)
    faults.text("track_id", request.track_id, LONGEST_ID, shortest=1)
    if request.HasField("key_shift_semitones"):
        faults.number("key_shift_semitones", request.key_shift_semitones, -FARTHEST_SHIFT, FARTHEST_SHIFT)
        if request.octaves_only:
            faults.add("octaves_only", "goes not together with key_shift_semitones: send one of them")
    faults.text("request_id", request.request_id, LONGEST_REQUEST_ID)
    faults.text("engine", request.engine, LONGEST_ENGINE)
    faults.one_of("format", request.format, conversions_pb2.SoundFormat.values())
    faults.one_of("priority", request.priority, conversions_pb2.ConversionPriority.values())
    for name in ("retrieval_share", "protect"):
        if request.HasField(name):
            faults.number(name, getattr(request, name), 0.0, 1.0)
    if request.HasField("keep_s"):
        faults.number("keep_s", request.keep_s, SHORTEST_KEEP_S, LONGEST_KEEP_S)


def _list_conversions(faults: Faults, request: pb.ListConversionsRequest) -> None:
    faults.number("page_size", request.page_size, 0, MAX_PAGE_SIZE)
    faults.text("page_token", request.page_token, LONGEST_TOKEN)
    faults.text("voice_id", request.voice_id, LONGEST_ID)
    faults.one_of("state", request.state, conversions_pb2.ConversionState.values())


def _id(field: str, number: str = "") -> Callable[[Faults, Any], None]:
    """Make the check of a request that holds an id, and perhaps a number of at least 0."""

    def check(faults: Faults, request: Any) -> None:
        faults.text(field, getattr(request, field), LONGEST_ID, shortest=1)
        if number:
            faults.number(number, getattr(request, number), 0, LARGEST_NUMBER)

    return check
