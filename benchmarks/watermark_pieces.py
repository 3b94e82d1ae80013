"""Pieces of sound to mark, cut with a seed from the recordings of a manifest; `benchmarks/watermark.py` uses them."""

import csv
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator

from singalike.audio.sound import Sound

KINDS = ("song", "karaoke", "vocals", "speech")
PIECE_S = 15.0
SOLO = ("m4singer_demo", "nus48e_demo", "ravdess", "singing_expression_transfer", "mirdata_fixtures")


class Pieces:
    """Cut pieces of 15 s of any kind.

    Args:
        data: Folder with `manifest.csv`.
        uses: Values of its column `use` to take.
    """

    def __init__(self, data: Path, uses: frozenset[str]) -> None:
        self._data = data
        with (data / "manifest.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["use"] in uses and row["kind"] != "midi"]
        self._paths = {
            "song": [row["path"] for row in rows if row["kind"] == "mixture" and float(row["seconds"]) > PIECE_S],
            "karaoke": [row["path"] for row in rows if row["path"].startswith("mir1k/")],
            "vocals": [row["path"] for row in rows if row["kind"] == "singing" and row["path"].startswith(SOLO)],
            "speech": [row["path"] for row in rows if row["kind"] == "speech"],
        }
        self._read: dict[str, Sound] = {}

    def cut(self, kind: str, random: Generator) -> Sound:
        """Cut a piece.

        Args:
            kind: One of KINDS.
            random: Chooses recordings, places and levels.

        Returns:
            15 s; songs as they are, the rest in mono at the rate of the first recording taken.
        """
        paths = self._paths[kind]
        if kind == "song":
            song = self._sound(paths[int(random.integers(len(paths)))])
            start_s = float(random.uniform(0, song.duration_s - PIECE_S))
            return song.cut(start_s, start_s + PIECE_S)
        parts: list[np.ndarray] = []
        rate, held = 0, 0
        gain = np.float32(10 ** (random.uniform(-6, 6) / 20))
        while not rate or held < PIECE_S * rate:
            sound = self._sound(paths[int(random.integers(len(paths)))])
            if rate not in {0, sound.sample_rate}:
                continue
            rate = sound.sample_rate
            # In MIR-1K the left channel is the accompaniment, the right the voice.
            mixed = sound.waveform[0] + gain * sound.waveform[1] if kind == "karaoke" else sound.waveform.mean(axis=0)
            parts.append(mixed)
            held += len(mixed)
        waveform = np.concatenate(parts)[: round(PIECE_S * rate)]
        return Sound((0.5 * waveform / np.abs(waveform).max())[None].astype(np.float32), rate)

    def _sound(self, path: str) -> Sound:
        if path not in self._read:
            waveform, rate = soundfile.read(self._data / path, dtype="float32", always_2d=True)
            self._read[path] = Sound(np.ascontiguousarray(waveform.T), rate)
        return self._read[path]
