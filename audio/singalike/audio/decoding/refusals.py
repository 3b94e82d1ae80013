"""Every reason for which a recording is refused, with its error and its words; docs/refusals.md shows this table."""

from dataclasses import dataclass
from enum import StrEnum

from singalike.errors import (
    CapacityError,
    FieldViolation,
    InvalidInputError,
    SingalikeError,
    UnavailableError,
    WrongStateError,
)


class Refusal(StrEnum):
    """Why a recording was not decoded."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    UNSUPPORTED_CODEC = "UNSUPPORTED_CODEC"
    NO_AUDIO = "NO_AUDIO"
    VIDEO_TRACK = "VIDEO_TRACK"
    DAMAGED = "DAMAGED"
    TRUNCATED = "TRUNCATED"
    CHANGING_FORMAT = "CHANGING_FORMAT"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    BAD_SAMPLE_RATE = "BAD_SAMPLE_RATE"
    TOO_MANY_CHANNELS = "TOO_MANY_CHANNELS"
    NOT_FINITE = "NOT_FINITE"
    OUT_OF_SCALE = "OUT_OF_SCALE"
    SILENT = "SILENT"
    BAD_CHANNEL = "BAD_CHANNEL"
    DECODER_LIMIT = "DECODER_LIMIT"
    DECODER_FILE_LIMIT = "DECODER_FILE_LIMIT"
    DECODER_CRASHED = "DECODER_CRASHED"
    DECODER_TIMEOUT = "DECODER_TIMEOUT"
    DECODER_BUSY = "DECODER_BUSY"
    DECODER_CLOSED = "DECODER_CLOSED"
    DECODER_UNAVAILABLE = "DECODER_UNAVAILABLE"


@dataclass(frozen=True)
class RefusalRule:
    """How one refusal is told.

    Attributes:
        error: The class that is raised.
        message: What is wrong and what to do; names in braces are filled with the facts of the case.
        retry_after_s: For capacity errors: when to come back; None when waiting does not help.
    """

    error: type[SingalikeError]
    message: str
    retry_after_s: float | None = None


REFUSALS: dict[Refusal, RefusalRule] = {
    Refusal.EMPTY: RefusalRule(InvalidInputError, "The recording holds no bytes: send the content of an audio file."),
    Refusal.TOO_LARGE: RefusalRule(
        CapacityError, "The recording has {size} bytes and at most {limit} are taken: send a shorter or compressed one."
    ),
    Refusal.UNKNOWN_FORMAT: RefusalRule(
        InvalidInputError, "This is no audio format we know: send WAV, FLAC, Ogg (Vorbis, Opus), MP3 or M4A."
    ),
    Refusal.UNSUPPORTED_CODEC: RefusalRule(
        InvalidInputError, "The codec {codec} is not taken in {container}: export as WAV, FLAC, Ogg, MP3 or M4A (AAC)."
    ),
    Refusal.NO_AUDIO: RefusalRule(InvalidInputError, "The file holds no audio track: send one that does."),
    Refusal.VIDEO_TRACK: RefusalRule(InvalidInputError, "The file holds video: export the sound alone and send that."),
    Refusal.DAMAGED: RefusalRule(InvalidInputError, "The recording is damaged ({detail}): export or record it again."),
    Refusal.TRUNCATED: RefusalRule(
        InvalidInputError, "The recording ends before what its header promises ({detail}): upload it again in full."
    ),
    Refusal.CHANGING_FORMAT: RefusalRule(
        InvalidInputError, "The sample rate or channels change within the recording: export it again as one piece."
    ),
    Refusal.TOO_SHORT: RefusalRule(
        InvalidInputError,
        "The recording lasts {duration_s} s, at least {limit_s} s are needed: record a longer one.",
    ),
    Refusal.TOO_LONG: RefusalRule(
        InvalidInputError, "The recording lasts over {limit_s} s, the longest that is taken: send a part of it."
    ),
    Refusal.BAD_SAMPLE_RATE: RefusalRule(
        InvalidInputError,
        "The sample rate is {sample_rate} Hz, {lowest} to {highest} are taken: export at 44100 Hz.",
    ),
    Refusal.TOO_MANY_CHANNELS: RefusalRule(
        InvalidInputError, "The recording has {channels} channels: send it as mono or stereo."
    ),
    Refusal.NOT_FINITE: RefusalRule(
        InvalidInputError, "The recording holds values that are no numbers (NaN or infinity): export it again."
    ),
    Refusal.OUT_OF_SCALE: RefusalRule(
        InvalidInputError, "The recording swings to {peak} where full scale is 1: export it again at a sane level."
    ),
    Refusal.SILENT: RefusalRule(InvalidInputError, "The recording is silent: check the microphone and record again."),
    Refusal.BAD_CHANNEL: RefusalRule(InvalidInputError, "There is no channel {channel!r}: ask for mix, left or right."),
    Refusal.DECODER_LIMIT: RefusalRule(
        InvalidInputError, "Decoding takes more memory or processor time than is allowed: export it as WAV or FLAC."
    ),
    Refusal.DECODER_FILE_LIMIT: RefusalRule(
        CapacityError,
        "Files may have {limit} bytes at most here (ulimit -f), and the sound has more: send a shorter recording, or "
        "have the limit raised.",
    ),
    Refusal.DECODER_CRASHED: RefusalRule(
        InvalidInputError, "The recording brought the decoder down: export it again, as WAV or FLAC at best."
    ),
    Refusal.DECODER_TIMEOUT: RefusalRule(
        CapacityError, "Decoding was not done after {limit_s} s: try again later or send less.", retry_after_s=30.0
    ),
    Refusal.DECODER_BUSY: RefusalRule(
        CapacityError, "No decoder became free within {limit_s} s: try again later.", retry_after_s=10.0
    ),
    Refusal.DECODER_CLOSED: RefusalRule(WrongStateError, "The decoder is closed: make a new one."),
    Refusal.DECODER_UNAVAILABLE: RefusalRule(
        UnavailableError,
        "The decoding process does not start: check that numpy and av import and memory is free.",
    ),
}


def refusal(reason: Refusal, **facts: object) -> SingalikeError:
    """Build the error of a refusal.

    Args:
        reason: A key of REFUSALS.
        facts: The values that its message names.

    Returns:
        The error, ready to be raised.
    """
    return refusal_in_words(reason, REFUSALS[reason].message.format(**facts))


def refusal_in_words(reason: Refusal, message: str) -> SingalikeError:
    """Build the error of a refusal whose message is already filled in, as a child sends it."""
    rule = REFUSALS[reason]
    if rule.error is InvalidInputError:
        return InvalidInputError(reason.value, message, (FieldViolation("audio", message),))
    if rule.error is CapacityError:
        return CapacityError(reason.value, message, rule.retry_after_s)
    return rule.error(reason.value, message)
