"""Batches of clips from a catalogue of one's own: decoded once, windowed, cut where a voice sounds."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from safetensors.numpy import load, save

from singalike.audio.activity import detect_activity
from singalike.audio.loudness import normalize_loudness
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.embeddings.training.own_catalogue import OwnCatalogue, OwnTrack
from singalike.embeddings.training.run_folder import write_whole
from singalike.embeddings.training.singer_sampler import BalancedBatches, SingerSampler
from singalike.embeddings.training.trainee import Share
from singalike.errors import InvalidInputError, SingalikeError

SAMPLE_RATE = 16_000
WINDOW_FROM_S, WINDOW_TO_S = 30.0, 150.0
"""The part of a song that is used: past the intro, two minutes long."""

LEAST_VOICE_S = 1.0
ACTIVE_SHARE = 0.6
"""Share of a clip in which a voice should be active, where the recording has such places."""

Decode = Callable[[OwnTrack], Sound]


@dataclass(frozen=True, eq=False)
class Window:
    """The part of a recording that clips are cut from.

    Attributes:
        waveform: float32 (samples,) at 16 000 Hz.
        active: bool (frames,), where a voice is active, one every `hop_s`.
        hop_s: Seconds from one frame to the next.
    """

    waveform: NDArray[np.float32]
    active: NDArray[np.bool_]
    hop_s: float


@dataclass(frozen=True, eq=False)
class ClipBatch:
    """Clips for a network.

    Attributes:
        waveform: float32 (clips, samples) at 16 000 Hz, zeros after a short recording's end.
        lengths: int64 (clips,), samples that are the recording's own: what comes after them has to be masked.
        singers: int64 (clips,), number of the singer of each clip.
    """

    waveform: NDArray[np.float32]
    lengths: NDArray[np.int64]
    singers: NDArray[np.int64]


def window_of(sound: Sound) -> Sound:
    """Cut 30 s to 150 s out of a recording; of a shorter one its last 120 s, or all of it."""
    length_s = WINDOW_TO_S - WINDOW_FROM_S
    start_s = max(min(WINDOW_FROM_S, sound.duration_s - length_s), 0.0)
    return sound.cut(start_s, start_s + length_s)


def cut_clip(window: Window, samples: int, rng: Generator) -> NDArray[np.float32]:
    """Cut a clip from a place where a voice sounds.

    All places are as likely whose share of active voice is at least `ACTIVE_SHARE`, or the best there is.

    Args:
        window: Where to cut from.
        samples: Length of the clip.
        rng: Chooses the place.

    Returns:
        float32 (samples,), or the whole window if it is shorter.
    """
    if len(window.waveform) <= samples:
        return window.waveform
    hop = round(window.hop_s * SAMPLE_RATE)
    frames = max(samples // hop, 1)
    starts = np.arange((len(window.waveform) - samples) // hop + 1)
    heard = np.concatenate([[0], np.cumsum(np.pad(window.active, (0, frames)))])
    share = (heard[starts + frames] - heard[starts]) / frames
    first = int(rng.choice(starts[share >= min(ACTIVE_SHARE, float(share.max()))])) * hop
    return window.waveform[first : first + samples]


class WindowStore:
    """Decodes every recording once and keeps its window on disk, 16 bits a sample, 3.8 MB each at most.

    Args:
        decode: Returns the voice in a recording, at any rate; a shell adds the separation of songs with accompaniment.
        folder: For the windows.
    """

    def __init__(self, decode: Decode, folder: Path) -> None:
        self._decode = decode
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def window(self, track: OwnTrack) -> Window:
        """Return the window of a recording.

        Raises:
            InvalidInputError: NO_VOICE, or the decoder's reason.
        """
        facts = track.path.stat()
        key = f"{track.path}|{track.channel}|{facts.st_size}|{facts.st_mtime_ns}"
        file = self._folder / f"{hashlib.blake2b(key.encode(), digest_size=12).hexdigest()}.safetensors"
        if not file.exists():
            # What is read first is what is read ever after: the rounding to 16 bits must not depend on the cache.
            write_whole(file, save(_prepare(self._decode(track), track)))
        kept = load(file.read_bytes())
        waveform = (kept["waveform"].astype(np.float32) / 32767.0).astype(np.float32)
        return Window(waveform, kept["active"].astype(np.bool_), float(kept["hop_s"][0]))

    def prepare(self, catalogue: OwnCatalogue, advance: Callable[[], None] = lambda: None) -> OwnCatalogue:
        """Decode everything, and return what can be trained on with what cannot in `refused`."""
        good, refused = [], list(catalogue.refused)
        for track in catalogue.tracks:
            try:
                self.window(track)
                good.append(track)
            except FileNotFoundError:
                refused.append((str(track.path), "there is no such file"))
            except SingalikeError as error:
                refused.append((str(track.path), error.message))
            advance()
        return OwnCatalogue(tuple(good), tuple(refused))


class CatalogueClips:
    """Singer-balanced batches of a catalogue, as a function of seed and step.

    A Trainee for one's own singers draws its batches from here::

        catalogue = store.prepare(read_catalogue(Path("music")))
        known, held_out = catalogue.split(held_out=20, seed=seed)
        clips = CatalogueClips(known, store, BalancedBatches(singers=16, clips=4), crop_s=4.0, seed=seed)

        def losses(self, step, share):
            batch = clips.batch(step, share)
            vectors = self.network(log_mel(torch.from_numpy(batch.waveform), MEL), torch.from_numpy(batch.lengths))
            loss = supervised_contrastive(vectors, torch.from_numpy(batch.singers))
            return {"total": loss}

    Args:
        catalogue: What `WindowStore.prepare` returned.
        store: Where the windows are.
        batches: Singers, clips of each, songs that count.
        crop_s: Length of a clip, in seconds.
        seed: Of all chance.
    """

    def __init__(
        self, catalogue: OwnCatalogue, store: WindowStore, batches: BalancedBatches, crop_s: float, seed: int
    ) -> None:
        self.sampler = SingerSampler(catalogue.tracks, batches, seed)
        self.clips = self.sampler.singers * batches.clips
        self._clips_each = batches.clips
        self._store = store
        self._samples = round(crop_s * SAMPLE_RATE)
        self._seed = seed

    def batch(self, step: int, share: Share) -> ClipBatch:
        """Cut the clips of a step; with several processes each gets whole singers."""
        singers = share.of(self.sampler.singers)
        own = range(singers.start * self._clips_each, singers.stop * self._clips_each)
        picks = self.sampler.picks(step)
        waveform = np.zeros((len(own), self._samples), np.float32)
        lengths = np.zeros(len(own), np.int64)
        for row, place in enumerate(own):
            rng = np.random.default_rng([self._seed, 2, step, place])
            clip = cut_clip(self._store.window(picks[place][1]), self._samples, rng)
            waveform[row, : len(clip)] = clip
            lengths[row] = len(clip)
        return ClipBatch(waveform, lengths, np.array([picks[place][0] for place in own], np.int64))


def _prepare(sound: Sound, track: OwnTrack) -> dict[str, NDArray[np.generic]]:
    mono = resample(window_of(sound).mono(), SAMPLE_RATE)
    activity = detect_activity(mono) if mono.waveform.any() else None
    if activity is None or activity.active_s < LEAST_VOICE_S:
        raise InvalidInputError("NO_VOICE", f"no voice is heard in {track.path}: is it the right channel?")
    waveform = np.clip(normalize_loudness(mono).waveform[0], -1.0, 1.0)
    whole = np.round(waveform * 32767.0).astype(np.int16)
    return {"waveform": whole, "active": activity.active.astype(np.uint8), "hop_s": np.array([activity.hop_s])}
