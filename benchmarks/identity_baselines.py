"""Tell real singers apart with timbre vectors and with baselines, folder by folder.

usage: python benchmarks/identity_baselines.py --data FOLDER [--seconds 3] [--peer-python PYTHON] [--out FOLDER]

FOLDER holds manifest.csv and recordings that nothing was trained on. Every method hears the same samples; --seconds
takes that much from the middle of each recording. --peer-python names a python that can import resemblyzer. --out keeps
the vectors as NAME.npz with the arrays `path` and `timbre`. Printed: EER, EER among pairs of one voice gender, and mean
average precision of retrieval; the same singer with the same song is left out.
"""

import argparse
import csv
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from singalike.embeddings.projection import unit
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.training.verification import equal_error_rate, identity_figures

SETS = (("ravdess", "singing"), ("ravdess", "speech"), ("mir1k", "stem"), ("m4singer_demo", "singing"))
RIGHT_CHANNEL = {"mir1k"}  # left holds the accompaniment
Row = dict[str, str]
Waveform = np.ndarray


def main() -> None:
    """Embed with every method and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--peer-python", default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    rows = [row for row in read_manifest(options.data) if (row["path"].split("/")[0], row["kind"]) in SETS]
    waveforms = [read_waveform(options.data, row, options.seconds) for row in rows]
    encoder = TimbreEncoder.load()
    methods: dict[str, Callable[[Waveform], Waveform]] = {
        "timbre": lambda waveform: encoder.embed(encoder.analyse(waveform)),
        "mfcc_statistics": mfcc_statistics,
        "mean_mel": mean_mel,
    }
    vectors = {name: np.stack([method(w) for w in waveforms]) for name, method in methods.items()}
    if options.peer_python:
        vectors["resemblyzer"] = resemblyzer(options.peer_python, waveforms)
    for name, array in vectors.items():
        report(name, rows, unit(centred(array, rows) if name in {"mfcc_statistics", "mean_mel"} else array))
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            np.savez(options.out / f"{name}.npz", path=[row["path"] for row in rows], timbre=array)


def read_manifest(data: Path) -> list[Row]:
    """Read the rows of the manifest."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_waveform(data: Path, row: Row, seconds: float | None) -> Waveform:
    """Read a recording as mono at 16 000 Hz, or its middle."""
    sound, rate = soundfile.read(data / row["path"], dtype="float32", always_2d=True)
    mono = sound[:, 1] if row["path"].split("/")[0] in RIGHT_CHANNEL else sound.mean(axis=1)
    mono = mono if rate == 16_000 else soxr.resample(mono, rate, 16_000)
    samples = len(mono) if seconds is None else round(seconds * 16_000)
    start = max((len(mono) - samples) // 2, 0)
    return mono[start : start + samples].astype(np.float32)


def mfcc_statistics(waveform: Waveform) -> Waveform:
    """Return mean and deviation of 20 MFCCs and of their change."""
    import librosa

    mfcc = librosa.feature.mfcc(y=waveform, sr=16_000, n_mfcc=21, n_fft=512, hop_length=160)[1:]
    change = np.diff(mfcc, axis=1)
    return np.concatenate([mfcc.mean(1), mfcc.std(1), change.std(1)])


def mean_mel(waveform: Waveform) -> Waveform:
    """Return the mean log-mel spectrum, its level taken out."""
    import librosa

    mel = librosa.feature.melspectrogram(y=waveform, sr=16_000, n_fft=512, hop_length=160, n_mels=80)
    spectrum = np.log(mel + 1e-8).mean(axis=1)
    return spectrum - spectrum.mean()


def resemblyzer(python: str, waveforms: list[Waveform]) -> Waveform:
    """Embed in the other python: utterance embeddings, as its README does."""
    program = (
        "import sys, numpy as np\n"
        "from resemblyzer import VoiceEncoder\n"
        "from resemblyzer import preprocess_wav\n"
        "encoder = VoiceEncoder('cpu', verbose=False)\n"
        "data = np.load(sys.argv[1])\n"
        "pieces = np.split(data['samples'], data['ends'][:-1])\n"
        "np.save(sys.argv[2], np.stack([encoder.embed_utterance(preprocess_wav(p))"
        " for p in pieces]))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "waveforms.npz"), Path(folder, "vectors.npy")
        np.savez(given, samples=np.concatenate(waveforms), ends=np.cumsum([len(w) for w in waveforms]))
        subprocess.run([python, "-c", program, str(given), str(made)], check=True)
        return np.load(made)


def centred(vectors: Waveform, rows: list[Row]) -> Waveform:
    """Scale every dimension to deviation one within each set: raw statistics have no common scale."""
    scaled = vectors.astype(np.float64).copy()
    for folder, kind in SETS:
        chosen = in_set(rows, folder, kind)
        if chosen.any():
            scaled[chosen] = (vectors[chosen] - vectors[chosen].mean(0)) / (vectors[chosen].std(0) + 1e-9)
    return scaled


def in_set(rows: list[Row], folder: str, kind: str) -> Waveform:
    """Mark the rows of one folder and kind."""
    return np.array([row["path"].startswith(folder + "/") and row["kind"] == kind for row in rows])


def report(name: str, rows: list[Row], vectors: Waveform) -> None:
    """Print one line for each set."""
    for folder, kind in SETS:
        chosen = in_set(rows, folder, kind)
        if not chosen.any():
            continue
        mine = [row for row, keep in zip(rows, chosen, strict=True) if keep]
        figures = identity_figures(vectors[chosen], [r["singer"] for r in mine], [song_of(r) for r in mine])
        print(
            f"{name:16s} {folder + '/' + kind:22s} n={len(mine):4d} EER {100 * figures.equal_error_rate:5.1f} "
            f"same gender {100 * same_gender_eer(mine, vectors[chosen]):5.1f} MAP {figures.mean_average_precision:.3f}",
            flush=True,
        )


def song_of(row: Row) -> str:
    """Name the song of a row; the emotions of RAVDESS are renditions of one."""
    return row["song"].split("_emo")[0]


def same_gender_eer(rows: list[Row], vectors: Waveform) -> float:
    """Return the EER when every pair of two singers has one voice gender."""
    singer = np.array([row["singer"] for row in rows])
    song = np.array([song_of(row) for row in rows])
    voice_gender = np.array([row["gender"] for row in rows])
    upper = np.triu(np.ones((len(rows), len(rows)), dtype=bool), 1)
    same = singer[:, None] == singer
    comparable = (voice_gender[:, None] == voice_gender) & (voice_gender != "unknown")
    similarity = vectors @ vectors.T
    return equal_error_rate(similarity[upper & same & (song[:, None] != song)], similarity[upper & ~same & comparable])


if __name__ == "__main__":
    main()
