"""Seconds of sound that timbre vectors take in per second, beside Resemblyzer, on the same threads in the same run.

usage: python benchmarks/embedding_speed.py --peer-python PYTHON [--seconds 120] [--threads 2] [--repeats 5]

--peer-python names a python that can import resemblyzer; without it only our own figure is printed. Both start from the
same waveform in memory, and the best of the repeats counts; the two take turns so that other load hits both.
"""

import argparse
import subprocess
import time

import numpy as np
import torch

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_gender import VoiceGenderClassifier

SAMPLE_RATE = 16_000

PEER = """
import sys, time
import numpy as np, torch
seconds, threads = float(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
from resemblyzer import VoiceEncoder
encoder = VoiceEncoder("cpu", verbose=False)
waveform = np.random.default_rng(0).normal(0, 0.1, round(seconds * 16000)).astype(np.float32)
encoder.embed_utterance(waveform[: 16000 * 5])
for line in sys.stdin:
    start = time.perf_counter()
    encoder.embed_utterance(waveform)
    print(time.perf_counter() - start, flush=True)
"""


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-python", default=None)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    timbre, style, voice_gender = TimbreEncoder.load(), StyleEncoder.load(), VoiceGenderClassifier.load()
    waveform = np.random.default_rng(0).normal(0, 0.1, round(options.seconds * SAMPLE_RATE)).astype(np.float32)
    pitch = wavering_pitch(options.seconds)
    peer = start_peer(options) if options.peer_python else None
    timbre_s, all_s, peer_s = [], [], []
    for _ in range(options.repeats + 1):
        start = time.perf_counter()
        frames = timbre.analyse(waveform)
        timbre.embed(frames)
        timbre_s.append(time.perf_counter() - start)
        style.embed(frames, pitch)
        voice_gender.female_probability(frames, pitch)
        all_s.append(time.perf_counter() - start)
        if peer is not None:
            peer_s.append(ask(peer))
    for name, times in (("timbre", timbre_s), ("timbre, style and voice gender", all_s), ("Resemblyzer", peer_s)):
        if times:
            print(
                f"{name}: {options.seconds / min(times[1:]):.0f} s of sound per second on {options.threads} thread(s)"
            )
    if peer is not None:
        print(f"ratio of all three to Resemblyzer: {min(peer_s[1:]) / min(all_s[1:]):.2f}")
        peer.communicate()


def wavering_pitch(seconds: float) -> PitchTrack:
    """Make a pitch track with vibrato: the pitch head is not part of this benchmark."""
    time_s = np.arange(0.0, seconds, 0.016)
    f0_hz = (220.0 * 2 ** (0.03 * np.sin(2 * np.pi * 5.5 * time_s))).astype(np.float32)
    return PitchTrack(f0_hz, np.ones_like(f0_hz), 0.016)


def start_peer(options: argparse.Namespace) -> subprocess.Popen[str]:
    """Start the other python; it times one embedding for every line it is sent."""
    command = [options.peer_python, "-c", PEER, str(options.seconds), str(options.threads)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(peer: subprocess.Popen[str]) -> float:
    """Have the peer embed once; return the seconds that it took."""
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write("\n")
    peer.stdin.flush()
    return float(peer.stdout.readline())


if __name__ == "__main__":
    main()
