"""Fill the bank that a separator is trained from: voices of the open recordings, songs of the open notes.

Every piece of work draws from a seed and its own name, so a bank that was interrupted goes on, and several processes
give what one gives. Voices and songs come in turn: what is there at any time is a fair part of the whole.
"""

import hashlib
import io
import multiprocessing
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.embeddings.training.backings import band_backing, invented_backing
from singalike.embeddings.training.clips import seeded
from singalike.embeddings.training.datasets import (
    TrainingVoice,
    read_melodies,
    read_songs,
    read_voices,
    read_waveform,
    split_voices,
)
from singalike.embeddings.training.generator import SAMPLE_RATE, analyse_voice
from singalike.embeddings.training.material_bank import Bank, BankBacking, BankVoice, open_bank
from singalike.embeddings.training.melodies import Melody, scale_melody
from singalike.embeddings.training.run_folder import write_whole
from singalike.embeddings.training.scores import read_score
from singalike.embeddings.training.separation_voices import SYNTHETIC, VoicePhrase, phrases_of, synthetic_phrase
from singalike.embeddings.training.soundfont import SoundFont
from singalike.errors import InvalidInputError

GENERATOR = 1
"""Grows with every change of what the sounds are, so that an old bank is not continued."""

_PEAK, _LONGEST_S = 0.95, 60.0
_EVERY = 12
"""One song in so many only validates."""

Entry = BankVoice | BankBacking
Say = Callable[[str], None]


@dataclass(frozen=True)
class MaterialPreset:
    """How much of what a bank holds; there are five phrases of each recorded voice.

    Attributes:
        held_out_voices: Recorded voices that only validate; even.
        synthetic: Phrases of wholly synthetic singers.
        songs: Accompaniments played from notes, every other one with the melody on an instrument.
        invented: Accompaniments of our own synthesis, which takes the place of the songs where there is no sound font.
        budget_bytes: Size at which a bank is full, whatever is missing.
    """

    held_out_voices: int = 12
    synthetic: int = 60
    songs: int = 400
    invented: int = 70
    budget_bytes: int = 4_000_000_000


@dataclass(frozen=True)
class _Work:
    """One piece of work: a recorded voice, a song, or neither, whose sound is invented."""

    name: str
    held_out: bool
    voice: TrainingVoice | None = None
    song: tuple[str, Path] | None = None
    melody: bool = False


def fill_bank(
    data: Path,
    folder: Path,
    soundfont: SoundFont | None,
    preset: MaterialPreset | None = None,
    seed: int = 0,
    workers: int = 1,
    say: Say = print,
) -> Bank:
    """Make what a bank lacks and return it.

    Args:
        data: Folder with the manifest; only rows with use=train are read.
        folder: Of the bank.
        soundfont: Plays the songs; None has all accompaniments made by our own synthesis.
        preset: How much of what.
        seed: Of all chance.
        workers: Processes.
        say: Told in words how far the work is.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND.
        WrongStateError: BANK_DIFFERS, BANK_DAMAGED.
    """
    preset = preset or MaterialPreset()
    made_of = asdict(preset) | {"generator": GENERATOR, "seed": seed, "soundfont": soundfont and soundfont.path.name}
    bank = open_bank(folder, made_of)
    work = _plan(data, preset, seed, soundfont is not None)
    left = [piece for piece in work if piece.name not in set(bank.done)]
    if not left or bank.size_bytes >= preset.budget_bytes:
        return bank
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare, (read_melodies(data),)) as pool:
        for piece, (entries, trouble) in zip(
            left, pool.map(partial(_make, folder, soundfont, seed), left), strict=True
        ):
            bank = bank.grown(piece.name, entries)
            if trouble:
                say(trouble)
            if len(bank.done) % 20 == 0 or len(bank.done) == len(work):
                say(f"{len(bank.done)} of {len(work)} pieces, {bank.size_bytes / 1e6:.0f} MB")
            if bank.size_bytes >= preset.budget_bytes:
                say(f"the bank is full: {bank.size_bytes / 1e6:.0f} MB")
                pool.shutdown(wait=True, cancel_futures=True)
                break
    return bank


