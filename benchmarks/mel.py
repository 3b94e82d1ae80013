"""Time the torch mel front end against librosa's, side by side in one process.

usage: python benchmarks/mel.py [--seconds 120] [--repeats 7] [--threads 1]
"""

import argparse
import os
import time
from collections.abc import Callable


def best_s(work: Callable[[], object], repeats: int) -> float:
    """Return the shortest of `repeats` runs after one warm-up, in seconds."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

    import librosa
    import numpy as np
    import torch

    from singalike.embeddings.mel import MELODY_MEL, log_mel

    torch.set_num_threads(options.threads)
    waveform = np.random.default_rng(0).normal(0, 0.1, round(options.seconds * 16_000)).astype(np.float32)
    tensor = torch.from_numpy(waveform)[None]

    def ours() -> object:
        return log_mel(tensor, MELODY_MEL)

    def theirs() -> object:
        mel = librosa.feature.melspectrogram(y=waveform, sr=16_000, n_fft=512, hop_length=256, n_mels=48)
        return np.log(np.maximum(mel, MELODY_MEL.floor))

    ours_s, theirs_s = best_s(ours, options.repeats), best_s(theirs, options.repeats)
    print(f"{options.seconds:.0f} s of sound on {options.threads} thread(s): singalike {1000 * ours_s:.1f} ms, "
          f"librosa {1000 * theirs_s:.1f} ms, ratio {theirs_s / ours_s:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
