"""Exported graphs answer as the models that they were made from."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.ears import onnx_file, ssl_singer
from singalike.embeddings.ears.port import LoadEncoder, refuse_to_fetch
from singalike.embeddings.export.graphs import (
    largest_difference,
    melody_graph,
    own_melody,
    own_timbre,
    timbre_graph,
)
from singalike.embeddings.export.spectrogram import ConvolvedLogMel
from singalike.embeddings.export.writing import (
    Graph,
    Run,
    run_onnx,
    run_torchscript,
    write_manifest,
    write_onnx,
    write_torchscript,
)
from singalike.embeddings.mel import MELODY_MEL, MelSettings, log_mel
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_frames import DETAIL_MEL, ENVELOPE_MEL
from tests.support.buzzing import SAMPLE_RATE

SAME = 1e-4


def sung(seconds: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    voice = draw_singer(rng)
    sound = sing(voice, compose_melody(rng, voice.centre_midi, seconds), sample_rate=SAMPLE_RATE, rng=rng)
    return sound.waveform[0][: round(seconds * SAMPLE_RATE)]


@pytest.fixture(scope="module")
def waveforms() -> list[np.ndarray]:
    """Noise and singing of lengths that fall between frames, and a click that hardly any frame is active in."""
    # 150 frames: .9 of them are 135 in double precision and 134 in single.
    noise = np.random.default_rng(3).normal(0.0, 0.05, 23_940).astype(np.float32)
    click = np.full(8_000, 1e-6, np.float32)
    click[4_000:4_100] = 0.5
    return [noise, sung(3.013, 1), sung(1.5, 2), click]


@pytest.fixture(scope="module")
def timbre() -> TimbreEncoder:
    return TimbreEncoder.load(SHIPPED)


@pytest.mark.parametrize("settings", [MELODY_MEL, DETAIL_MEL, ENVELOPE_MEL])
def test_a_convolution_gives_the_same_log_mel(settings: MelSettings, waveforms: list[np.ndarray]) -> None:
    module = ConvolvedLogMel(settings)

    for waveform in waveforms[:3]:
        sound = torch.from_numpy(waveform)[None]
        torch.testing.assert_close(module(sound), log_mel(sound, settings), atol=2e-3, rtol=0.0)


def test_the_timbre_graph_computes_the_timbre(timbre: TimbreEncoder, waveforms: list[np.ndarray]) -> None:
    graph = timbre_graph(timbre, "ear-1")

    for waveform in waveforms:
        vector = graph.module(torch.from_numpy(waveform)[None])[0].numpy()
        np.testing.assert_allclose(vector, own_timbre(timbre)(waveform)[0][0], atol=SAME)


@pytest.mark.parametrize("frames", [118, 150, 201, 202, 203, 204])
def test_the_timbre_graph_ends_where_the_timbre_does(timbre: TimbreEncoder, frames: int) -> None:
    sound = np.random.default_rng(frames).normal(0.0, 0.1, 160 * frames - 60).astype(np.float32)

    vector = timbre_graph(timbre, "ear-1").module.eval()(torch.from_numpy(sound)[None])[0].detach().numpy()

    np.testing.assert_allclose(vector, own_timbre(timbre)(sound)[0][0], atol=SAME)


def test_the_melody_graph_computes_latents_and_pitch(waveforms: list[np.ndarray]) -> None:
    melody = MelodyEncoder.load(SHIPPED)
    graph = melody_graph(melody, "ear-1")

    for samples in (16_000, 16_256, 16_700, 17_111):
        waveform = waveforms[1][:samples]
        with torch.inference_mode():
            answer = graph.module(torch.from_numpy(waveform)[None])
        for part, own in zip(answer, own_melody(melody)(waveform), strict=True):
            np.testing.assert_allclose(part.numpy(), own, atol=SAME)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Write a graph when it is first asked for: the exporter takes seconds."""
    folder = tmp_path_factory.mktemp("graphs")
    writers = {"onnx": write_onnx, "torchscript": write_torchscript}

    @cache
    def write(model: str, file_format: str) -> Path:
        path = folder / f"{model}.{file_format}"
        writers[file_format](graph_and_own(model)[0], path)
        return path

    return write


@cache
def graph_and_own(model: str) -> tuple[Graph, Run]:
    if model == "timbre":
        encoder = TimbreEncoder.load(SHIPPED)
        return timbre_graph(encoder, "ear-1"), own_timbre(encoder)
    melody = MelodyEncoder.load(SHIPPED)
    return melody_graph(melody, "ear-1"), own_melody(melody)


@pytest.mark.parametrize("model", ["timbre", "melody"])
@pytest.mark.parametrize(("file_format", "run"), [("onnx", run_onnx), ("torchscript", run_torchscript)])
def test_a_written_graph_answers_the_same(
    model: str,
    file_format: str,
    run: Callable[[Path], Run],
    written: Callable[[str, str], Path],
    waveforms: list[np.ndarray],
) -> None:
    _, own = graph_and_own(model)

    answer = run(written(model, file_format))

    assert largest_difference(answer, own, waveforms[:3]) <= SAME


@pytest.mark.parametrize(("file_format", "load"), [("onnx", onnx_file.load), ("torchscript", ssl_singer.load)])
def test_an_exported_timbre_is_an_encoder_again(
    file_format: str, load: LoadEncoder, written: Callable[[str, str], Path], waveforms: list[np.ndarray]
) -> None:
    graph, own = graph_and_own("timbre")
    out = written("timbre", file_format)
    manifest = write_manifest(graph, out, len(own(waveforms[0])[0][0]))

    encoder = load(str(out), "cpu", refuse_to_fetch)

    assert json.loads(manifest.read_text("utf-8"))["name"] == "singalike-timbre"
    twice = [waveforms[1], waveforms[2], waveforms[1][::-1].copy()]
    expected = np.concatenate([own(waveform)[0] for waveform in twice])
    np.testing.assert_allclose(encoder.embed(twice), expected, atol=SAME)
