"""Measure how well vocals are separated, and how fast.

usage: python benchmarks/separation.py --data FOLDER [--clips 40] [--weights FOLDER]

SDR is 10 log10(|v|^2 / |v - estimate|^2), SI-SDR the same after the best gain (Le Roux et al. 2019), both at 16 kHz in
mono, in dB. The rows "mixture" say what doing nothing gives.
"""

import argparse
import csv
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from singalike.audio.decoding import GuardedDecoder
from singalike.audio.resample import resample
from singalike.audio.separation import (
    IdentitySeparator,
    MaskSeparator,
    RepetSimSeparator,
    Separator,
    best_separator,
)
from singalike.audio.separation.stft import Stft
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch, nobody_watches

RATE = 16_000
Pair = tuple[Sound, Waveform]


class CentreRepetSim:
    """REPET-SIM with a weight for the middle of the stereo image (Avendano and Jot 2004): why it is left out."""

    name = "repet+centre"
    version = "1"

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        """Weigh every bin by the likeness of the channels."""
        vocals = resample(RepetSimSeparator().separate(sound, watch).mono(), RATE)
        if sound.channels == 1:
            return vocals
        stft = Stft(2048)
        left, right = (stft.analyse(row) for row in resample(sound, RATE).waveform)
        weight = 2 * (left * np.conj(right)).real / (np.abs(left) ** 2 + np.abs(right) ** 2 + 1e-9)
        spectra = stft.analyse(vocals.waveform[0]) * np.clip(weight, 0, 1).astype(np.float32)
        return Sound(stft.rebuild(spectra, vocals.waveform.shape[-1])[None], RATE)


def mir1k_pairs(data: Path, clips: int, decoder: GuardedDecoder) -> list[Pair]:
    """Mix left (accompaniment) and right (voice) of clips spread over the singers."""
    with (data / "manifest.csv").open() as file:
        paths = [row["path"] for row in csv.DictReader(file) if row["path"].startswith("mir1k/")]
    pairs = []
    for path in paths[:: max(1, len(paths) // clips)][:clips]:
        sound = decoder.decode((data / path).read_bytes())
        mixture = Sound(sound.waveform.sum(axis=0, keepdims=True), sound.sample_rate)
        pairs.append((mixture, sound.waveform[1]))
    return pairs


def musdb_pairs(data: Path, decoder: GuardedDecoder) -> list[Pair]:
    """Read mixtures and vocals of the three excerpts."""
    pairs = []
    for folder in sorted((data / "waveunet_musdb_excerpts").iterdir()):
        if folder.is_dir():
            mixture = decoder.decode((folder / "mix.mp3").read_bytes())
            vocals = decoder.decode((folder / "vocals_true.mp3").read_bytes())
            pairs.append((mixture, resample(vocals.mono(), RATE).waveform[0]))
    return pairs


def sdr_db(vocals: Waveform, estimate: Waveform) -> float:
    """Signal-to-distortion ratio."""
    return float(10 * np.log10(np.sum(vocals**2) / np.sum((vocals - estimate) ** 2)))


def si_sdr_db(vocals: Waveform, estimate: Waveform) -> float:
    """Scale-invariant signal-to-distortion ratio."""
    return sdr_db(vocals * (np.dot(vocals, estimate) / np.dot(vocals, vocals)), estimate)


def measure(separate: Callable[[Sound], Sound], pairs: list[Pair]) -> tuple[list[float], list[float]]:
    """Return both ratios of every pair."""
    plain, scale_free = [], []
    for mixture, vocals in pairs:
        estimate = resample(separate(mixture).mono(), RATE).waveform[0]
        samples = min(len(estimate), len(vocals))
        plain.append(sdr_db(vocals[:samples], estimate[:samples]))
        scale_free.append(si_sdr_db(vocals[:samples], estimate[:samples]))
    return plain, scale_free


def print_speed(separator: Separator, seconds: float) -> None:
    """Separate noise that swells and fades, in stereo at 44.1 kHz."""
    random = np.random.default_rng(0)
    samples = round(seconds * 44_100)
    swell = np.sin(np.arange(samples, dtype=np.float32) / 9000)
    song = Sound(random.standard_normal((2, samples), np.float32) * swell, 44_100)
    started = time.process_time()
    separator.separate(song)
    spent_s = time.process_time() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = f"{seconds:.0f} s in {spent_s:.1f} processor seconds ({seconds / spent_s:.0f} x real time)"
    print(f"{separator.name}: {speed}, process peak {peak_mib:.0f} MiB")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    separators: list[Separator] = [IdentitySeparator(), RepetSimSeparator(), CentreRepetSim(), MaskSeparator()]
    if options.weights:
        separators.append(best_separator(options.weights))
    with GuardedDecoder(processes=1) as decoder:
        sets = {"mir1k": mir1k_pairs(options.data, options.clips, decoder)}
        sets["waveunet_musdb_excerpts"] = musdb_pairs(options.data, decoder)
    for title, pairs in sets.items():
        print(f"\n{title}: {len(pairs)} mixtures\n{'separator':14} {'SDR':>6} {'SI-SDR':>7}  (dB, means)")
        for separator in separators:
            plain, scale_free = measure(separator.separate, pairs)
            name = "mixture" if separator.name == "identity" else separator.name
            each = " ".join(f"{value:.1f}" for value in plain) if len(plain) < 5 else ""
            print(f"{name:14} {np.mean(plain):6.2f} {np.mean(scale_free):7.2f}  {each}")
    print()
    for separator in (RepetSimSeparator(), MaskSeparator()):
        for seconds in (240.0, 600.0):
            print_speed(separator, seconds)


if __name__ == "__main__":
    main()
