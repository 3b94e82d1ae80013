"""Blending: presets, the dial and missing signals."""

import numpy as np
import pytest

from singalike.errors import InvalidInputError
from singalike.recsys.blend import DISLIKE_SHARE, BlendPreset, blend
from singalike.recsys.presets import SIMILAR, SINGERS, shipped_presets

EXACT = 1e-12

VOICE_SINGERS = shipped_presets().default(SIMILAR, SINGERS)


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
    others = before.keys() - {"timbre", "style"}
    assert {name: dialled[name] for name in others} == {name: before[name] for name in others}


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


def test_switching_everything_off_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        BlendPreset("test", 1, {"timbre": 1.0}).without({"timbre"})

    assert caught.value.reason == "NO_SIGNAL_LEFT"
    assert "key_fit_gain is of songs alone" in caught.value.message


def test_taste_grows_with_what_is_known_of_a_listener() -> None:
    preset = BlendPreset("test", 1, {"timbre": 0.5, "collaborative": 0.5}, taste_half_weight_events=20.0)

    weights = [preset.with_taste_of(count).weights["collaborative"] for count in (0, 20, 180)]

    assert weights == pytest.approx([0.0, 0.25, 0.45], abs=EXACT)


def test_weights_of_the_caller_stand_instead_of_the_presets() -> None:
    custom = VOICE_SINGERS.weighing({"timbre": 3.0, "style": 1.0})

    assert custom.shares() == {"timbre": 0.75, "style": 0.25}
    assert custom.label == f"custom:{VOICE_SINGERS.label}"


def test_a_dislike_takes_its_share_of_the_score_and_shows_as_evidence() -> None:
    preset = BlendPreset("test", 1, {"timbre": 1.0})
    signals = {"timbre": np.array([0.5, 0.5, 0.5])}

    mixed = blend(signals, preset, np.array([0.0, 0.5, 1.0]))

    assert mixed.score == pytest.approx([0.5, 0.5 * (1 - DISLIKE_SHARE / 2), 0.5 * (1 - DISLIKE_SHARE)], abs=EXACT)
    assert mixed.contributions_of(2) == pytest.approx({"timbre": 0.5, "dislikes": -0.5 * DISLIKE_SHARE}, abs=EXACT)
    assert "dislikes" not in mixed.contributions_of(0)
