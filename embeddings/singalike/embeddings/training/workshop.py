"""Doing the same work for every recorded voice, on several processes."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from singalike.embeddings.training.clip_cache import clip_key
from singalike.embeddings.training.datasets import (
    TrainingVoice,
    content_digest,
    read_melodies,
    read_voices,
    read_waveform,
)
from singalike.embeddings.training.generator import VoiceAnalysis, analyse_voice
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.run_folder import write_arrays
from singalike.errors import InvalidInputError

T = TypeVar("T")
Say = Callable[[str], None]
VoiceWork = Callable[[TrainingVoice, VoiceAnalysis, Sequence[Melody]], T]


@dataclass(frozen=True)
class Workshop:
    """Where training happens.

    Attributes:
        data: Folder with the manifest.
        seed: Of all chance.
        workers: Processes that work on voices.
        cache: Folder for the WORLD analyses, which take half of the time; None keeps nothing.
        say: Told in words how far the work is.
    """

    data: Path
    seed: int = 0
    workers: int = 2
    cache: Path | None = None
    say: Say = print

    def voices(self) -> tuple[TrainingVoice, ...]:
        """List the voices that may train."""
        return read_voices(self.data)

    def for_each_voice(self, work: VoiceWork[T], voices: Sequence[TrainingVoice]) -> list[T]:
        """Call `work` with each voice, its analysis and the melodies; results come in the order of the voices.

        Args:
            work: A function of a module (processes are spawned), without state, that draws all chance from seeds.
            voices: Which voices.

        Raises:
            InvalidInputError: NO_MELODIES, the folder has nothing for them to sing.
        """
        melodies = read_melodies(self.data)
        if not melodies:
            message = f"{self.data} has no melody: add MIDI files of 20 notes or more (.mid, kind midi, use train)"
            raise InvalidInputError("NO_MELODIES", message)
        task = partial(_work_on_voice, work, self.cache)
        results: list[T] = []
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.workers, context, _prepare, (melodies,)) as pool:
            for result in pool.map(task, voices):
                results.append(result)
                if len(results) % 10 == 0 or len(results) == len(voices):
                    self.say(f"{len(results)} of {len(voices)} voices")
        return results


_MELODIES: list[Melody] = []


def _prepare(melodies: Sequence[Melody]) -> None:
    torch.set_num_threads(1)
    _MELODIES[:] = melodies


def _work_on_voice(work: VoiceWork[T], cache: Path | None, voice: TrainingVoice) -> T:
    return work(voice, _analysis(voice, cache), _MELODIES)


def _analysis(voice: TrainingVoice, cache: Path | None) -> VoiceAnalysis:
    """Read the analysis from the cache, or make it (and keep it there)."""
    kept = None if cache is None else _kept_as(voice, cache)
    if kept is not None and kept.exists():
        with np.load(kept) as arrays:
            return VoiceAnalysis(arrays["f0_hz"], arrays["log_envelope"], arrays["aperiodicity"])
    analysis = analyse_voice(read_waveform(voice.path))
    if kept is not None:
        write_arrays(kept, asdict(analysis))
    return analysis


def _kept_as(voice: TrainingVoice, cache: Path) -> Path:
    """Name the file by singer and recording: another recording of a singer of the same name is another one."""
    key = clip_key(0, voice.singer, {"recording": content_digest(voice.path)})
    return cache / f"{key}.npz"
