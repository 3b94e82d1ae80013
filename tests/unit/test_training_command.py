"""Fitting from a data folder, small and whole: manifest, voices, checkpoints, model cards."""

import csv
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.training import style, timbre, voice_gender
from singalike.embeddings.training.__main__ import main
from singalike.embeddings.training.clips import VariedClips
from singalike.embeddings.training.datasets import read_melodies, read_voices, read_waveform, split_voices
from singalike.embeddings.training.loop import Surroundings
from singalike.embeddings.training.melodies import read_melody
from singalike.embeddings.training.natural_clips import NaturalClips
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.timbre_network import NetworkTraining
from singalike.embeddings.training.workshop import Workshop
from singalike.embeddings.trunk import TrunkPreset
from singalike.embeddings.voice_gender import VoiceGenderClassifier
from singalike.errors import InvalidInputError, NotFoundError
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.training_data import COLUMNS, midi_file


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "toy").mkdir()
    rows = []
    for index in range(4):
        voice_gender = "fm"[index % 2]
        low = voice_gender == "m"
        voice = buzzing_voice(1.5, 120.0 if low else 210.0, 0.9 if low else 1.1, seed=index)
        soundfile.write(folder / "toy" / f"{index}.wav", voice, SAMPLE_RATE)
        rows.append((f"toy/{index}.wav", "speech", f"singer{index}", voice_gender, "s", "1.5", "CC0-1.0", "train"))
    (folder / "song.mid").write_bytes(midi_file())
    rows.append(("song.mid", "midi", "", "unknown", "song", "0", "CC0-1.0", "train"))
    rows.append(("secret.wav", "singing", "measured", "f", "s", "1", "none", "measure"))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder


def test_only_rows_that_may_train_are_read(data: Path) -> None:
    voices = read_voices(data)

    assert [voice.singer for voice in voices] == ["singer0", "singer1", "singer2", "singer3"]


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="manifest"):
        read_voices(tmp_path)


def test_held_out_voices_are_as_many_female_as_male_and_never_fitted_on(data: Path) -> None:
    fitted, held_out = split_voices(read_voices(data), held_out=2)

    assert sorted(voice.voice_gender for voice in held_out) == ["f", "m"]
    assert not {voice.singer for voice in fitted} & {voice.singer for voice in held_out}


def test_the_melody_track_is_read_in_seconds() -> None:
    melody = read_melody(midi_file())

    assert len(melody) == 30
    np.testing.assert_allclose(melody.midi_pitch[:3], [60.0, 62.0, 64.0])
    np.testing.assert_allclose(melody.duration_s, 0.25)


def test_melodies_of_the_folder_are_found(data: Path) -> None:
    assert len(read_melodies(data)) == 1


def test_a_folder_without_a_melody_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(",".join(COLUMNS) + "\n", "utf-8")

    with pytest.raises(InvalidInputError, match="no melody: add MIDI") as refused:
        Workshop(tmp_path).for_each_voice(lambda *_: None, [])

    assert refused.value.reason == "NO_MELODIES"


def test_recordings_are_read_at_one_level_and_rate(data: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "fast.wav", np.stack([buzzing_voice(1.0)] * 2, axis=1), 32_000)

    waveform = read_waveform(tmp_path / "fast.wav")

    assert len(waveform) == pytest.approx(8_000, abs=2)
    assert np.sqrt(np.mean(waveform**2)) == pytest.approx(
        np.sqrt(np.mean(read_waveform(data / "toy" / "0.wav") ** 2)), rel=0.01
    )


class SameProcess(Workshop):
    """A workshop that works on one voice after the other, here."""

    def for_each_voice(self, work, voices):  # type: ignore[no-untyped-def]
        from singalike.embeddings.training.generator import analyse_voice

        melodies = read_melodies(self.data)
        return [work(voice, analyse_voice(read_waveform(voice.path)), melodies) for voice in voices]


