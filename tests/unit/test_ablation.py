"""The ablation from a data folder to its table, on voices made by our own code."""

import csv
import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.training.ablation import AblationPlace, AblationPreset, AblationRow, run_ablation
from singalike.embeddings.training.ablation_figures import MEASURED_SETS, pair_errors
from singalike.embeddings.training.ablation_material import MaterialPreset, NamedClip
from singalike.embeddings.training.ablation_table import json_rows, markdown
from singalike.embeddings.training.loop import Surroundings
from singalike.embeddings.training.presets import read_preset
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.views import COMBINATIONS
from singalike.embeddings.trunk import TrunkPreset
from singalike.errors import WrongStateError
from singalike.services.cli.root import group

TINY = AblationPreset(
    shape=TrunkPreset(inputs=80, narrow=8, wide=8, blocks=1, kernel=3, timbre_dim=8, dropout=0.0),
    loop=LoopPreset(steps=3, warm_up=1, save_every=1, log_every=1),
    clips=8,
    crop_frames=40,
    material=MaterialPreset(held_out=4, seconds=1.5, analysed_s=1.5, sung_clips=1, clip_s=1.0),
)
NO_MEL = np.zeros((1, 1), dtype=np.float16)


def seconds() -> Callable[[], float]:
    counter = itertools.count()
    return lambda: float(next(counter))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six synthetic singers that may train, and a set of two more that only measures."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = [("path", "kind", "singer", "gender", "song", "seconds", "licence", "use")]
    for number in range(8):
        gender = ("female", "male")[number % 2]
        voice = draw_singer(rng, gender)
        for take in range(1 if number < 6 else 5):
            sound = sing(voice, compose_melody(rng, voice.centre_midi, 1.6), 16_000, rng)
            path = f"ours/{number}-{take}.wav" if number < 6 else f"ravdess/{number}-{take}.wav"
            (folder / path).parent.mkdir(exist_ok=True)
            soundfile.write(folder / path, sound.waveform[0], 16_000)
            use = "train" if number < 6 else "measure"
            rows.append((path, "singing", f"s{number}", gender[0], f"song{take}", "1.6", "CC0-1.0", use))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def rows(data: Path, out: Path) -> Sequence[AblationRow]:
    table = run_ablation(AblationPlace(data, out, data), TINY, 0, Surroundings(seconds()), lambda words: None)
    assert table is not None
    return table


def test_all_nine_combinations_are_trained_beside_two_baselines(rows: Sequence[AblationRow]) -> None:
    assert [row.method for row in rows] == ["mean-mel", "untrained", *["trained"] * 9]
    assert [(row.pitch, row.stretch) for row in rows[2:]] == [(one.pitch, one.stretch) for one in COMBINATIONS]


def test_losses_and_errors_are_finite_for_held_out_and_measured_singers(rows: Sequence[AblationRow]) -> None:
    for row in rows[1:]:
        assert row.loss is not None
        assert row.chance is not None
        assert math.isfinite(row.loss)
        assert row.below_chance == pytest.approx(row.chance - row.loss)
        assert list(row.errors) == [
            "held-out singers", "held-out singers, whitened", MEASURED_SETS[0], f"{MEASURED_SETS[0]}, whitened"
        ]  # fmt: skip
    assert list(rows[0].errors) == ["held-out singers", MEASURED_SETS[0]]
    for row in rows:
        assert all(0.0 <= errors.eer <= 1.0 for errors in row.errors.values())


def test_a_table_that_is_over_is_not_trained_again(rows: Sequence[AblationRow], data: Path, out: Path) -> None:
    states = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.suffix in {".safetensors", ".npz"}}

    again = run_ablation(AblationPlace(data, out, data), TINY, 0, Surroundings(seconds()), lambda words: None)

    assert again is not None
    assert markdown(again) == markdown(rows)
    assert {file: file.stat().st_mtime_ns for file in states} == states


def test_other_settings_in_the_same_folder_are_refused(rows: Sequence[AblationRow], data: Path, out: Path) -> None:
    with pytest.raises(WrongStateError, match="clips"):
        run_ablation(AblationPlace(data, out), replace(TINY, clips=12), 0, Surroundings(seconds()), lambda words: None)


def test_the_command_prints_what_the_folder_holds_and_keeps_both_files(
    rows: Sequence[AblationRow], data: Path, out: Path, tmp_path: Path
) -> None:
    preset = tmp_path / "tiny.json"
    preset.write_text(json.dumps(asdict(TINY)), "utf-8")
    arguments = ["train", "timbre", "--ablation", "--data", str(data), "--out", str(out), "--measure", str(data)]

    told = CliRunner().invoke(group, [*arguments, "--preset", str(preset)], catch_exceptions=False)

    assert told.exit_code == 0
    assert told.stdout == (out / "ablation.md").read_text("utf-8") == markdown(rows)
    assert json.loads((out / "ablation.json").read_text("utf-8"))["rows"] == json_rows(rows)


def test_only_timbre_has_an_ablation(data: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(group, ["train", "style", "--ablation", "--data", str(data), "--out", str(tmp_path)])

    assert told.exit_code == 2
    assert "timbre" in told.stderr


def test_a_request_to_stop_is_heard_and_the_run_is_kept(rows: Sequence[AblationRow], data: Path, out: Path) -> None:
    elsewhere = out / "stopped"
    elsewhere.mkdir()
    (elsewhere / "material").symlink_to(out / "material")

    stopped = run_ablation(
        AblationPlace(data, elsewhere), TINY, 0, Surroundings(seconds(), stop=lambda: True), lambda words: None
    )

    assert stopped is None
    assert (elsewhere / "runs" / "pitch-off-stretch-off" / "state.safetensors").exists()


def test_the_shipped_preset_is_what_the_code_says() -> None:
    assert read_preset("ablation", "default", AblationPreset) == AblationPreset()


def test_clips_of_one_singer_and_song_are_no_pair() -> None:
    vectors = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.7, 0.7, 0.1], [0.1, 0.1, 1.0]])
    one_song, other_song = (
        [NamedClip(singer, "f", song, NO_MEL) for singer, song in (("a", "x"), ("a", second), ("a", "y"), ("b", "x"))]
        for second in ("x", "z")
    )

    # The first two clips are less alike than strangers are: an error, if they were a pair.
    assert pair_errors(vectors, one_song).eer == 0.0
    assert pair_errors(vectors, other_song).eer > 0.0
    assert pair_errors(vectors, one_song).same_gender_eer == 0.0


def test_singers_of_unknown_gender_have_no_same_gender_error() -> None:
    clips = [NamedClip(singer, "unknown", song, NO_MEL) for singer in "ab" for song in "xy"]

    assert math.isnan(pair_errors(np.eye(4), clips).same_gender_eer)


def test_the_table_has_a_row_for_every_method_and_json_has_no_nan() -> None:
    clips = [NamedClip(singer, "unknown", song, NO_MEL) for singer in "ab" for song in "xy"]
    row = AblationRow("trained", "off", "off", 3.0, 4.5, {"set": pair_errors(np.eye(4), clips)})

    assert "1.50" in markdown([row])
    assert len(markdown([row, row]).splitlines()) == 4
    assert json.loads(json.dumps(json_rows([row]), allow_nan=False))[0]["errors"]["set"]["same_gender_eer"] is None
