"""How many seconds of singing and of whole songs one core synthesises in a second.

Run: OMP_NUM_THREADS=1 python benchmarks/synthesis_speed.py
"""

from time import perf_counter

import numpy as np

from singalike.audio.synthesis import STYLES, compose_melody, draw_singer, sing
from singalike.services.demo.catalogue import make_track

SECONDS, SINGERS = 25.0, 6


def main() -> None:
    """Sing and play with several voices; print the best and the mean of each."""
    rng = np.random.default_rng(0)
    singing, songs = [], []
    for style, voice in zip(sorted(STYLES), [draw_singer(rng) for _ in range(SINGERS)], strict=True):
        melody = compose_melody(rng, voice.centre_midi, SECONDS)
        start = perf_counter()
        sing(voice, melody, rng=rng)
        singing.append(SECONDS / (perf_counter() - start))
        start = perf_counter()
        make_track(voice, style, SECONDS, rng)
        songs.append(SECONDS / (perf_counter() - start))
    for name, ratios in (("a cappella", singing), ("mixture", songs)):
        print(f"{name}: {np.mean(ratios):.0f} x real time on average, {max(ratios):.0f} x at best")


if __name__ == "__main__":
    main()
