"""Listening to enrolments from a server's threads."""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError
from singalike.services.conversion.enrolment import LONGEST_ENROLMENT_S
from singalike.services.conversion.enrolment_ear import RATE, EarOfServer, join, long_parts
from singalike.services.ports import EarInfo
from tests.support.fake_ear import FakeEar
from tests.support.recordings import tone


class RecordingEmbedder:
    """An embedder that keeps what it was sent and listens with the small ear."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, str, bool]] = []

    async def info(self) -> EarInfo:
        return EarInfo("fake-1", 16, 8, 4, "cpu")

    async def embed(self, audio: bytes, channel: str = "mix", a_cappella: bool = True) -> VoiceProfile:
        self.sent.append((audio, channel, a_cappella))
        waveform, rate = soundfile.read(io.BytesIO(audio), dtype="float32", always_2d=True)
        if rate != RATE:
            raise InvalidInputError("BAD_SAMPLE_RATE", "resample first")
        return FakeEar().encode([Sound(waveform.T, rate)])[0]


async def test_threads_hear_through_the_loop_what_the_ear_itself_hears() -> None:
    embedder, vocal = RecordingEmbedder(), Sound(tone(4.0, RATE), RATE)

    heard = await asyncio.to_thread(EarOfServer(embedder, asyncio.get_running_loop()).encode, [vocal, vocal])

    expected = FakeEar().encode([vocal])[0]
    assert [profile.timbre @ expected.timbre for profile in heard] == pytest.approx([1.0, 1.0], abs=1e-4)
    assert [sent[1:] for sent in embedder.sent] == [("mix", True)] * 2


async def test_a_vocal_beyond_full_scale_is_made_quieter_not_clipped() -> None:
    embedder, vocal = RecordingEmbedder(), Sound(6.0 * tone(2.0, RATE), RATE)

    await asyncio.to_thread(EarOfServer(embedder, asyncio.get_running_loop()).encode, [vocal])

    sent, _ = soundfile.read(io.BytesIO(embedder.sent[0][0]), dtype="float32")
    loudest = np.abs(vocal.waveform).max()
    assert loudest > 1.0
    assert np.abs(sent - vocal.waveform[0] / loudest).max() < 1e-4


async def test_enrolments_that_hold_every_thread_of_the_loop_are_heard_all_the_same() -> None:
    loop, vocal = asyncio.get_running_loop(), Sound(tone(1.0, RATE), RATE)
    loop.set_default_executor(ThreadPoolExecutor(1))

    heard = await asyncio.to_thread(EarOfServer(RecordingEmbedder(), loop).encode, [vocal])

    assert len(heard) == 1


def test_takes_of_several_rates_and_channels_are_joined_to_one_sound() -> None:
    takes = [Sound(tone(1.0, 44_100, channels=2), 44_100), Sound(tone(2.0, 16_000), 16_000)]

    joined = join(takes)

    assert (joined.sample_rate, joined.channels) == (RATE, 1)
    assert joined.duration_s == pytest.approx(3.1)


@pytest.mark.parametrize(("take_s", "rate"), [(18.75, 8_000), (18.74, 8_000), (600 / 32, 11_025)])
def test_takes_that_last_as_long_as_they_may_are_no_longer_when_they_are_joined(take_s: float, rate: int) -> None:
    takes = [Sound(np.full((1, int(take_s * rate)), 0.5, np.float32), rate)] * 32

    joined = join(takes)

    assert sum(take.duration_s for take in takes) - 0.01 <= joined.duration_s <= LONGEST_ENROLMENT_S


@pytest.mark.parametrize(
    ("lengths_s", "parts"),
    [
        ((10.0,), [(0, 10.0)]),
        ((1.0,), [(0, 1.0)]),
        ((4.0, 5.0), [(0, 4.0), (1, 5.0)]),
        ((2.0, 2.5, 9.0), [(0, 4.6), (2, 9.0)]),
        ((5.0, 5.0, 1.0), [(0, 5.0), (1, 6.1)]),
        ((1.0, 1.0), [(0, 2.1)]),
    ],
)
def test_takes_that_are_too_short_to_be_compared_are_heard_with_their_neighbours(
    lengths_s: tuple[float, ...], parts: list[tuple[int, float]]
) -> None:
    takes = [Sound(tone(length_s, RATE), RATE) for length_s in lengths_s]

    found = [(first, round(part.duration_s, 2)) for first, part in long_parts(takes)]

    assert found == parts
