"""The engine for voices trained with RVC v2, run whole on tiny weights in its own file formats.

Weights drawn at random sing nobody's words; see test_knn_svc.py for what they show nevertheless.
"""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, ConvertOptions, TargetVoice
from singalike.conversion.engines import InstalledEngines
from singalike.conversion.metrics import compare_pitch, hear
from singalike.conversion.neural.neural_engine import NeuralEngine
from singalike.conversion.piece_store import PiecesInMemory
from singalike.conversion.rvc.index import read_index, retrieve
from singalike.conversion.rvc.loading import load
from singalike.errors import SingalikeError
from tests.support.sung_takes import take
from tests.support.tiny_engines import (
    CONTENT_DIM,
    TinyPart,
    digest,
    rvc_config,
    rvc_voice,
    save_content,
    save_index,
    save_rvc,
    write_manifest,
)

SOURCE, TARGET = 3, 8
NOTHING = ConversionContext()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> NeuralEngine:
    """Load tiny weights as real ones are loaded."""
    return load(save_rvc(tmp_path_factory.mktemp("weights") / "rvc"), min_seconds=2.0)


@pytest.fixture(scope="module")
def voice(engine: NeuralEngine) -> TargetVoice:
    """Learn the target from a take."""
    return engine.enrol([take(TARGET, 1)], NOTHING)


def refusal(folder: Path) -> SingalikeError:
    """Load and return what is said."""
    with pytest.raises(SingalikeError) as refused:
        load(folder)
    return refused.value


def with_voice(folder: Path, file: str, content: object) -> Path:
    """Save a folder of weights whose voice is what `torch.save` makes of the content, or these bytes."""
    folder.mkdir(exist_ok=True)
    if isinstance(content, bytes):
        (folder / file).write_bytes(content)
    else:
        torch.save(content, folder / file)
    listed = save_content(folder / "content").listed(layer=2)
    return write_manifest(folder, {"content": listed, "voice": TinyPart(".", digest(folder / file), file).listed()})


def test_the_melody_that_was_asked_for_is_sung(engine: NeuralEngine, voice: TargetVoice) -> None:
    converted = engine.convert(take(SOURCE), voice, ConvertOptions(key_shift=4.0), NOTHING)

    figures = compare_pitch(hear(take(SOURCE)), hear(converted.vocal), key_shift=4.0)
    assert figures.correlation > 0.95
    assert figures.gross_error < 0.03
    assert converted.vocal.waveform.shape == take(SOURCE).waveform.shape


@pytest.mark.parametrize("rate", [32_000, 48_000])
def test_every_published_rate_sings_as_long_as_its_source(rate: int, tmp_path: Path) -> None:
    engine = InstalledEngines(save_rvc(tmp_path / "rvc", rate, with_index=False).parent).get("rvc")
    source = take(SOURCE, 0, 1.5, 44_100)

    voice = engine.enrol([take(TARGET, 1, 14.0)], NOTHING)
    vocal = engine.convert(source, voice, ConvertOptions(), NOTHING).vocal

    assert engine.info.sample_rate == rate
    assert vocal.sample_rate == source.sample_rate
    assert vocal.waveform.shape == source.waveform.shape
    assert vocal.waveform.any()


def test_safetensors_of_a_voice_sing_as_its_pth_does(engine: NeuralEngine, voice: TargetVoice, tmp_path: Path) -> None:
    other = load(save_rvc(tmp_path / "rvc", file="voice.safetensors"), min_seconds=2.0)

    first = engine.convert(take(SOURCE), voice, ConvertOptions(), NOTHING).vocal
    learnt = other.enrol([take(TARGET, 1)], NOTHING)
    second = other.convert(take(SOURCE), learnt, ConvertOptions(), NOTHING).vocal

    assert learnt.engine_version != voice.engine_version
    assert np.array_equal(first.waveform, second.waveform)


def test_a_conversion_goes_on_behind_the_pieces_that_are_finished(engine: NeuralEngine, voice: TargetVoice) -> None:
    whole, broken = PiecesInMemory(), PiecesInMemory()
    song = take(SOURCE, 0, 12.5)
    expected = engine.convert(song, voice, ConvertOptions(), ConversionContext(pieces=whole))
    broken.kept = dict(list(whole.kept.items())[:1])

    resumed = engine.convert(song, voice, ConvertOptions(), ConversionContext(pieces=broken))

    assert expected.pieces > 1
    assert np.array_equal(resumed.vocal.waveform, expected.vocal.waveform)
    assert broken.kept.keys() == whole.kept.keys()


def test_seed_index_rate_and_protect_decide_what_is_heard(engine: NeuralEngine, voice: TargetVoice) -> None:
    chosen = [
        ConvertOptions(),
        ConvertOptions(seed=1),
        ConvertOptions(retrieval_share=0.0),
        ConvertOptions(protect=1.0),
    ]

    vocals = [engine.convert(take(SOURCE), voice, options, NOTHING).vocal.waveform for options in chosen]

    assert all(not np.array_equal(vocals[0], other) for other in vocals[1:])


