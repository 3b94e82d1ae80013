"""What timbre, style and voice gender hear: features of every 10 ms of a recording, computed once.

Two views of the vocal tract are kept. `cepstra` describes each 25 ms of sound in detail. `envelope` comes from 10 ms
windows, shorter than most glottal periods, whose power is averaged over six frames: harmonics blur and the formants
stay, so it hardly moves when the same voice sings higher. Both begin at 200 Hz: below, the first harmonic of the sung
note speaks louder than the singer.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.audio.activity import Activity
from singalike.embeddings.harmonicity import harmonicity
from singalike.embeddings.mel import MelSettings, mel_power
from singalike.embeddings.side_by_side import helper
from singalike.errors import InvalidInputError

SAMPLE_RATE = 16_000
HOP = 160
HOP_S = HOP / SAMPLE_RATE
DETAIL_MEL = MelSettings(SAMPLE_RATE, 400, HOP, 512, 80, 200.0, 7_800.0, floor=1e-8)
ENVELOPE_MEL = MelSettings(SAMPLE_RATE, 160, HOP // 2, 512, 40, 200.0, 7_800.0, floor=1e-8)
CEPSTRA, ENVELOPE_CEPSTRA = 30, 20
LOUD_LEVEL = 0.1
"""Root mean square that the loud frames (95th percentile) are brought to, so that no gain moves any feature."""

ACTIVE_BELOW_LOUD_DB = 30.0
"""Frames quieter than this below the loud ones are pauses."""

_ENVELOPE_FRAMES = 6
_SHORTEST_S = 0.1


@dataclass(frozen=True, eq=False)
class VoiceFrames:
    """Features of a recording, frame i centred at i * `hop_s`.

    Attributes:
        log_mel: float32 (frames, 80), natural logarithm of mel power.
        cepstra: float32 (frames, 30), cepstral coefficients 1 to 30 of `log_mel`.
        envelope: float32 (frames, 20), pitch-robust cepstral coefficients 1 to 20.
        level_db: float32 (frames,), level over that of the loud frames.
        harmonicity: float32 (frames, 2), periodicity in [0, 1] of the whole band and above 2 kHz.
        active: bool (frames,), frames that are loud enough to count.
        hop_s: Seconds from one frame to the next.
    """

    log_mel: NDArray[np.float32]
    cepstra: NDArray[np.float32]
    envelope: NDArray[np.float32]
    level_db: NDArray[np.float32]
    harmonicity: NDArray[np.float32]
    active: NDArray[np.bool_]
    hop_s: float = HOP_S

    def __len__(self) -> int:
        return len(self.cepstra)

    @property
    def active_s(self) -> float:
        """Seconds of frames that count."""
        return float(self.active.sum() * self.hop_s)

    def place(self, start_s: float, end_s: float) -> slice:
        """Return which frames lie from `start_s` to `end_s`."""
        return slice(round(max(start_s, 0.0) / self.hop_s), max(round(end_s / self.hop_s), 0))

    def cut(self, start_s: float, end_s: float) -> "VoiceFrames":
        """Return the frames from `start_s` to `end_s`, clipped to what exists; they share memory with these."""
        part = self.place(start_s, end_s)
        return VoiceFrames(
            self.log_mel[part],
            self.cepstra[part],
            self.envelope[part],
            self.level_db[part],
            self.harmonicity[part],
            self.active[part],
            self.hop_s,
        )

    def chosen(self) -> NDArray[np.bool_]:
        """Return which frames to describe, bool (frames,): the active ones, or the louder half where hardly any is.

        Raises:
            InvalidInputError: TOO_SHORT, there are less than 0.1 s of frames.
        """
        if len(self) * self.hop_s < _SHORTEST_S:
            raise InvalidInputError("TOO_SHORT", "there are less than 0.1 s of sound here: pass a longer stretch")
        if self.active_s >= _SHORTEST_S:
            return self.active
        return self.level_db >= np.median(self.level_db)


def network_frames(log_mel: NDArray[np.float32], envelope: NDArray[np.float32]) -> NDArray[np.float32]:
    """Join what the timbre network reads, (frames, 80) and (frames, 20), to (frames, 100)."""
    return np.concatenate([log_mel, envelope], axis=1)


def detail_cepstra(log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the log-mels of frames (frames, 80) into their cepstra (frames, 30)."""
    return np.asarray(log_mel @ cosine_basis(DETAIL_MEL.mels, CEPSTRA, torch.device("cpu")).numpy(), dtype=np.float32)


def analyse_frames(waveform: NDArray[np.float32], device: str | torch.device = "cpu") -> VoiceFrames:
    """Compute the features of a recording.

    Args:
        waveform: float32 (samples,) mono at 16 000 Hz, any level.
        device: Where torch computes.

    Returns:
        1 + samples // 160 frames, on the CPU.

    Raises:
        InvalidInputError: TOO_SHORT, less than 0.1 s; WAVEFORM_SHAPE, not one row of samples.
    """
    with torch.inference_mode():
        sound, level_db = _at_loud_level(_one_row(waveform, device))
        periodic = harmonicity(sound, SAMPLE_RATE, HOP)
        return _with_colour(sound, level_db, periodic.cpu().numpy())


