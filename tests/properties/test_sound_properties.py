from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.audio.activity import Activity, detect_activity
from singalike.audio.decoding import sniff
from singalike.audio.f0 import track_with_dio
from singalike.audio.resample import resample
from singalike.audio.segments import SEGMENT_S, SHORTEST_ACTIVE_S, SHORTEST_SEGMENT_S, cut_segments
from singalike.audio.sound import Sound
from tests.support.recordings import tone

RATE = 16_000
HOP_S = 0.01
TOLERANCE_S = 1e-9
TOLERANCE_CENTS = 10.0


@given(samples=st.integers(1, 3000), rate=st.integers(8000, 192_000), wanted=st.integers(8000, 192_000))
@settings(max_examples=60)
def test_resampling_gives_exactly_the_length_that_the_rates_say(samples: int, rate: int, wanted: int) -> None:
    resampled = resample(Sound(np.ones((1, samples), np.float32), rate), wanted)

    assert resampled.waveform.shape == (1, round(samples * wanted / rate))


@given(duration_s=st.floats(0.5, 200.0), seed=st.integers(0, 1000), share=st.floats(0, 1))
@settings(max_examples=200)
def test_segments_lie_inside_in_order_and_hold_enough_voice_unless_only_one_is_left(
    duration_s: float, seed: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    blocks = np.repeat(random.random(int(duration_s) + 1) < share, round(1 / HOP_S))
    activity = Activity(blocks[: round(duration_s / HOP_S)], HOP_S)

    spans = cut_segments(duration_s, activity)

    assert spans
    assert all(0 <= span.start_s < span.end_s <= duration_s + TOLERANCE_S for span in spans)
    assert all(span.duration_s <= SEGMENT_S + TOLERANCE_S for span in spans)
    assert list(spans) == sorted(spans, key=lambda span: span.start_s)
    if len(spans) > 1:
        assert all(span.duration_s >= SHORTEST_SEGMENT_S - TOLERANCE_S for span in spans)
        voiced_s = [activity.active_between(span.start_s, span.end_s) for span in spans]
        assert all(seconds >= SHORTEST_ACTIVE_S for seconds in voiced_s)


@given(duration_s=st.floats(0.5, 300.0))
@settings(max_examples=100)
def test_segments_of_a_voice_without_pauses_cover_it_up_to_a_short_tail(duration_s: float) -> None:
    activity = Activity(np.ones(round(duration_s / HOP_S) + 1, bool), HOP_S)

    spans = cut_segments(duration_s, activity)

    assert spans[0].start_s == 0.0
    assert all(later.start_s <= earlier.end_s for earlier, later in pairwise(spans))
    assert duration_s - spans[-1].end_s < SHORTEST_SEGMENT_S


@given(gain_db=st.floats(-20.0, 20.0))
@settings(max_examples=15)
def test_gain_does_not_move_activity(gain_db: float) -> None:
    voice = np.concatenate([tone(1.0, RATE), np.zeros((1, RATE), np.float32), tone(1.0, RATE)], axis=1)
    voice = voice + np.random.default_rng(0).normal(0, 1e-2, voice.shape).astype(np.float32)

    plain = detect_activity(Sound(voice, RATE)).active
    louder = detect_activity(Sound((voice * 10 ** (gain_db / 20)).astype(np.float32), RATE)).active

    assert np.array_equal(plain, louder)


@given(semitones=st.integers(-12, 12))
@settings(max_examples=10)
def test_n_semitones_up_move_f0_by_100_n_cents(semitones: int) -> None:
    low = track_with_dio(Sound(tone(0.6, RATE, f0_hz=220.0), RATE)).midi_pitch
    high = track_with_dio(Sound(tone(0.6, RATE, f0_hz=220.0 * 2 ** (semitones / 12)), RATE)).midi_pitch

    moved_cents = 100 * (np.nanmedian(high) - np.nanmedian(low))
    assert abs(moved_cents - 100 * semitones) < TOLERANCE_CENTS


@given(content=st.binary(max_size=4000))
@settings(max_examples=200)
def test_sniffing_never_fails(content: bytes) -> None:
    for head in (b"", b"ID3\4\0\0\0\0\0\7", b"\xff\xfb\x90\x00", b"\xff\xf1"):
        sniff(head + content)
