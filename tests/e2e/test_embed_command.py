"""`singalike embed` as a person runs it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.services.cli.root import group


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three synthetic voices, one of them only in the right channel, and one file that is no sound."""
    folder = tmp_path_factory.mktemp("recordings")
    for seed in range(3):
        rng = np.random.default_rng(seed)
        voice = draw_singer(rng)
        waveform = sing(voice, compose_melody(rng, voice.centre_midi, 4.0), rng=rng).waveform[0]
        stereo = np.stack([rng.normal(0, 0.1, len(waveform)), waveform], axis=1)
        soundfile.write(folder / f"voice-{seed}.flac", stereo if seed == 2 else waveform, 24_000)
    (folder / "notes.mp3").write_text("not a sound")
    return folder


def embed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["embed", *map(str, arguments)], standalone_mode=False)


def test_a_folder_becomes_an_archive_and_refusals_are_reported(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npz"

    result = embed(recordings, "--out", out, "--json")

    report = json.loads(result.stdout)
    assert result.return_value == 0
    assert report["embedded"] == 3
    assert [row["reason"] for row in report["refused"]] == ["UNKNOWN_FORMAT"]
    with np.load(out, allow_pickle=False) as archive:
        assert [Path(path).name for path in archive["path"]] == [f"voice-{seed}.flac" for seed in range(3)]
        assert archive["tessitura_midi"].shape == (3, 2)
        assert archive["female_probability"].shape == (3,)
        assert set(archive["voice_gender"]) <= {"female", "male", "undecided"}
        assert np.isnan(archive["tessitura_midi"][archive["voiced_s"] < 5.0]).all()
        assert {archive[key].ndim for key in ("timbre", "style", "melody")} == {2}


def test_a_manifest_names_paths_relative_to_itself_and_channels_by_row(recordings: Path, tmp_path: Path) -> None:
    manifest = recordings / "manifest.csv"
    with manifest.open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "channel"], ["voice-0.flac", ""], ["voice-2.flac", "right"]])

    result = embed("--manifest", manifest, "--out", tmp_path / "m.npz", "--batch-size", "1")
    whole = embed(recordings / "voice-0.flac", "--out", tmp_path / "w.npz")

    assert (result.return_value, whole.return_value) == (0, 0)
    with np.load(tmp_path / "m.npz") as by_manifest, np.load(tmp_path / "w.npz") as by_path:
        assert by_manifest["path"].tolist() == ["voice-0.flac", "voice-2.flac"]
        np.testing.assert_array_equal(by_manifest["timbre"][0], by_path["timbre"][0])


def test_a_manifest_without_paths_is_refused_with_its_line(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("audio,channel\nvoice.flac,middle\n")

    result = embed("--manifest", manifest, "--out", tmp_path / "v.npz")

    assert result.exception is not None
    assert "line 2" in str(result.exception)


def test_when_everything_is_refused_no_archive_is_written(recordings: Path, tmp_path: Path) -> None:
    result = embed(recordings / "notes.mp3", "--out", tmp_path / "none.npz")

    assert result.return_value == 1
    assert not (tmp_path / "none.npz").exists()
