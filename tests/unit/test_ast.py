"""The spectrogram transformer: frozen as an encoder, fine-tuned to tell singers, with tiny weights made here."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save

from singalike.embeddings.ears import spectrogram_transformer
from singalike.embeddings.ears.port import refuse_to_fetch
from singalike.embeddings.ears.spectrogram_transformer import AstSingers
from singalike.embeddings.training.ast_tuning import AstPreset, fine_tune, score
from singalike.embeddings.training.datasets import read_waveform
from singalike.embeddings.training.singer_recordings import SungRecording, hold_out, read_singer_recordings
from singalike.errors import InvalidInputError, NotFoundError, WrongStateError
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


def test_fine_tuning_tells_singers_better_than_chance(weights: Path, folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    recordings = read_singer_recordings(folder)
    preset = AstPreset(
        epochs=6, batch=6, heard_per_singer=8, learning_rate=2e-3, head_learning_rate=1e-2, held_out=0.25
    )

    figures = fine_tune(recordings, weights, tmp_path, preset, say=said.append)

    classifier = AstSingers.load(tmp_path)
    probabilities = classifier.probabilities([read_waveform(one.path) for one in recordings])
    true = np.array([classifier.singers.index(one.singer) for one in recordings])
    assert classifier.singers == tuple(sorted(SINGERS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=SAME)
    assert score(probabilities, true).top_1 > 0.6
    assert figures.cross_entropy < figures.chance_entropy
    assert figures.recordings == 3
    assert len(said) == 6
    assert json.loads((tmp_path / "tuning.json").read_text("utf-8"))["held_out"] is True


def test_fine_tuned_weights_are_an_encoder_of_another_version(weights: Path, folder: Path, tmp_path: Path) -> None:
    fine_tune(read_singer_recordings(folder), weights, tmp_path, AstPreset(epochs=1, heard_per_singer=2))

    before, after = (spectrogram_transformer.load(str(place), "cpu", refuse_to_fetch) for place in (weights, tmp_path))

    assert before.info.tag != after.info.tag
    assert before.info.dim == after.info.dim


def test_figures_are_those_of_hand_made_probabilities() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], np.float32)

    figures = score(probabilities, np.array([0, 1]))

    assert figures.cross_entropy == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)
    assert (figures.top_1, figures.top_k) == (0.5, 1.0)
    assert figures.chance_entropy == pytest.approx(np.log(3))


def test_a_manifest_names_singers_and_keeps_rows_that_may_not_train_out(tmp_path: Path) -> None:
    rows = ["a.wav,ada,train,singing", "b.wav,bo,train,stem", "c.wav,cy,measure,singing", "d.mid,,train,midi"]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,singer,use,kind", *rows]), "utf-8")

    assert [one.singer for one in read_singer_recordings(tmp_path)] == ["ada", "bo"]


@pytest.mark.parametrize(("singers", "reason"), [((), "RECORDINGS_NOT_FOUND"), (("ada",), "TOO_FEW_SINGERS")])
def test_a_folder_without_two_singers_is_refused(tmp_path: Path, singers: tuple[str, ...], reason: str) -> None:
    for singer in singers:
        (tmp_path / singer).mkdir()
        (tmp_path / singer / "song.wav").touch()

    with pytest.raises((NotFoundError, InvalidInputError)) as caught:
        read_singer_recordings(tmp_path)

    assert caught.value.reason == reason


def test_a_single_recording_of_a_singer_is_never_held_out() -> None:
    recordings = [SungRecording("ada", Path(f"{index}.wav")) for index in range(5)] + [
        SungRecording("bo", Path("b.wav"))
    ]

    fitted, kept = hold_out(recordings, 0.2, seed=0)

    assert [one.singer for one in kept] == ["ada"]
    assert len(fitted) == 5
    assert not set(fitted) & set(kept)
