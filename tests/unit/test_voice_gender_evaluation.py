"""Voice gender judged: figures counted by hand, and the tables of a tiny folder."""

from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.voice_gender import Answers, calibration_error, evaluate_voice_gender
from singalike.errors import InvalidInputError
from tests.support.measured_folders import open_bench, write_measured_folder


def answers(*said: tuple[str, str, float]) -> Answers:
    recordings = [Recording(f"toy/{n}.wav", Path("unused"), "singing", singer, voice_gender, f"song{n}")
                  for n, (singer, voice_gender, _) in enumerate(said)]  # fmt: skip
    return Answers(recordings, np.array([probability for _, _, probability in said]))


def test_the_calibration_error_is_the_one_counted_by_hand() -> None:
    # Bin .2 to .3 holds two, of whom one is female: off by |.25 - .5|; bin .9 to 1 holds one female: off by .05.
    error = calibration_error(np.array([0.25, 0.25, 0.95]), np.array([True, False, True]))

    assert error == pytest.approx((2 * 0.25 + 0.05) / 3)


def test_sure_and_right_is_calibrated() -> None:
    assert calibration_error(np.array([1.0, 0.0, 1.0]), np.array([True, False, True])) == 0.0


def test_a_singer_is_judged_over_all_recordings() -> None:
    said = answers(("anna", "f", 0.4), ("anna", "f", 0.9), ("carl", "m", 0.6), ("carl", "m", 0.45))

    assert said.right.tolist() == [False, True, False, True]
    assert said.wrong_singers() == ["carl"]


def test_each_set_stands_beside_a_threshold_on_pitch(tmp_path: Path) -> None:
    bench = open_bench(write_measured_folder(tmp_path), VoiceEncoder.load(device="cpu"))

    judged, shifted = evaluate_voice_gender(bench)

    figures = {row.method: row.figures for row in judged.rows}
    assert list(figures) == ["voice gender", "f0 threshold at 165 Hz", "f0 threshold, best of this set"]
    assert figures["f0 threshold, best of this set"]["recordings right"].value == 1.0
    assert 0.0 <= figures["voice gender"]["calibration error"].value <= 1.0
    assert list(judged.curves["confusion of voice gender toy singing"]) == ["female", "male", "undecided"]
    changed = {row.method: row.figures["singers changed at +5"].value for row in shifted.rows}
    assert changed["f0 threshold at 165 Hz"] == 2.0  # five semitones above 120 Hz and more: both men
    assert [row.count for row in shifted.rows] == [4, 4]


def test_without_known_voice_genders_there_is_nothing_to_measure(tmp_path: Path) -> None:
    bench_folder = write_measured_folder(tmp_path)
    manifest = bench_folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",f,", ",unknown,").replace(",m,", ",unknown,"))

    with pytest.raises(InvalidInputError, match="gender"):
        evaluate_voice_gender(open_bench(bench_folder, VoiceEncoder.load(device="cpu")))
