"""What a recording is called, with an open middle, and that too little singing names no range, on every way out."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from singalike.client.profile_converters import (
    profile_from_message,
    profile_to_message,
    summary_from_message,
    summary_to_message,
)
from singalike.embeddings.profile import UndecidedBand
from singalike.embeddings.training.voice_gender import calibration_error, choose_band
from singalike.recsys.suggestions import Suggestions, VoiceSummary
from singalike.services.adapters.profile_codec import profile_columns, read_profile, segments_columns
from singalike.services.cli.suggestions_json import suggestions_to_json
from singalike.services.cli.suggestions_table import print_suggestions
from tests.support.voices import voice


def printed(summary: VoiceSummary) -> str:
    page = io.StringIO()
    print_suggestions(Suggestions((), (), summary, ()), {}, Console(file=page, width=200))
    return page.getvalue()


@pytest.mark.parametrize(
    ("probability", "answer"),
    [(0.0, "male"), (0.3, "male"), (0.31, "undecided"), (0.5, "undecided"), (0.7, "female"), (1.0, "female")],
)
def test_the_middle_is_left_open(probability: float, answer: str) -> None:
    assert UndecidedBand(0.3, 0.7).answer(probability) == answer


def test_a_profile_keeps_its_band_over_the_wire_and_in_the_catalogue() -> None:
    profile = replace(voice(1, female_probability=0.75), undecided_band=UndecidedBand(0.2, 0.8))

    wired = profile_from_message(profile_to_message(profile))
    stored = read_profile(profile_columns(profile), segments_columns(profile.segments), "fake-1")

    assert wired.undecided_band == stored.undecided_band == UndecidedBand(0.2, 0.8)
    assert wired.voice_gender == stored.voice_gender == "undecided"


def test_a_message_of_an_older_ear_has_the_usual_band() -> None:
    message = profile_to_message(voice(1, female_probability=0.9))
    message.ClearField("undecided_band")

    assert profile_from_message(message).voice_gender == "female"


@pytest.mark.parametrize(("probability", "word"), [(0.02, "male"), (0.5, "undecided"), (0.97, "female")])
def test_every_summary_says_the_answer(probability: float, word: str) -> None:
    summary = VoiceSummary.of(voice(1, female_probability=probability))

    assert summary_from_message(summary_to_message(summary)).voice_gender == word
    assert suggestions_to_json(Suggestions((), (), summary, ()))["voice"]["voice_gender"] == word
    assert word in printed(summary)


def test_under_five_seconds_of_singing_no_reply_names_a_range() -> None:
    summary = VoiceSummary.of(voice(1, voiced_s=4.9))

    message = summary_to_message(summary).vocal_range
    told = suggestions_to_json(Suggestions((), (), summary, ()))["voice"]["range"]

    assert not any(message.HasField(name) for name in ("lowest_midi", "highest_midi", "tessitura_low_midi"))
    assert message.voiced_s == pytest.approx(4.9)
    assert told == {
        "lowest_midi": None,
        "highest_midi": None,
        "tessitura_midi": [None, None],
        "voiced_s": pytest.approx(4.9),
        "sufficient": False,
    }
    assert "not enough for a range (4.9 of 5 s" in printed(summary)


def test_from_five_seconds_on_the_range_is_told() -> None:
    summary = VoiceSummary.of(voice(1, voiced_s=5.0, semitones=(57, 64)))

    assert summary_to_message(summary).vocal_range.lowest_midi == 57.0
    assert "A3 to E4" in printed(summary)


def test_the_band_is_as_wide_as_the_errors_of_unmet_voices_ask_for() -> None:
    female = np.arange(1000) % 2 == 0
    sure = np.where(female, 0.95, 0.05)
    unsure = np.where(np.arange(1000) % 10 == 0, np.where(female, 0.2, 0.8), sure)  # a tenth is wrong by that much

    assert choose_band(sure, female, 0.98) == UndecidedBand(0.4, 0.6)
    assert choose_band(unsure, female, 0.98) == UndecidedBand(0.19, 0.81)


def test_the_calibration_error_is_the_distance_of_sureness_from_truth() -> None:
    female = np.arange(100) < 80

    assert calibration_error(np.full(100, 0.8), female) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(np.full(100, 0.99), female) == pytest.approx(0.19, abs=1e-9)