@pytest.mark.parametrize(
    ("fit", "preset", "load"),
    [
        (
            style.fit,
            style.StylePreset(warps=(1.0,), expressions=5, unseen=4, clips=4, dims=3, plain_dims=4, held_out=2),
            StyleEncoder.load,
        ),
        (
            voice_gender.fit,
            voice_gender.VoiceGenderPreset(warps=(1.0,), clips=2, held_out=2),
            VoiceGenderClassifier.load,
        ),
    ],
)
def test_a_fit_saves_a_checkpoint_that_loads_and_a_card_with_attribution(
    data: Path, tmp_path: Path, fit: Callable[..., object], preset: object, load: Callable[[Path], object]
) -> None:
    said: list[str] = []

    fit(SameProcess(data, seed=1, say=said.append), tmp_path, preset)

    assert load(tmp_path) is not None
    card = next(tmp_path.glob("*.md")).read_text("utf-8")
    assert "4 voices" in card
    assert "CC0-1.0" in card
    assert "--seed 1" in card
    assert said


def test_work_in_another_process_is_the_same_from_a_cache(data: Path, tmp_path: Path) -> None:
    workshop = Workshop(data, workers=1, cache=tmp_path / "analyses", say=lambda words: None)
    work = partial(voice_gender.hear_voice, preset=voice_gender.VoiceGenderPreset(warps=(1.0,), clips=1), seed=0)
    one_voice = workshop.voices()[:1]

    fresh, cached = (workshop.for_each_voice(work, one_voice)[0] for _ in range(2))

    assert len(list((tmp_path / "analyses").iterdir())) == 1
    for one, other in zip(fresh, cached, strict=True):
        np.testing.assert_array_equal(one.features, other.features)


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    assert "--data" in capsys.readouterr().out


TINY_TIMBRE = timbre.TimbrePreset(
    clips=VariedClips(warps=(0.9, 1.1), clips=3, duration_s=1.0),
    linear=timbre.LinearPreset(statistics_dims=3, supervector_dims=3, components=2),
    shape=TrunkPreset(narrow=8, wide=8, blocks=1, timbre_dim=6),
    network=NetworkTraining(singers=2, crop_frames=50),
    loop=LoopPreset(steps=3, validate_every=2),
    held_out=2,
)


def test_training_goes_on_from_a_checkpoint_that_the_card_and_the_run_name(data: Path, tmp_path: Path) -> None:
    base, out = tmp_path / "base", tmp_path / "out"
    workshop, around = SameProcess(data, seed=1, say=lambda _: None), Surroundings(lambda: 0.0)
    timbre.fit(workshop, base, TINY_TIMBRE, tmp_path / "base-run", around)
    natural = replace(TINY_TIMBRE, natural=NaturalClips(factors=(1.0,), crops=1, sung=1, duration_s=1.0))
    start = timbre.Start.load(base)

    made = timbre.fit(workshop, out, natural, tmp_path / "out-run", around, start=start)

    card = (out / "timbre.md").read_text("utf-8")
    assert made is not None
    assert start.sha256 in card
    assert start.sha256 in (tmp_path / "out-run" / "run.json").read_text("utf-8")
    assert "made by `singalike train timbre` with seed 1" in card
    assert "singalike train timbre --preset PRESET --weights BASE --workers 1 --data FOLDER" in card


def test_training_timbre_saves_network_and_linear_part_with_a_card(data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    workshop = SameProcess(data, seed=1, say=said.append)

    made = timbre.fit(workshop, tmp_path, TINY_TIMBRE, tmp_path / "run", Surroundings(lambda: 0.0))

    loaded = TimbreEncoder.load(tmp_path)
    card = (tmp_path / "timbre.md").read_text("utf-8")
    frames = loaded.analyse(buzzing_voice(2.0))
    assert made is not None
    assert loaded.dim == 3 + 3 + 6
    np.testing.assert_allclose(loaded.embed(frames), made.embed(frames), atol=5e-3)
    assert "singalike train timbre --preset PRESET --workers 1 --data FOLDER --out FOLDER --seed 1" in card
    assert "network alone" in card
