"""The watermark: found and read by its key alone, and too small to hear."""

import numpy as np
import pytest
from numpy.random import Generator

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.watermark import Detection, detect, embed
from singalike.conversion.watermark.layout import draw_layout
from singalike.conversion.watermark.payload_code import code_signs, read_payload
from singalike.errors import InvalidInputError
from tests.support.buzzing import buzzing_voice

KEY, OTHER_KEY = b"sixteen bytes are enough", b"another key of some bytes"
PAYLOAD = 0xFEED_0000_1234_5678
RATE = 16_000


def sing(duration_s: float = 12.0) -> Sound:
    """A voice over noise that swells, mono at 16 kHz."""
    voice = buzzing_voice(duration_s, 210.0, vibrato_semitones=0.4)
    swell = 0.02 * (1.2 + np.sin(np.arange(len(voice)) / 3000.0))
    noise = np.random.default_rng(5).standard_normal(len(voice)) * swell
    return Sound((0.6 * voice + noise)[None].astype(np.float32), RATE)


@pytest.fixture(scope="module")
def marked() -> Sound:
    return embed(sing(), KEY, PAYLOAD)


def test_the_payload_is_read_with_the_key(marked: Sound) -> None:
    found = detect(marked, KEY)

    assert found.found
    assert found.payload == PAYLOAD
    assert found.confidence > 1 - 1e-6
    assert [(span.start_s, round(span.end_s, 3)) for span in found.spans] == [(0.0, 12.0)]


def test_another_key_finds_nothing(marked: Sound) -> None:
    found = detect(marked, OTHER_KEY)

    assert (found.found, found.payload, found.spans) == (False, None, ())
    assert found.confidence < 0.99


def test_unmarked_sound_raises_no_alarm() -> None:
    assert not detect(sing(), KEY).found


@pytest.mark.parametrize("waveform", [np.zeros((1, 80_000)), np.full((2, 5_000), 0.25), np.ones((1, 1))])
def test_what_says_nothing_is_not_marked_and_says_so(waveform: np.ndarray) -> None:
    found = detect(Sound(waveform.astype(np.float32), RATE), KEY)

    assert found == Detection(False, 0.0, found.deviations, None, ())


def test_the_mark_survives_a_cut_at_any_place(marked: Sound) -> None:
    found = detect(marked.cut(1.2345, 11.2345), KEY)

    assert (found.found, found.payload) == (True, PAYLOAD)


@pytest.mark.parametrize("gain_db", [-20.0, -6.0, 6.0])
def test_the_mark_survives_another_level(marked: Sound, gain_db: float) -> None:
    louder = Sound(marked.waveform * np.float32(10 ** (gain_db / 20)), RATE)

    assert detect(louder, KEY).payload == PAYLOAD


def test_the_mark_survives_another_rate() -> None:
    song = embed(resample(sing(), 44_100), KEY, PAYLOAD)

    assert detect(resample(song, 22_050), KEY).payload == PAYLOAD


def test_the_mark_is_found_in_channels_that_cancel_each_other(marked: Sound) -> None:
    opposite = Sound(np.concatenate([marked.waveform, -marked.waveform]), RATE)

    assert detect(opposite, KEY).payload == PAYLOAD


def test_the_stereo_image_stays() -> None:
    mono = sing(6.0).waveform
    stereo = embed(Sound(np.concatenate([mono, 0.5 * mono]), RATE), KEY, PAYLOAD).waveform

    assert np.allclose(stereo[1], 0.5 * stereo[0], atol=1e-6)


def test_a_marked_stretch_is_found_within_unmarked_sound_and_placed(marked: Sound) -> None:
    silence = sing(20.0).waveform[:, ::-1]
    spliced = Sound(np.concatenate([silence, marked.waveform, silence], axis=1), RATE)

    found = detect(spliced, KEY)

    assert found.payload == PAYLOAD
    assert 8.0 < found.spans[0].start_s < 24.0
    assert 28.0 < found.spans[-1].end_s < 44.0


def test_the_mark_lies_far_under_the_sound(marked: Sound) -> None:
    sound = sing()

    change = marked.waveform - sound.waveform

    assert 10 * np.log10(np.mean(sound.waveform**2) / np.mean(change**2)) > 20.0


def test_what_lies_outside_the_band_stays() -> None:
    time_s = np.arange(5 * 44_100) / 44_100
    swelling = 0.1 * np.sin(2 * np.pi * 10_000 * time_s) * np.sin(np.pi * time_s / 5) ** 2
    tone = Sound(swelling[None].astype(np.float32), 44_100)

    assert np.abs(embed(tone, KEY, PAYLOAD).waveform - tone.waveform).max() < 1e-5


def test_a_payload_with_too_little_evidence_is_withheld() -> None:
    layout = draw_layout(KEY)
    random: Generator = np.random.default_rng(0)
    noise = random.standard_normal(layout.signs.shape).astype(np.float32)

    assert read_payload(layout, code_signs(layout, PAYLOAD) + 5 * noise) == PAYLOAD
    assert read_payload(layout, noise) is None


def test_a_layout_is_the_keys_alone_and_stays_as_published() -> None:
    layout = draw_layout(KEY)

    assert np.array_equal(layout.role, draw_layout(KEY).role)
    assert abs(np.corrcoef(layout.signs.ravel(), draw_layout(OTHER_KEY).signs.ravel())[0, 1]) < 0.05
    # Marks that are out in the world are unreadable from the day that these change.
    assert layout.role[0, :12].tolist() == PUBLISHED_ROLES
    assert layout.generator[0, :4].tolist() == PUBLISHED_GENERATORS
    assert "".join("+" if sign > 0 else "-" for sign in layout.signs[0, :12]) == PUBLISHED_SIGNS


PUBLISHED_ROLES = [0, 1, 4, 1, 0, 0, 2, 5, 3, 5, 2, 0]
PUBLISHED_GENERATORS = [1526, 19838, 8222, 30190]
PUBLISHED_SIGNS = "---++-+-+--+"


@pytest.mark.parametrize(("key", "payload", "reason"), [
    (b"short", 1, "WATERMARK_KEY_TOO_SHORT"),
    (KEY, -1, "PAYLOAD_OUT_OF_RANGE"),
    (KEY, 1 << 64, "PAYLOAD_OUT_OF_RANGE"),
])  # fmt: skip
def test_what_cannot_be_hidden_is_refused(key: bytes, payload: int, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        embed(sing(1.0), key, payload)

    assert refused.value.reason == reason