def analyse_colour(waveform: NDArray[np.float32], device: str | torch.device = "cpu") -> VoiceFrames:
    """Compute what a timbre vector alone needs, in two thirds of the time: harmonicity is NaN; else as above."""
    with torch.inference_mode():
        sound, level_db = _at_loud_level(_one_row(waveform, device))
        return _with_colour(sound, level_db, np.full((len(level_db), 2), np.nan, dtype=np.float32))


def _one_row(waveform: NDArray[np.float32], device: str | torch.device) -> Tensor:
    if waveform.ndim != 1:
        raise InvalidInputError("WAVEFORM_SHAPE", f"pass a mono waveform (samples,), not {waveform.shape}")
    if len(waveform) < _SHORTEST_S * SAMPLE_RATE:
        raise InvalidInputError("TOO_SHORT", "there are less than 0.1 s of sound here: pass a longer recording")
    return torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32)).to(device)


def _with_colour(sound: Tensor, level_db: Tensor, periodic: NDArray[np.float32]) -> VoiceFrames:
    with helper() as hands:
        envelope = hands.submit(_envelope_cepstra, sound, len(level_db))
        detail = mel_power(sound[None], DETAIL_MEL)[0].log_()
        cepstra = detail @ cosine_basis(DETAIL_MEL.mels, CEPSTRA, sound.device)
    return VoiceFrames(
        log_mel=detail.cpu().numpy(),
        cepstra=cepstra.cpu().numpy(),
        envelope=envelope.result().cpu().numpy(),
        level_db=level_db.cpu().numpy(),
        harmonicity=periodic,
        active=(level_db > -ACTIVE_BELOW_LOUD_DB).cpu().numpy(),
    )


def only_voice(frames: VoiceFrames, activity: Activity) -> VoiceFrames:
    """Leave out frames in which no voice is active, where what a separator left of the band would speak.

    Where hardly any voice is found (whisper, heavy noise), the louder frames stay.

    Args:
        frames: Of the whole recording.
        activity: Of the same recording.
    """
    centres = (np.arange(len(frames)) * frames.hop_s / activity.hop_s).astype(np.intp)
    voice: NDArray[np.bool_] = activity.active[np.minimum(centres, len(activity.active) - 1)] & frames.active
    return replace(frames, active=voice) if voice.any() else frames


def _at_loud_level(sound: Tensor) -> tuple[Tensor, Tensor]:
    """Scale the loud frames to `LOUD_LEVEL`; also give each frame's level over them, in dB."""
    padded = torch.nn.functional.pad(sound, (HOP, HOP))
    energy = torch.linalg.vector_norm(padded[: len(padded) // HOP * HOP].view(-1, HOP), dim=1).square()
    power = (energy[:-1] + energy[1:]) / (2 * HOP)
    # kthvalue and not quantile: no interpolation, and no limit on the number of frames.
    loud = torch.kthvalue(power, max(round(0.95 * len(power)), 1)).values.clamp(min=1e-12)
    level_db = 10.0 * torch.log10((power / loud).clamp(min=1e-10))
    return sound * (LOUD_LEVEL / loud.sqrt()), level_db


@torch.inference_mode()
def _envelope_cepstra(sound: Tensor, frames: int) -> Tensor:
    return _envelope(sound, frames) @ cosine_basis(ENVELOPE_MEL.mels, ENVELOPE_CEPSTRA, sound.device)


def _envelope(sound: Tensor, frames: int) -> Tensor:
    """Log of mel power averaged over six short windows, every 10 ms, shape (frames, mels)."""
    power = mel_power(sound[None], ENVELOPE_MEL)[0]
    before = _ENVELOPE_FRAMES // 2 - 1
    after = 2 * frames + _ENVELOPE_FRAMES - 2 - before - len(power)
    padded = torch.cat([power[:1].expand(before, -1), power, power[-1:].expand(after, -1)])
    pairs = padded[0::2] + padded[1::2]  # added two by two, which needs no pass over transposed windows
    total = pairs[:frames].clone()
    for first in range(1, _ENVELOPE_FRAMES // 2):
        total += pairs[first : first + frames]
    return torch.log(total / _ENVELOPE_FRAMES)


@lru_cache(maxsize=8)
def cosine_basis(mels: int, coefficients: int, device: torch.device) -> Tensor:
    """Cosine basis of coefficients 1 to `coefficients`, orthonormal, shape (mels, coefficients)."""
    angle = np.pi / mels * (np.arange(mels) + 0.5)[:, None] * np.arange(1, coefficients + 1)
    return torch.from_numpy((np.cos(angle) * np.sqrt(2.0 / mels)).astype(np.float32)).to(device)