def test_an_enrolment_is_the_index_of_features_of_the_takes(engine: NeuralEngine, voice: TargetVoice) -> None:
    without = TargetVoice(voice.engine, voice.engine_version, {"moments": voice.arrays["moments"][:1]}, voice.facts)

    first, second = (engine.convert(take(SOURCE), target, ConvertOptions(), NOTHING) for target in (voice, without))

    assert set(voice.arrays) == {"moments"}
    assert voice.arrays["moments"].dtype == np.float16
    assert voice.arrays["moments"].shape[1] == CONTENT_DIM
    assert not np.array_equal(first.vocal.waveform, second.vocal.waveform)


def test_all_moments_of_an_index_are_taken_out(tmp_path: Path) -> None:
    moments = save_index(tmp_path / "added.index", 6)

    found = read_index(tmp_path / "added.index", 6)

    assert np.array_equal(found[np.lexsort(found.T)], moments[np.lexsort(moments.T)])


def test_eight_neighbours_weigh_by_the_inverse_square_of_what_faiss_calls_their_distance() -> None:
    import faiss

    random = np.random.default_rng(1)
    moments = random.normal(size=(50, 6)).astype(np.float32)
    content = random.normal(size=(3, 6)).astype(np.float32)
    index = faiss.IndexFlatL2(6)
    index.add(moments)
    scores, places = index.search(content, 8)
    weights = 1.0 / scores**2

    found = retrieve(content, torch.from_numpy(moments))

    expected = (moments[places] * (weights / weights.sum(axis=1, keepdims=True))[:, :, None]).sum(axis=1)
    assert found == pytest.approx(expected, abs=1e-4)


def test_other_versions_and_foreign_files_are_refused_with_what_to_do(tmp_path: Path) -> None:
    good = {"weight": rvc_voice(40_000), "config": rvc_config(40_000), "f0": 1, "version": "v2"}
    files = {
        "old": (good | {"version": "v1"}, "train it as v2 with pitch"),
        "speech": (good | {"f0": 0}, "without pitch"),
        "training": ({"model": good["weight"], "iteration": 3}, "not from `logs`"),
        "short": (good | {"config": rvc_config(40_000)[:-1]}, "does not describe a voice"),
        "odd": (good | {"config": [*rvc_config(40_000)[:-1], 44_100]}, "a hop of 10 ms"),
        "wide": (good | {"config": [1025, 32, 8, 32, *rvc_config(40_000)[4:]]}, "in another shape"),
    }

    refused = {name: refusal(with_voice(tmp_path / name, "voice.pth", content)) for name, (content, _) in files.items()}

    assert {refusal.reason for refusal in refused.values()} == {"WEIGHTS_MISMATCHED"}
    for name, (_, said) in files.items():
        assert said in refused[name].message


class Attack:
    """Unpickled carelessly, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_code_in_a_voice_is_not_run_and_rubbish_is_refused(tmp_path: Path) -> None:
    proof = tmp_path / "was-run"
    contents: dict[str, object] = {
        "code": {"weight": Attack(proof)},
        "old-pickle": pickle.dumps({"weight": Attack(proof)}),
        "rubbish": b"rubbish" * 99,
        "empty": b"",
    }

    reasons = {
        name: refusal(with_voice(tmp_path / name, "voice.pth", content)).reason for name, content in contents.items()
    }

    assert set(reasons.values()) == {"WEIGHTS_DAMAGED"}
    assert not proof.exists()


@pytest.mark.parametrize(("dim", "torn", "reason"), [(7, False, "MISMATCHED"), (CONTENT_DIM, True, "DAMAGED")])
def test_an_index_that_does_not_belong_to_the_voice_is_refused(
    tmp_path: Path, dim: int, reason: str, *, torn: bool
) -> None:
    folder = save_rvc(tmp_path / "rvc")
    path = folder / "added.index"
    save_index(path, dim)
    path.write_bytes(path.read_bytes()[: 300 if torn else None])
    listed = TinyPart(".", digest(path), path.name).listed()
    content, voice = save_content(folder / "content"), TinyPart(".", digest(folder / "voice.pth"), "voice.pth")
    write_manifest(folder, {"content": content.listed(layer=2), "voice": voice.listed(), "index": listed})

    assert refusal(folder).reason == f"WEIGHTS_{reason}"


def test_silence_is_no_voice_to_learn(engine: NeuralEngine) -> None:
    with pytest.raises(SingalikeError) as refused:
        engine.enrol([Sound(np.zeros((1, 48_000), np.float32), 16_000)], NOTHING)

    assert refused.value.reason == "TOO_LITTLE_VOICE"
