"""Requests about conversions are checked field by field."""

from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.message import Message

from singalike.errors import InvalidInputError
from singalike.services.wire.validators import validate
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2, voice_pb2

NAN = float("nan")
ORDER: Mapping[str, Any] = {"voice_id": "v-1", "track_id": "t-1"}
HEADER: Mapping[str, Any] = {"phrase_id": "p-1", "consent": {"subject": "mia", "statement": "You may\nsing as me."}}


def violations_of(request: Message) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        validate(request)
    assert refused.value.reason == "INVALID_REQUEST"
    return [violation.field for violation in refused.value.violations]


@pytest.mark.parametrize(
    "request_",
    [
        pb.ListEnginesRequest(),
        pb.CreateConsentPhraseRequest(),
        pb.CreateConsentPhraseRequest(language="ko"),
        pb.CreateVoiceProfileRequest(header=HEADER),  # type: ignore[arg-type]  # a mapping stands for a message
        pb.CreateVoiceProfileRequest(recording=voice_pb2.Recording()),
        pb.CreateVoiceProfileRequest(chunk=b"abc"),
        conversions_pb2.CreateConversionRequest(**ORDER),
        conversions_pb2.CreateConversionRequest(**ORDER, octaves_only=True),
        conversions_pb2.CreateConversionRequest(
            **ORDER, key_shift_semitones=-24, protect=0.0, keep_s=60, seed=2**32 - 1
        ),
        pb.ListConversionsRequest(),
        pb.WatchConversionRequest(conversion_id="c-1", after_sequence=2**63 - 1),
        pb.DownloadConversionRequest(conversion_id="c-1"),
    ],
)
def test_sound_requests_pass(request_: Message) -> None:
    validate(request_)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"voice_id": ""}, ["voice_id"]),
        ({"voice_id": "v" * 201, "track_id": ""}, ["voice_id", "track_id"]),
        ({"key_shift_semitones": 25}, ["key_shift_semitones"]),
        ({"key_shift_semitones": 0, "octaves_only": True}, ["octaves_only"]),
        ({"request_id": "r" * 65}, ["request_id"]),
        ({"engine": "e" * 65}, ["engine"]),
        ({"format": 99}, ["format"]),
        ({"priority": 99}, ["priority"]),
        ({"retrieval_share": 1.5}, ["retrieval_share"]),
        ({"protect": NAN}, ["protect"]),
        ({"keep_s": 59}, ["keep_s"]),
        ({"keep_s": 31_536_001}, ["keep_s"]),
    ],
)
def test_every_field_of_an_order_is_held_to_its_bounds(changes: dict[str, Any], fields: list[str]) -> None:
    assert violations_of(conversions_pb2.CreateConversionRequest(**{**ORDER, **changes})) == fields


def test_a_suggestion_for_a_voice_that_is_not_enrolled_is_told_to_enrol_it() -> None:
    with pytest.raises(InvalidInputError, match="enrol the voice with CreateVoiceProfile"):
        validate(conversions_pb2.CreateConversionRequest(track_id="t-1"))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"phrase_id": ""}, ["header.phrase_id"]),
        ({"consent": {"subject": "s" * 201}}, ["header.consent.subject"]),
        ({"consent": {"statement": "s" * 2001}}, ["header.consent.statement"]),
        ({"expire_time": {"seconds": -1}}, ["header.expire_time.seconds"]),
        ({"engines": ["e"] * 9}, ["header.engines"]),
        ({"engines": [""]}, ["header.engines[0]"]),
        ({"request_id": "r" * 65}, ["header.request_id"]),
    ],
)
def test_every_field_of_an_enrolment_is_held_to_its_bounds(changes: dict[str, Any], fields: list[str]) -> None:
    assert violations_of(pb.CreateVoiceProfileRequest(header={**HEADER, **changes})) == fields  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (pb.CreateVoiceProfileRequest(), ["part"]),
        (pb.CreateVoiceProfileRequest(chunk=bytes(4 * 2**20 + 1)), ["chunk"]),
        (pb.CreateVoiceProfileRequest(recording={"channel": 99}), ["recording.channel"]),  # type: ignore[arg-type]
        (pb.CreateConsentPhraseRequest(language="tlh"), ["language"]),
        (pb.GetVoiceProfileRequest(), ["voice_id"]),
        (pb.CancelConversionRequest(conversion_id="c\n"), ["conversion_id"]),
        (pb.ListConversionsRequest(page_size=1001, page_token="t" * 1001), ["page_size", "page_token"]),
        (pb.ListConversionsRequest(state=99), ["state"]),  # type: ignore[arg-type]
        (pb.WatchConversionRequest(conversion_id="c", after_sequence=-1), ["after_sequence"]),
        (pb.DownloadConversionRequest(conversion_id="", offset=-1), ["conversion_id", "offset"]),
    ],
)
def test_every_other_field_is_held_to_its_bounds(request_: Message, fields: list[str]) -> None:
    assert violations_of(request_) == fields
