"""The spectrogram transformer: frozen as an encoder, fine-tuned to tell singers, with tiny weights made here."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from safetensors.numpy import save

from singalike.audio.sound import Sound
from singalike.embeddings.ears import spectrogram_transformer
from singalike.embeddings.ears.port import refuse_to_fetch
from singalike.embeddings.ears.spectrogram_transformer import AstSingers
from singalike.embeddings.training.ast_tuning import (
    AstSources,
    AstTuning,
    SingerFigures,
    fine_tune,
    hold_out,
    score,
)
from singalike.embeddings.training.catalogue_clips import WindowStore
from singalike.embeddings.training.loop import Surroundings
from singalike.embeddings.training.own_catalogue import OwnCatalogue, OwnTrack, read_catalogue
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.singer_sampler import BalancedBatches
from singalike.errors import InvalidInputError, NotFoundError, WrongStateError
from singalike.services.cli.train_command import command
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.tiny_ears import write_ast

SAME = 1e-5
SINGERS = {"ada": (0.8, 240.0), "bo": (1.2, 110.0), "cy": (1.0, 170.0)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ast(tmp_path_factory.mktemp("ast"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("singers")
    for singer, (tract, f0_hz) in SINGERS.items():
        (root / singer).mkdir()
        for take in range(4):
            voice = buzzing_voice(1.2, f0_hz * (0.95 + 0.03 * take), tract, seed=take)
            soundfile.write(root / singer / f"{take}.wav", voice, SAMPLE_RATE)
    return root


def test_frozen_features_are_unit_vectors_that_company_does_not_change(weights: Path) -> None:
    encoder = spectrogram_transformer.load(str(weights), "cpu", refuse_to_fetch)
    voices = [buzzing_voice(seconds, 150.0, seed=index) for index, seconds in enumerate((0.4, 1.3, 0.5))]

    together = encoder.embed(voices)

    assert together.shape == (3, encoder.info.dim)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=SAME)
    np.testing.assert_allclose(together, np.concatenate([encoder.embed([voice]) for voice in voices]), atol=SAME)
    assert encoder.embed([]).shape == (0, encoder.info.dim)
    with pytest.raises(InvalidInputError):
        encoder.embed([np.ones(100, np.float32)])


def test_what_is_longer_than_one_input_is_heard_to_its_end(weights: Path) -> None:
    encoder = spectrogram_transformer.load(str(weights), "cpu", refuse_to_fetch)
    length = encoder.ast.input_samples
    first, second = buzzing_voice(1.0, 110.0, 0.8)[:length], buzzing_voice(1.0, 240.0, 1.2)[:length]

    alone, both = encoder.embed([first])[0], encoder.embed([np.concatenate([first, second])])[0]

    assert float(alone @ both) < 1.0 - SAME


def test_weights_that_are_absent_or_broken_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"config\.json"):
        spectrogram_transformer.load(str(tmp_path), "cpu", refuse_to_fetch)
    for name in spectrogram_transformer.FILES:
        (tmp_path / name).write_bytes((weights / name).read_bytes())
    lacking = {"embeddings.cls_token": np.zeros((1, 1, 24), np.float32)}

    for content in (b"no weights, whatever the name says", save(lacking)):
        (tmp_path / "model.safetensors").write_bytes(content)
        with pytest.raises(WrongStateError) as caught:
            spectrogram_transformer.load(str(tmp_path), "cpu", refuse_to_fetch)
        assert caught.value.reason == "ENCODER_DAMAGED"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> WindowStore:
    def decode(track: OwnTrack) -> Sound:
        waveform, rate = soundfile.read(track.path, dtype="float32")
        return Sound(waveform[None], rate)

    return WindowStore(decode, tmp_path_factory.mktemp("windows"))


def tuned(weights: Path, folder: Path, store: WindowStore, out: Path, steps: int, rate: float) -> SingerFigures | None:
    loop = LoopPreset(steps=steps, learning_rate=rate, warm_up=2, validate_every=steps // 2, log_every=steps)
    preset = AstTuning(loop, BalancedBatches(singers=3, clips=2), held_out=0.25)
    sources = AstSources(store.prepare(read_catalogue(folder)), store, weights, out, out / "run")
    return fine_tune(preset, sources, Surroundings(clock=lambda: 0.0))


def test_fine_tuning_tells_singers_better_than_chance(
    weights: Path, folder: Path, store: WindowStore, tmp_path: Path
) -> None:
    figures = tuned(weights, folder, store, tmp_path, steps=30, rate=5e-3)

    classifier, tracks = AstSingers.load(tmp_path), read_catalogue(folder).tracks
    probabilities = classifier.probabilities([store.window(track).waveform for track in tracks])
    trained = score(probabilities, np.array([classifier.singers.index(track.singer) for track in tracks]))
    assert classifier.singers == tuple(sorted(SINGERS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=SAME)
    assert trained.top_1 > 0.6
    assert figures is not None
    assert figures.recordings == 3
    assert figures.cross_entropy < figures.chance_entropy
    assert json.loads((tmp_path / "tuning.json").read_text("utf-8"))["held_out"] == 3


def test_fine_tuned_weights_are_an_encoder_of_another_version(
    weights: Path, folder: Path, store: WindowStore, tmp_path: Path
) -> None:
    tuned(weights, folder, store, tmp_path, steps=2, rate=1e-3)

    before, after = (spectrogram_transformer.load(str(place), "cpu", refuse_to_fetch) for place in (weights, tmp_path))

    assert before.info.tag != after.info.tag
    assert before.info.dim == after.info.dim


def test_one_singer_alone_cannot_be_told_from_anybody(weights: Path, store: WindowStore, tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    soundfile.write(tmp_path / "ada" / "song.wav", buzzing_voice(1.2), SAMPLE_RATE)

    with pytest.raises(InvalidInputError) as caught:
        tuned(weights, tmp_path, store, tmp_path / "out", steps=2, rate=1e-3)

    assert caught.value.reason == "TOO_FEW_SINGERS"


def test_figures_are_those_of_hand_made_probabilities() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], np.float32)

    figures = score(probabilities, np.array([0, 1]))

    assert figures.cross_entropy == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)
    assert (figures.top_1, figures.top_k) == (0.5, 1.0)
    assert figures.chance_entropy == pytest.approx(np.log(3))


def test_the_only_song_of_a_singer_is_never_held_out() -> None:
    tracks = [OwnTrack(Path(f"{song}.wav"), "ada", f"song {song}") for song in range(5)]
    tracks += [OwnTrack(Path("b.wav"), "bo", "song"), OwnTrack(Path("c.wav"), "bo", "song")]

    fitted, kept = hold_out(OwnCatalogue(tuple(tracks)), 0.2, seed=0)

    assert [track.singer for track in kept.tracks] == ["ada"]
    assert len(fitted.tracks) == 6
    assert not set(fitted.tracks) & set(kept.tracks)


def test_the_command_fine_tunes_and_goes_on_with_what_is_done(weights: Path, folder: Path, tmp_path: Path) -> None:
    preset, out = tmp_path / "small.json", tmp_path / "out"
    preset.write_text(json.dumps({"loop": {"steps": 2, "validate_every": 2}, "batches": {"singers": 3}}), "utf-8")
    arguments = ["ast", "--data", str(folder), "--out", str(out), "--weights", str(weights), "--preset", str(preset)]

    first, again = (CliRunner().invoke(command, [*arguments, "--device", "cpu", "--json"]) for _ in range(2))

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "top-1" in first.output
    assert AstSingers.load(out).singers == tuple(sorted(SINGERS))
