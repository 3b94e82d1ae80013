"""Blending: presets, the dial and missing signals."""

import numpy as np
import pytest

from singalike.errors import InvalidInputError
from singalike.recsys.blend import VOICE_SINGERS, VOICE_SONGS, BlendPreset, blend

EXACT = 1e-12


def test_the_weight_of_a_missing_signal_is_shared_out() -> None:
    preset = BlendPreset("test", 1, {"timbre": 0.5, "style": 0.25, "melody": 0.25})

    mixed = blend({"timbre": np.array([0.6]), "style": np.array([0.3]), "melody": np.array([np.nan])}, preset)

    assert mixed.score[0] == pytest.approx((0.5 * 0.6 + 0.25 * 0.3) / 0.75, abs=EXACT)
    assert mixed.missing == ("melody",)
    assert set(mixed.contributions_of(0)) == {"timbre", "style"}


def test_a_signal_that_one_row_lacks_is_not_reported_as_missing() -> None:
    preset = BlendPreset("test", 1, {"timbre": 1.0, "melody": 1.0})

    mixed = blend({"timbre": np.array([0.5, 0.5]), "melody": np.array([np.nan, 1.0])}, preset)

    assert mixed.missing == ()
    assert mixed.score.tolist() == pytest.approx([0.5, 0.75], abs=EXACT)


def test_nothing_known_scores_zero() -> None:
    mixed = blend({"timbre": np.array([np.nan])}, BlendPreset("test", 1, {"timbre": 1.0}))

    assert mixed.score[0] == 0.0


@pytest.mark.parametrize("dial", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_the_dial_moves_weight_between_timbre_and_style_only(dial: float) -> None:
    dialled = VOICE_SINGERS.dialled(dial).weights
    before = VOICE_SINGERS.weights

    together = before["timbre"] + before["style"]

    assert dialled["timbre"] + dialled["style"] == pytest.approx(together, abs=EXACT)
    assert {name: dialled[name] for name in ("melody", "voice_gender", "tessitura")} == {
        name: before[name] for name in ("melody", "voice_gender", "tessitura")
    }


def test_the_ends_of_the_dial_listen_to_one_side_alone() -> None:
    assert VOICE_SINGERS.dialled(0.0).weights["style"] == 0.0
    assert VOICE_SINGERS.dialled(1.0).weights["timbre"] == 0.0
    assert VOICE_SINGERS.dialled(0.5).weights == pytest.approx(dict(VOICE_SINGERS.weights), abs=EXACT)


@pytest.mark.parametrize("dial", [-0.1, 1.1, float("nan")])
def test_a_dial_outside_its_range_is_refused(dial: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        VOICE_SINGERS.dialled(dial)

    assert caught.value.reason == "BAD_TIMBRE_STYLE"


def test_an_unknown_signal_cannot_be_switched_off() -> None:
    with pytest.raises(InvalidInputError) as caught:
        VOICE_SINGERS.without({"loudness"})

    assert caught.value.reason == "UNKNOWN_SIGNAL"


@pytest.mark.parametrize("preset", [VOICE_SINGERS, VOICE_SONGS])
def test_shipped_presets_weigh_to_one(preset: BlendPreset) -> None:
    assert sum(preset.weights.values()) == pytest.approx(1.0, abs=EXACT)