def _plan(data: Path, preset: MaterialPreset, seed: int, sampled: bool) -> list[_Work]:
    """List all work, voices and accompaniments in turn, each in random order."""
    fit, held_out = split_voices(read_voices(data), preset.held_out_voices)
    voices = [_Work(f"voice {v.singer}", False, voice=v) for v in fit]
    voices += [_Work(f"voice {v.singer}", True, voice=v) for v in held_out]
    voices += [_Work(f"{SYNTHETIC} {number}", number % _EVERY == 0) for number in range(preset.synthetic)]
    named = list(read_songs(data).items())
    order = seeded(seed, "songs").permutation(len(named))
    songs = []
    for number in range(preset.songs if sampled and named else 0):
        place = number % len(named)
        songs.append(_Work(f"song {number}", place % _EVERY == 0, song=named[order[place]], melody=number % 2 == 0))
    invented = preset.invented if songs else preset.invented + preset.songs
    songs += [_Work(f"invented {number}", number % _EVERY == 0) for number in range(invented)]
    shuffled = [[works[i] for i in seeded(seed, "order").permutation(len(works))] for works in (voices, songs)]
    return [piece for piece in chain(*zip_longest(*shuffled)) if piece is not None]


_MELODIES: list[Melody] = []


def _prepare(melodies: tuple[Melody, ...]) -> None:
    torch.set_num_threads(1)
    _MELODIES[:] = melodies or [scale_melody(np.random.default_rng(number)) for number in range(50)]


def _make(folder: Path, soundfont: SoundFont | None, seed: int, piece: _Work) -> tuple[list[Entry], str]:
    """Make and write what a piece of work gives; a song that cannot be read gives nothing but words."""
    if not piece.name.startswith(("song ", "invented ")):
        return [_kept_voice(folder, piece, phrase) for phrase in _phrases(piece, seed)], ""
    rng = seeded(seed, "separation", piece.name)
    if piece.song is None or soundfont is None:
        file, seconds = _kept(folder / "backings", piece.name, invented_backing(rng).waveform)
        return [BankBacking(f"backings/{file}", "", "invented", False, seconds, piece.held_out)], ""
    song, path = piece.song
    try:
        score = read_score(path)
        sound = band_backing(score, piece.melody, soundfont, rng)
    except InvalidInputError as error:
        return [], str(error)
    file, seconds = _kept(folder / "backings", f"{piece.name} {song}", sound.waveform)
    return [BankBacking(f"backings/{file}", song, "band", piece.melody and score.sung, seconds, piece.held_out)], ""


def _phrases(piece: _Work, seed: int) -> Iterator[VoicePhrase]:
    if piece.voice is None:
        yield synthetic_phrase(seed, int(piece.name.removeprefix(f"{SYNTHETIC} ")))
        return
    recording = read_waveform(piece.voice.path)[: round(_LONGEST_S * SAMPLE_RATE)]
    yield from phrases_of(piece.voice.singer, analyse_voice(recording), recording, _MELODIES, seed)


def _kept_voice(folder: Path, piece: _Work, phrase: VoicePhrase) -> BankVoice:
    source = SYNTHETIC if piece.voice is None else piece.voice.singer
    file, seconds = _kept(folder / "voices", f"{piece.name} {phrase.kind}", phrase.waveform)
    return BankVoice(f"voices/{file}", source, phrase.kind, seconds, piece.held_out)


def _kept(folder: Path, name: str, waveform: NDArray[np.float32]) -> tuple[str, float]:
    """Write a sound as int16, softer where it would clip, and return file name and seconds."""
    folder.mkdir(exist_ok=True)
    # Names of singers come from a manifest: they may hold anything, and two may differ in nothing but odd characters.
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    file = f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}-{digest}.npy"
    gain = 32767.0 * min(1.0, _PEAK / max(float(np.abs(waveform).max(initial=0.0)), 1e-9))
    content = io.BytesIO()
    np.save(content, np.round(waveform * gain).astype(np.int16), allow_pickle=False)
    write_whole(folder / file, content.getvalue())
    return file, round(waveform.shape[-1] / SAMPLE_RATE, 3)
