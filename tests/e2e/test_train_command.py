"""`singalike train`: what it prints, refuses, saves and resumes."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.training.pace import Progress
from singalike.services.cli.root import main
from singalike.services.cli.train_command import command
from singalike.services.cli.training_progress import duration_words, json_line, progress_words
from tests.support.training_data import write_melodies

SMALL = {
    "loop": {"steps": 2, "save_every": 1, "log_every": 1},
    "tcae": {"channels": 8, "latent_dim": 4, "encoder_dilations": [1], "decoder_dilations": [1]},
    "training": {"pool": 1, "batch": 8},
    "phrases": 8,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_melodies(tmp_path / "data")


def train(data: Path, out: Path, *further: str) -> Result:
    return CliRunner().invoke(command, ["melody", "--data", str(data), "--out", str(out), *further])


def test_melody_is_trained_with_lines_of_json_and_not_again_when_it_is_done(data: Path, tmp_path: Path) -> None:
    preset, out = tmp_path / "small.json", tmp_path / "out"
    preset.write_text(json.dumps(SMALL), "utf-8")
    options = ("--workers", "1", "--preset", str(preset), "--device", "cpu", "--json")

    result = train(data, out, *options)
    again = train(data, out, *options)

    assert result.exit_code == 0, result.output
    told = [json.loads(line) for line in result.output.splitlines()]
    assert [line["step"] for line in told if "step" in line] == [1, 2]
    assert {"steps_per_s", "left_s", "losses"} <= told[0].keys()
    assert MelodyEncoder.load(out).dim > 0
    assert (out / "run" / "melody" / "training.csv").read_text("utf-8").count("\n") == 3
    assert not any("step" in json.loads(line) for line in again.output.splitlines())


def test_a_run_folder_of_another_seed_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"seed": 5}', "utf-8")

    with pytest.raises(SystemExit) as ended:
        main(["train", "melody", "--data", str(data), "--out", str(tmp_path / "out"), "--run-folder",
              str(tmp_path / "run")])  # fmt: skip

    assert ended.value.code == 1
    assert "RUN_DIFFERS" in capsys.readouterr().err


def test_steps_of_a_linear_fit_are_refused(data: Path, tmp_path: Path) -> None:
    arguments = ["gender", "melody", "--data", str(data), "--out", str(tmp_path), "--steps", "3", "--precision", "bf16"]

    result = CliRunner().invoke(command, arguments)

    assert result.exit_code == 2
    assert (
        "--steps, --precision: only networks are paced (timbre, melody, separator, ast), not voice_gender"
        in result.output
    )


def test_a_preset_that_is_not_there_is_refused_with_the_names(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="name a file, or default, large, quick"):
        CliRunner().invoke(
            command, ["melody", "--data", str(data), "--out", str(tmp_path), "--preset", "x"], catch_exceptions=False
        )


def test_progress_is_said_in_words_and_in_json() -> None:
    progress = Progress(30, 100, 2.0, 48.0, 3725.4, 1e-3, {"total": 1.25, "gradient_norm": math.inf}, {"score": 0.5})

    assert progress_words(progress) == "2.00 steps/s, 48 clips/s, 1:02:05 left, loss 1.250, score 0.500"
    assert json.loads(json_line("melody", progress))["losses"] == {"total": 1.25, "gradient_norm": None}
    assert duration_words(59.6) == "0:01:00"
