"""Timbre encoders of other makers: found by name, described by a manifest, held to the promises of the port."""

import json
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.activity import detect_activity
from singalike.audio.sound import Sound
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.ears import onnx_file, shipped, ssl_singer
from singalike.embeddings.ears.answers import checked, embed_equal_lengths
from singalike.embeddings.ears.loading import installed_encoders, load_encoder
from singalike.embeddings.ears.port import EncoderInfo, VoiceVectorEncoder, refuse_to_fetch
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_frames import only_voice
from singalike.errors import InvalidInputError, NotFoundError, SingalikeError, WrongStateError
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.tiny_ears import DIM, write_manifest, write_onnx, write_onnx_of_mels, write_torchscript

SAME = 1e-5


def voices() -> list[np.ndarray]:
    lengths_s = (1.0, 2.0, 1.0, 1.37)
    return [buzzing_voice(length, 140.0 + 40 * i, 0.9 + 0.1 * i, seed=i) for i, length in enumerate(lengths_s)]


def assert_keeps_the_promises_of_the_port(encoder: VoiceVectorEncoder) -> None:
    together = encoder.embed(voices())
    alone = np.concatenate([encoder.embed([voice]) for voice in voices()])

    assert together.shape == (4, encoder.info.dim)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=SAME)
    np.testing.assert_allclose(together, alone, atol=SAME)
    assert encoder.embed([]).shape == (0, encoder.info.dim)
    with pytest.raises(InvalidInputError, match="pass"):
        encoder.embed([np.ones(100, np.float32)])


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that brings two encoders, one of them broken."""
    installed = tmp_path / "site"
    facts = installed / "their_ears-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: their-ears\nVersion: 1.0\n", "utf-8")
    points = "spectrum = tests.support.tiny_ears:load_spectrum\nbroken = no_such_module:load\n"
    (facts / "entry_points.txt").write_text(f"[singalike.timbre_encoders]\n{points}", "utf-8")
    monkeypatch.syspath_prepend(str(installed))


def test_an_encoder_of_another_package_is_found_by_its_name(third_party: None) -> None:
    encoder = load_encoder("spectrum:7")

    assert "spectrum" in installed_encoders()
    assert encoder.info.tag == load_encoder("spectrum=7").info.tag == "spectrum-7"
    assert load_encoder("spectrum").info.tag == "spectrum-1"
    assert encoder.embed(voices()).shape == (4, encoder.info.dim)


def test_a_name_that_is_not_installed_is_answered_with_those_that_are(third_party: None) -> None:
    with pytest.raises(NotFoundError, match="spectrum") as caught:
        load_encoder("ecpa:folder")

    assert caught.value.reason == "ENCODER_NOT_FOUND"


def test_an_encoder_that_cannot_be_imported_says_so(third_party: None) -> None:
    with pytest.raises(WrongStateError, match="no_such_module") as caught:
        load_encoder("broken")

    assert caught.value.reason == "ENCODER_NOT_INSTALLED"


def test_a_name_that_could_not_stand_in_a_model_version_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        EncoderInfo("my ear", "1", "MIT", "MIT", 16_000, 4)

    assert caught.value.reason == "BAD_ENCODER_INFO"


def test_the_shipped_timbre_hears_only_the_active_voice() -> None:
    encoder, timbre = shipped.load("", "cpu", refuse_to_fetch), TimbreEncoder.load(SHIPPED)
    voice = voices()[1]

    vector = encoder.embed([voice])[0]

    frames = only_voice(timbre.analyse(voice), detect_activity(Sound(voice[None], SAMPLE_RATE)))
    np.testing.assert_array_equal(vector, timbre.embed(frames))
    assert_keeps_the_promises_of_the_port(encoder)


@pytest.mark.parametrize("write", [write_onnx, write_onnx_of_mels])
def test_an_onnx_file_is_an_encoder_with_a_manifest_beside_it(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path)

    encoder = onnx_file.load(str(path), "cpu", refuse_to_fetch)

    assert encoder.info.name == "tiny-onnx"
    assert encoder.info.weights_licence == "CC0-1.0"
    assert_keeps_the_promises_of_the_port(encoder)


def test_a_folder_is_an_encoder_through_its_ear_json(tmp_path: Path) -> None:
    write_onnx(tmp_path).with_suffix(".json").rename(tmp_path / "ear.json")

    encoder = onnx_file.load(str(tmp_path), "cpu", refuse_to_fetch)

    assert encoder.info.dim == DIM


def test_a_changed_onnx_file_is_refused_with_its_digest(tmp_path: Path) -> None:
    path = write_onnx(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(WrongStateError, match=r"SHA-256 [0-9a-f]{64}") as caught:
        onnx_file.load(str(path), "cpu", refuse_to_fetch)

    assert caught.value.reason == "ENCODER_DAMAGED"


def test_what_is_no_graph_is_refused_although_it_is_listed(tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"no graph")
    write_manifest(tmp_path / "noise.onnx", name="noise")

    with pytest.raises(WrongStateError, match=r"noise\.onnx") as caught:
        onnx_file.load(str(tmp_path / "noise.onnx"), "cpu", refuse_to_fetch)

    assert caught.value.reason == "ENCODER_DAMAGED"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"input": "picture"}, "input"),
        ({"input": "log-mel"}, "mel"),
        ({"dim": "6"}, "dim"),
        ({"file": "../tiny.onnx"}, "folder"),
        ({"colour": "red"}, "colour"),
        ({"output": "nothing"}, "output"),
        ({"at_once": -1}, "at_once"),
        ({"name": "a b"}, "dashes"),
    ],
)
def test_a_manifest_that_says_nonsense_is_refused_with_what_is_wrong(
    tmp_path: Path, changes: dict[str, object], word: str
) -> None:
    path = write_onnx(tmp_path)
    manifest = path.with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), **changes}), "utf-8")

    with pytest.raises(InvalidInputError, match=word):
        _ = onnx_file.load(str(path), "cpu", refuse_to_fetch).info


def test_a_wrong_dimension_is_noticed_at_the_first_answer(tmp_path: Path) -> None:
    encoder = onnx_file.load(str(write_onnx(tmp_path, dim=7)), "cpu", refuse_to_fetch)

    with pytest.raises(WrongStateError, match="dim") as caught:
        encoder.embed(voices())

    assert caught.value.reason == "ENCODER_ANSWER_WRONG"


def test_answers_without_a_direction_are_refused() -> None:
    for value in (0.0, np.nan):
        with pytest.raises(WrongStateError):
            checked(np.full((1, 3), value, np.float32), (1, 3))


def test_only_waveforms_of_one_length_are_run_together() -> None:
    seen: list[tuple[int, ...]] = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(batch.shape)
        return np.stack([batch.mean(axis=1), batch.max(axis=1)], axis=1) + 1.0

    waveforms = [np.full(length, index, np.float32) for index, length in enumerate((800, 1600, 800))]
    vectors = embed_equal_lengths(waveforms, 8_000, 2, network)

    assert seen == [(2, 800), (1, 1600)]
    np.testing.assert_allclose(vectors[2], np.sqrt(0.5), atol=SAME)


def test_a_model_that_takes_one_recording_a_call_gets_one() -> None:
    seen: list[tuple[int, ...]] = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(batch.shape)
        return np.stack([batch.mean(axis=1), batch.max(axis=1)], axis=1) + 1.0

    embed_equal_lengths([np.zeros(800, np.float32)] * 2, 8_000, 2, network, at_once=1)

    assert seen == [(1, 800), (1, 800)]


def test_a_torchscript_file_is_run_only_with_a_listed_digest(tmp_path: Path) -> None:
    path = write_torchscript(tmp_path / "encoder.ts")
    write_manifest(path, name="scripted", sha256="")

    with pytest.raises(WrongStateError, match="if you trust it"):
        ssl_singer.load(str(path), "cpu", refuse_to_fetch)
    write_manifest(path, name="scripted")

    assert_keeps_the_promises_of_the_port(ssl_singer.load(str(path), "cpu", refuse_to_fetch))


def test_a_published_singer_encoder_is_fetched_from_its_hub_and_checked(tmp_path: Path) -> None:
    path = write_torchscript(tmp_path / "byol" / "model.ts", dim=ssl_singer.DIM)
    asked: list[tuple[str, tuple[str, ...]]] = []

    def fetch(repository: str, patterns: tuple[str, ...]) -> Path:
        asked.append((repository, tuple(patterns)))
        return tmp_path

    digest = json.loads(write_manifest(path).read_text("utf-8"))["sha256"]
    encoder = ssl_singer.load(f"byol@3f2a#{digest}", "cpu", fetch)

    assert asked == [("BernardoTorres/singer-identity@3f2a", ("byol/model.ts",))]
    assert encoder.info.tag == f"ssl-singer-byol-{digest[:12]}"
    assert encoder.info.sample_rate == 44_100
    with pytest.raises(WrongStateError, match=digest):
        ssl_singer.load("byol", "cpu", fetch)


def test_what_is_no_folder_is_not_downloaded_unasked() -> None:
    with pytest.raises(InvalidInputError, match="nothing is downloaded"):
        ssl_singer.load("byol#00", "cpu", refuse_to_fetch)


def test_a_missing_argument_is_asked_for() -> None:
    for load in (ssl_singer.load, onnx_file.load):
        with pytest.raises(SingalikeError):
            load("", "cpu", refuse_to_fetch)
