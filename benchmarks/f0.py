"""Compare pitch trackers: against a known truth, against each other on real voices, and by speed.

usage: python benchmarks/f0.py [--data FOLDER] [--clips 12] [--pyin-clips 2] [--tracker NAME=MODULE:FUNCTION ...]

A tracker is any function from Sound to PitchTrack; `--tracker` adds others to the table.
"""

import argparse
import csv
import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import librosa
import numpy as np
import scipy.signal

from singalike.audio.decoding import GuardedDecoder, select_channel
from singalike.audio.f0 import HIGHEST_HZ, LOWEST_HZ, track_with_dio, track_with_harvest
from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.sound import Sound

Tracker = Callable[[Sound], PitchTrack]
RATE = 16_000
HOP_S = 0.01
FORMANTS_HZ = ((700, 90), (1220, 110), (2600, 160), (3300, 200))


def track_with_pyin(sound: Sound) -> PitchTrack:
    """Track with librosa's probabilistic YIN."""
    f0_hz, _, voicing = librosa.pyin(
        sound.mono().waveform[0], fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=sound.sample_rate, hop_length=round(HOP_S * RATE)
    )
    return PitchTrack(f0_hz.astype(np.float32), voicing.astype(np.float32), HOP_S)


def synthesise(seed: int, duration_s: float = 8.0) -> tuple[Sound, PitchTrack]:
    """Sing notes with vibrato and gaps through four formants, over noise 25 dB below; the truth comes with it."""
    random = np.random.default_rng(seed)
    frames = round(duration_s / HOP_S)
    midi, voiced = np.empty(frames), np.zeros(frames, bool)
    at, note = 0, random.uniform(45, 70)
    while at < frames:
        length = random.integers(20, 90)
        note = float(np.clip(note + random.integers(-7, 8), 40, 76))
        midi[at : at + length] = note
        voiced[at : at + length - random.integers(5, 15)] = True
        at += length
    midi = np.convolve(np.pad(midi, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    midi += 0.4 * np.sin(2 * np.pi * 5.5 * np.arange(frames) * HOP_S)
    f0_hz = 440.0 * 2 ** ((midi - 69) / 12)
    times = np.arange(round(duration_s * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(np.interp(times, np.arange(frames) * HOP_S, f0_hz)) / RATE
    gate = np.interp(times, np.arange(frames) * HOP_S, voiced.astype(float))
    harmonics = range(1, int(RATE / 2 / f0_hz.max()))
    voice = gate * sum(np.sin(n * phase) / n**1.3 for n in harmonics)
    for centre_hz, width_hz in FORMANTS_HZ:
        radius = np.exp(-np.pi * width_hz / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * centre_hz / RATE), radius**2]
        voice = voice + 0.5 * scipy.signal.lfilter([1 - radius], poles, voice)
    voice += random.normal(0, voice[gate > 0.5].std() * 10 ** (-25 / 20), len(voice))
    truth = PitchTrack(np.where(voiced, f0_hz, np.nan).astype(np.float32), voiced.astype(np.float32), HOP_S)
    return Sound((0.1 * voice / voice.std()).astype(np.float32)[None], RATE), truth


def real_voices(data: Path, folder: str, clips: int) -> Iterator[Sound]:
    """Read singing of one folder, spread over its singers."""
    with (data / "manifest.csv").open() as file:
        rows = [
            row for row in csv.DictReader(file) if row["path"].startswith(folder) and row["kind"] in ("singing", "stem")
        ]
    with GuardedDecoder(processes=1) as decoder:
        for row in rows[:: max(1, len(rows) // clips)][:clips]:
            sound = decoder.decode((data / row["path"]).read_bytes())
            yield resample(select_channel(sound, "right" if folder == "mir1k" else "mix"), RATE)


def compare(track: PitchTrack, truth: PitchTrack) -> tuple[float, float, float]:
    """Return voicing agreement, and among frames that both call voiced the shares within 50 cents and an octave off."""
    frames = min(len(track.f0_hz), len(truth.f0_hz))
    ours, theirs = track.midi_pitch[:frames], truth.midi_pitch[:frames]
    both = np.isfinite(ours) & np.isfinite(theirs)
    off = np.abs(ours[both] - theirs[both])
    agreement = float((np.isfinite(ours) == np.isfinite(theirs)).mean())
    return agreement, float((off <= 0.5).mean()), float((np.abs(off - 12) <= 1).mean())


def report(title: str, voices: list[tuple[Sound, PitchTrack]], trackers: dict[str, Tracker]) -> None:
    """Print one table."""
    seconds = sum(sound.duration_s for sound, _ in voices)
    print(f"\n{title}: {len(voices)} recordings, {seconds:.0f} s")
    print(f"{'tracker':12} {'voicing agrees':>14} {'within 50 cents':>15} {'octave off':>10} {'x real time':>11}")
    for name, tracker in trackers.items():
        started = time.perf_counter()
        tracks = [tracker(sound) for sound, _ in voices]
        spent_s = time.perf_counter() - started
        rows = [compare(track, truth) for track, (_, truth) in zip(tracks, voices, strict=True)]
        voicing, close, octave = np.mean(rows, axis=0)
        print(f"{name:12} {voicing:14.3f} {close:15.3f} {octave:10.4f} {seconds / spent_s:11.1f}")


def extra_trackers(specifications: list[str]) -> dict[str, Tracker]:
    """Import the trackers named on the command line."""
    found: dict[str, Tracker] = {}
    for specification in specifications:
        name, _, place = specification.partition("=")
        module, _, function = place.partition(":")
        found[name] = getattr(importlib.import_module(module), function)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--pyin-clips", type=int, default=2)
    parser.add_argument("--tracker", action="append", default=[])
    options = parser.parse_args()
    trackers: dict[str, Tracker] = {"harvest": track_with_harvest, "dio": track_with_dio}
    trackers |= extra_trackers(options.tracker)
    slow = {**trackers, "pyin": track_with_pyin}
    truth = [synthesise(seed) for seed in range(options.clips)]
    report("synthesised, against the truth", truth, trackers)
    report("synthesised, with pYIN", truth[: options.pyin_clips], slow)
    for folder in ("ravdess/song", "mir1k") if options.data else ():
        voices = [(sound, track_with_harvest(sound)) for sound in real_voices(options.data, folder, options.clips)]
        report(f"{folder}, against harvest", voices, trackers)
        report(f"{folder}, with pYIN", voices[: options.pyin_clips], slow)


if __name__ == "__main__":
    main()
