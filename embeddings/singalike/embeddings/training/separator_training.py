"""Training the mask network: what it lets through shall be the vocal, what it keeps back the band."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from singalike.audio.separation.mask_network import MaskNetwork
from singalike.audio.separation.masking import FRAME, OVERLAP, QUIETEST, log_magnitudes
from singalike.embeddings.training.material_bank import Bank
from singalike.embeddings.training.separation_bank import SeparationBank, bank_side
from singalike.embeddings.training.separation_clips import MixSettings, mix_clip
from singalike.embeddings.training.trainee import Share

HOP = FRAME // OVERLAP
_HELD_OUT = 2**31
"""Number of the first batch that only validates; training never counts so far."""

_LEAST_ERROR = 1e-3
"""Errors this far below the mixture, in power, are good enough: a clip without a voice has no end to perfection."""

_LEAST_SDR = -10.0
"""A voice that is hardly there in a clip shall not decide which network is best."""


@dataclass(frozen=True)
class SeparatorTraining:
    """What the mask network is trained on, and for what.

    Attributes:
        batch: Clips an update sees.
        frames: Of a clip, a multiple of the network's step.
        mix: How often clips hold what.
        shape_weight: Of the error in compressed magnitudes, beside 1 for a decibel of distortion.
        level_jitter: Standard deviation, in nats, of the error of a clip's level against its song's.
        validated: Clips that validation measures.
    """

    batch: int = 6
    frames: int = 128
    mix: MixSettings = field(default_factory=MixSettings)
    shape_weight: float = 10.0
    level_jitter: float = 0.35
    validated: int = 36


@dataclass(frozen=True, eq=False)
class MixedSpectra:
    """A batch as the network meets it.

    Attributes:
        mixture, vocal: complex64 (batch, 2, frames, bins), middle and side.
        level: Of every mixture, (batch, 1, 1, 1).
    """

    mixture: Tensor
    vocal: Tensor
    level: Tensor

    def logs(self, factor: Tensor | float = 1.0) -> Tensor:
        """Return what the network hears, with a level that is wrong by a factor."""
        return log_magnitudes(self.mixture.abs(), self.level * factor)


def mask_losses(logits: Tensor, clips: MixedSpectra) -> dict[str, Tensor]:
    """Compare what masks let through with the vocal.

    Args:
        logits: Of the network, (batch, 2, frames, bins).
        clips: The batch.

    Returns:
        "distortion", the power of the error against the mixture in dB, mean over the clips; "shape", the absolute
        error of the roots of magnitudes of vocal and band, which hears what is quiet too.
    """
    masks = torch.sigmoid(logits)
    band = clips.mixture - clips.vocal
    error = _power(masks * clips.mixture - clips.vocal)
    distortion = 10.0 * torch.log10(error / _power(clips.mixture).clamp(min=1e-6) + _LEAST_ERROR).mean()
    heard = clips.mixture.abs()
    scale = clips.level * (0.375 * FRAME) ** 0.5
    of_vocal = (_root(masks * heard, scale) - _root(clips.vocal.abs(), scale)).abs().mean()
    of_band = (_root((1.0 - masks) * heard, scale) - _root(band.abs(), scale)).abs().mean()
    return {"distortion": distortion, "shape": of_vocal + of_band}


class SeparatorTrainee:
    """Trains a mask network on clips that are mixed from a bank.

    Args:
        network: New, or trained before.
        settings: How.
        bank: Voices and accompaniments.
        seed: Of the clips.
        device: Where it trains.
    """

    def __init__(
        self, network: MaskNetwork, settings: SeparatorTraining, bank: Bank, seed: int, device: str = "cpu"
    ) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.clips = settings.batch
        self._settings, self._seed, self._device = settings, seed, device
        self._bank, self._held_out = bank_side(bank, held_out=False), bank_side(bank, held_out=True)
        self._samples = (settings.frames - 1) * HOP
        self._window = torch.hann_window(FRAME)

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Mix the clips of a step; each is drawn for itself, so every process mixes its own."""
        settings = self._settings
        clips = self._mixed(self._bank, step, range(self.clips)[share.of(self.clips)], settings.mix)
        drawn = np.random.default_rng([self._seed, step]).normal(0.0, settings.level_jitter, (self.clips, 1, 1, 1))
        factor = torch.from_numpy(np.exp(drawn[share.of(self.clips)]).astype(np.float32)).to(self._device)
        losses = mask_losses(self.network(clips.logs(factor)), clips)
        return {"total": losses["distortion"] + settings.shape_weight * losses["shape"], **losses}

    def validate(self) -> Mapping[str, float]:
        """Separate clips of voices and songs held out; the score is their mean SDR, in dB, none under -10."""
        ratios, before = [], []
        for first in range(0, self._settings.validated, self.clips):
            clips = self._mixed(self._held_out, _HELD_OUT + first, range(self.clips), MixSettings(0.0, 0.0))
            vocal = _power(clips.vocal)
            error = _power(torch.sigmoid(self.network(clips.logs())) * clips.mixture - clips.vocal)
            ratios.append(10.0 * torch.log10(vocal / error))
            before.append(10.0 * torch.log10(vocal / _power(clips.mixture - clips.vocal)))
        sdr, gain = torch.cat(ratios), torch.cat(ratios) - torch.cat(before)
        return {"score": float(sdr.clamp(min=_LEAST_SDR).mean()), "gain": float(gain.mean()), "worst": float(sdr.min())}

    def _mixed(self, bank: SeparationBank, step: int, clips: range, mix: MixSettings) -> MixedSpectra:
        made = [mix_clip(bank, mix, self._samples, np.random.default_rng([self._seed, step, clip])) for clip in clips]
        mixture, vocal = (
            torch.from_numpy(np.stack(sounds))
            for sounds in zip(*((clip.mixture, clip.vocal) for clip in made), strict=True)
        )
        pair = _middle_and_side(mixture)
        level = pair.square().mean(dim=(1, 2)).sqrt()[:, None, None, None] + QUIETEST
        heard, sung = (self._spectra(sound).to(self._device) for sound in (pair, _middle_and_side(vocal)))
        return MixedSpectra(heard, sung, level.to(self._device))

    def _spectra(self, pair: Tensor) -> Tensor:
        """Transform (batch, 2, samples) into complex64 (batch, 2, frames, bins), as `Stft` does."""
        flat = pair.flatten(0, 1)
        spectra = torch.stft(
            flat, FRAME, HOP, window=self._window, center=True, pad_mode="constant", return_complex=True
        )
        bins = self.network.preset.bins
        return spectra[:, :bins].transpose(1, 2).reshape(*pair.shape[:2], -1, bins)


def _middle_and_side(stereo: Tensor) -> Tensor:
    return torch.stack([(stereo[:, 0] + stereo[:, 1]) / 2, (stereo[:, 0] - stereo[:, 1]) / 2], dim=1)


def _power(spectra: Tensor) -> Tensor:
    """Sum the power of every clip, (batch,)."""
    return (spectra.real.square() + spectra.imag.square()).sum(dim=(1, 2, 3))


def _root(magnitudes: Tensor, scale: Tensor) -> Tensor:
    return (magnitudes / scale + 1e-4).sqrt()
