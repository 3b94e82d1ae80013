"""Seconds of sound a second: the whole `VoiceProfile` beside Resemblyzer's single vector, in turns in one run.

usage: python benchmarks/embedding_speed.py --peer-python PYTHON [--seconds 120] [--threads 2] [--repeats 5]

--peer-python names a python that can import resemblyzer (pip install resemblyzer in a virtual environment of its own);
without it only our own figures are printed. Both start from the same sung waveform in memory, 16 kHz mono, on the same
number of threads; the medians of the repeats are compared.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

SAMPLE_RATE = 16_000

PEER = """
import sys, time
import numpy as np, torch
torch.set_num_threads(int(sys.argv[2]))
from resemblyzer import VoiceEncoder
encoder = VoiceEncoder("cpu", verbose=False)
waveform = np.load(sys.argv[1])
encoder.embed_utterance(waveform[: 16000 * 5])
for line in sys.stdin:
    start = time.perf_counter()
    encoder.embed_utterance(waveform)
    print(time.perf_counter() - start, flush=True)
"""


def main() -> None:
    """Print all rates and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-python", default=None)
    options = parser.parse_args()
    waveform = sung(options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "sung.npy", waveform)
        peer = start_peer(options, Path(folder) / "sung.npy") if options.peer_python else None
        with threadpool_limits(options.threads):
            times = measure(waveform, options, peer)
        if peer is not None:
            peer.communicate()
    report(times, options)


def sung(seconds: float) -> np.ndarray:
    """Sing so many seconds with a synthetic voice, float32 (samples,)."""
    from singalike.audio.resample import resample
    from singalike.audio.synthesis import compose_melody, draw_singer, sing

    rng = np.random.default_rng(0)
    voice = draw_singer(rng)
    return resample(sing(voice, compose_melody(rng, voice.centre_midi, seconds), rng=rng), SAMPLE_RATE).waveform[0]


def measure(
    waveform: np.ndarray, options: argparse.Namespace, peer: subprocess.Popen[str] | None
) -> dict[str, list[float]]:
    """Take turns; the first turn of each warms up and does not count."""
    import torch

    from singalike.audio.sound import Sound
    from singalike.embeddings.encoder import VoiceEncoder

    torch.set_num_threads(options.threads)
    encoder, sound = VoiceEncoder.load(device="cpu"), Sound(waveform[None], SAMPLE_RATE)
    works = {
        "timbre vector alone": lambda: encoder.timbre.embed_waveform(waveform),
        "whole VoiceProfile": lambda: encoder.encode([sound]),
    }
    times: dict[str, list[float]] = {name: [] for name in (*works, "Resemblyzer")}
    for turn in range(options.repeats + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name] += [time.perf_counter() - start] * (turn > 0)
        if peer is not None:
            times["Resemblyzer"] += [ask(peer)] * (turn > 0)
    return times


def report(times: dict[str, list[float]], options: argparse.Namespace) -> None:
    """Print a line a system."""
    print(f"{options.seconds:.0f} s of singing, {options.threads} thread(s), median of {options.repeats}")
    rates = {name: options.seconds / statistics.median(taken) for name, taken in times.items() if taken}
    for name, rate in rates.items():
        ratio = f", {rate / rates['Resemblyzer']:.2f} x Resemblyzer" if "Resemblyzer" in rates else ""
        print(f"{name:20s} {rate:6.0f} x real time{ratio}")


def start_peer(options: argparse.Namespace, sound: Path) -> subprocess.Popen[str]:
    """Start the other python; it times one embedding for every line it is sent."""
    command = [options.peer_python, "-c", PEER, str(sound), str(options.threads)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, env=environment
    )


def ask(peer: subprocess.Popen[str]) -> float:
    """Have the peer embed once; return the seconds that it took."""
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write("\n")
    peer.stdin.flush()
    return float(peer.stdout.readline())


if __name__ == "__main__":
    main()
