"""Profiles cross the wire unchanged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.client.profile_converters import profile_from_message, profile_to_message
from singalike.services.wire.faults import Faults
from singalike.services.wire.profile_validator import check_profile
from singalike.v1.voice_pb2 import VoiceProfile as ProfileMessage
from tests.support.fake_ear import make_profile


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), segments=st.integers(1, 20))
def test_a_profile_comes_back_bit_by_bit_and_passes_the_checks(seed: int, segments: int) -> None:
    profile = make_profile(seed, segments)

    message = ProfileMessage.FromString(profile_to_message(profile).SerializeToString())
    back = profile_from_message(message)
    faults = Faults()
    check_profile(faults, "profile", message)

    faults.raise_any()
    for name in ("timbre", "style", "melody"):
        np.testing.assert_array_equal(getattr(back, name), getattr(profile, name))
    for name in ("start_s", "end_s", "timbre", "style", "melody"):
        one, other = getattr(back.segments, name), getattr(profile.segments, name)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    np.testing.assert_array_equal(back.vocal_range.seconds_per_semitone, profile.vocal_range.seconds_per_semitone)
    assert back.vocal_range.tessitura_midi == profile.vocal_range.tessitura_midi
    assert (back.quality, back.model_version) == (profile.quality, profile.model_version)
    assert back.sung_notes == profile.sung_notes
    assert back.female_probability == pytest.approx(profile.female_probability, abs=1e-7)  # a double as a float
