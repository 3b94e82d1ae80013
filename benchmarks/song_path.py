"""Measure what a song costs after its vocal is converted: key shift, remix, limiter, watermark, file.

usage: python benchmarks/song_path.py [--seconds 240] [--format ogg]

Music is noise that swells, in stereo at 44.1 kHz; the stages run one after the other in one process, and each line
gives the highest memory of the process so far.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from singalike.audio.sound import Sound
from singalike.conversion.finishing import finish
from singalike.conversion.key_shift import shift_key
from singalike.conversion.limiter import measure_true_peak
from singalike.conversion.mixing import remix
from singalike.conversion.writing import MadeBy, SoundFormat, write_sound

RATE = 44_100


def swelling_noise(channels: int, samples: int, seed: int) -> Sound:
    """Noise whose peaks pass full scale now and then."""
    swell = 0.25 + 0.15 * np.sin(np.arange(samples, dtype=np.float32) / 30_000)
    return Sound(np.random.default_rng(seed).standard_normal((channels, samples), np.float32) * swell, RATE)


def peak_mib() -> float:
    """Highest memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print a line for each stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--format", type=SoundFormat, choices=list(SoundFormat), default=SoundFormat.OGG)
    options = parser.parse_args()
    samples = round(options.seconds * RATE)
    source, vocal, accompaniment = (swelling_noise(channels, samples, seed) for seed, channels in enumerate((2, 1, 2)))
    print(f"{options.seconds:.0f} s; {'three sounds made':16} {peak_mib():6.0f} MiB")

    def run(name: str, work: Callable[[], Sound | None]) -> Sound | None:
        started = time.process_time()
        outcome = work()
        spent_s = time.process_time() - started
        share = spent_s / options.seconds
        print(f"{name:22} {spent_s:7.2f} processor seconds, {share:.4f} of real time, {peak_mib():6.0f} MiB")
        return outcome

    moved = run("key shift", lambda: shift_key(accompaniment, 3.0)) or accompaniment
    mix = run("remix", lambda: remix(vocal, source, moved)) or moved
    finished = run("limiter and watermark", lambda: finish(mix, b"benchmark key, not a secret", 7)) or mix
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"song.{options.format}"
        run(str(options.format), lambda: write_sound(path, finished, MadeBy("none 0", "0"), options.format))
    print(f"true peak of the mix {measure_true_peak(mix):.2f} dBTP, finished {measure_true_peak(finished):.2f} dBTP")


if __name__ == "__main__":
    main()
