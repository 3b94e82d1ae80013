"""Memory and time that the conversion of a long song takes, and what a resumed one saves.

usage: python -m benchmarks.conversion_memory [--seconds 240] [--key-shift 0]

A synthetic singer's 20 s are repeated until they fill the song, at 44 100 Hz; the target is another singer's 40 s.
"""

import argparse
import resource
import time

import numpy as np

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.conversion.engine import ConversionContext, ConvertOptions
from singalike.conversion.piece_store import PiecesInMemory
from singalike.conversion.world_retrieval.loading import load

RATE = 44_100


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--key-shift", type=float, default=0.0)
    options = parser.parse_args()
    engine, store = load(), PiecesInMemory()
    voice = engine.enrol([sung(1, 40.0)], ConversionContext())
    source = sung(2, 20.0).waveform
    repeats = int(np.ceil(options.seconds * RATE / source.shape[1]))
    song = Sound(np.tile(source, (1, repeats))[:, : round(options.seconds * RATE)], RATE)
    before = peak_mib()
    for name in ("whole", "again, every piece kept"):
        started = time.process_time()
        choice = ConvertOptions(key_shift=options.key_shift)
        pieces = engine.convert(song, voice, choice, ConversionContext(pieces=store)).pieces
        spent_s = time.process_time() - started
        print(f"{name}: {song.duration_s:.0f} s in {pieces} pieces, {spent_s:.1f} processor seconds", end=", ")
        print(f"real-time factor {spent_s / song.duration_s:.3f}")
    print(f"process peak {peak_mib():.0f} MiB, of which {peak_mib() - before:.0f} MiB came with the conversion")


def sung(seed: int, seconds: float) -> Sound:
    """Let an invented singer sing."""
    rng = np.random.default_rng(seed)
    voice = draw_singer(rng)
    return resample(sing(voice, compose_melody(rng, voice.centre_midi, seconds), rng=rng), RATE)


def peak_mib() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
