"""Time and memory that the engines with networks take at their published sizes, with weights drawn at random.

usage: python -m benchmarks.neural_engines [--seconds 24] [--only NAME ...]
       python -m benchmarks.neural_engines --search

What is drawn sings nothing of worth, and takes the time that real weights of the same shape take. Every engine is saved
to a temporary folder, loaded as an operator's weights are, and run in a process of its own with one thread. The song is
a synthetic singer's at 44 100 Hz, the voice is learnt from 40 s of another's. --search times the search in ten minutes
of moments, the most that is kept of a voice.
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.conversion.engine import ConversionContext, ConvertOptions
from singalike.conversion.engines import InstalledEngines
from singalike.conversion.knn_svc.matching import MatchingSet, retrieve
from singalike.conversion.neural.generator import GeneratorConfig, NsfHifiGan
from singalike.conversion.neural.moments import MOST_MOMENTS
from singalike.conversion.rvc.checkpoint import write_checkpoint
from singalike.conversion.rvc.index import retrieve as search
from singalike.conversion.rvc.synthesiser import TrainedVoice, VoiceShape

RATE = 44_100
BLOCKS = ((3, 7, 11), ((1, 3, 5),) * 3)
RVC = {
    32_000: ((10, 8, 2, 2), (20, 16, 4, 4)),
    40_000: ((10, 10, 2, 2), (16, 16, 4, 4)),
    48_000: ((12, 10, 2, 2), (24, 20, 4, 4)),
}
NAMES = ("knn-svc hubert-base", "knn-svc wavlm-large", *(f"rvc {rate}" for rate in RVC))


def main() -> None:
    """Print a row for every engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=24.0)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES)
    parser.add_argument("--search", action="store_true")
    options = parser.parse_args()
    if options.search:
        measure_search()
        return
    print(
        "| engine | loading s | enrolling RTF | content RTF | pitch RTF | whole song RTF | peak MiB |\n"
        + "|---" * 7
        + "|"
    )
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            alone(save, name, folder)
            alone(measure, name, folder, options.seconds)


def alone(work: Callable[..., None], *given: object) -> None:
    """Work in a process of its own: the peak of a process counts what its parent held when it was started."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=given)
    process.start()
    process.join()


def save(name: str, folder: str) -> None:
    """Draw and save the weights of an engine."""
    engine, kind = name.split()
    home = Path(folder) / engine
    parts = {"content": save_content(home / "content", "wavlm" if kind.startswith("wavlm") else "hubert")}
    if engine == "knn-svc":
        dim = 1_024 if kind.startswith("wavlm") else 768
        config = GeneratorConfig(16_000, dim, (10, 8, 2, 2), (20, 16, 4, 4), 512, *BLOCKS, harmonics=8)
        (home / "renderer").mkdir()
        (home / "renderer" / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
        save_file(dict(NsfHifiGan(config).state_dict()), home / "renderer" / "model.safetensors")
        parts["renderer"] = listed(home / "renderer" / "model.safetensors", "renderer")
    else:
        save_voice(home / "voice.safetensors", int(kind))
        parts["voice"] = listed(home / "voice.safetensors", ".")
    (home / "weights.json").write_text(json.dumps(parts), "utf-8")


def save_content(folder: Path, kind: str) -> dict[str, str]:
    """Draw HuBERT base or WavLM large."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    large = {"hidden_size": 1_024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4_096}
    large |= {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
    hubert = kind == "hubert"
    model = (
        transformers.HubertModel(transformers.HubertConfig())
        if hubert
        else transformers.WavLMModel(transformers.WavLMConfig(**large))
    )
    model.save_pretrained(folder)
    return listed(folder / "model.safetensors", "content")


def save_voice(path: Path, rate: int) -> None:
    """Draw a voice of RVC v2."""
    rates, kernels = RVC[rate]
    generator = GeneratorConfig(rate, 192, rates, kernels, 512, *BLOCKS, speaker_dim=256)
    network = TrainedVoice(VoiceShape(768, 192, 192, 768, 2, 6, 3, 109, generator))
    blocks = [list(BLOCKS[0]), [list(sizes) for sizes in BLOCKS[1]]]
    config = [1_025, 32, 192, 192, 768, 2, 6, 3, 0, "1", *blocks, list(rates), 512, list(kernels), 109, 256, rate]
    write_checkpoint(network.state_dict(), config, path)


def listed(path: Path, source: str) -> dict[str, str]:
    """List a file as a manifest does."""
    return {"source": source, "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def measure(name: str, folder: str, seconds: float) -> None:
    """Load an engine, run it, and print its row."""
    torch.set_num_threads(1)
    takes, song = sung(1, 40.0), sung(2, seconds)
    started = time.process_time()
    engine = InstalledEngines(Path(folder)).get(name.split(maxsplit=1)[0])
    loaded = time.process_time()
    voice = engine.enrol([takes], ConversionContext())
    enrolled = time.process_time()
    engine.convert(song, voice, ConvertOptions(), ConversionContext())
    converted = time.process_time()
    listener, stretch = engine.listener, resample(song, 16_000).cut(0.0, 12.0)  # type: ignore[attr-defined]
    listener.content.encode(stretch)
    heard = time.process_time()
    listener.pitch.track(stretch, 0.01)
    tracked = time.process_time()
    factors = (
        (enrolled - loaded) / takes.duration_s,
        (heard - converted) / stretch.duration_s,
        (tracked - heard) / stretch.duration_s,
        (converted - enrolled) / song.duration_s,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {name} | {loaded - started:.1f} | {' | '.join(f'{factor:.2f}' for factor in factors)} | {peak:.0f} |",
        flush=True,
    )


def measure_search() -> None:
    """Print how long 12 s of content are looked for in ten minutes of moments."""
    torch.set_num_threads(1)
    random, rows = np.random.default_rng(1), 600
    for name, dim in (("knn-svc", 1_024), ("rvc", 768)):
        moments = random.normal(size=(MOST_MOMENTS, dim)).astype(np.float16)
        content, log2_f0 = (
            random.normal(size=(rows, dim)).astype(np.float32),
            random.normal(size=rows).astype(np.float32),
        )
        pitches, follows = random.normal(size=MOST_MOMENTS).astype(np.float32), np.ones(MOST_MOMENTS, dtype=np.bool_)
        target = MatchingSet.of(moments, pitches, follows, "cpu")
        started = time.process_time()
        retrieve(content, log2_f0, target) if name == "knn-svc" else search(content, target.rows)
        factor = (time.process_time() - started) / 12
        print(f"{name}: {MOST_MOMENTS} moments of {dim} numbers, real-time factor {factor:.3f}")


def sung(seed: int, seconds: float) -> Sound:
    """Let an invented singer sing."""
    rng = np.random.default_rng(seed)
    voice = draw_singer(rng)
    return resample(sing(voice, compose_melody(rng, voice.centre_midi, seconds), rng=rng), RATE)


if __name__ == "__main__":
    main()
