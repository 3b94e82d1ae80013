"""Separate with the shipped mask network: vocals are what it takes for sung in every cell of a spectrogram.

The network hears middle and side of the stereo picture at 16 kHz and says of either how much of every cell is sung, so
a voice keeps its place and its room. Above 8 kHz, where it hears nothing, breath and sibilants follow what it says of
the octave below.

A folder holds a model as two files: `separator.json`, {"arguments": {...of MaskPreset...}, "sha256": "...", ...}, and
`separator.safetensors`.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.separation.stft import Spectra, Stft
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch, nobody_watches
from singalike.errors import NotFoundError, WrongStateError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from singalike.audio.separation.mask_network import MaskNetwork

SHIPPED = Path(__file__).parent / "weights"
"""The model inside the package."""

NAME = "separator"
RATE, FRAME, OVERLAP = 16_000, 2048, 4
QUIETEST = 1e-5
"""Levels below this are silence."""

FLOOR = 1e-3
"""Magnitudes this far below the level of a song are no longer told apart."""

SIBILANTS_HZ = 5000.0
"""Above this, what is sung is breath and consonants, and so it is above 8 kHz."""


class MaskSeparator:
    """Separate with the mask network; the default, for its weights come with the package.

    Args:
        folder: Where the model lies.
        block_frames: Frames that the network hears at once, beside those they can depend on; any number gives the same
            vocals. 512 are about 16 s.

    Raises:
        NotFoundError, WrongStateError: As `load_mask_network`.
    """

    name = "unet"

    def __init__(self, folder: Path = SHIPPED, block_frames: int = 512) -> None:
        self._network, self.version = load_mask_network(folder)
        self._stft = Stft(FRAME, OVERLAP)
        step = self._network.preset.step
        self._block_frames = -(-block_frames // step) * step

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        """Return the vocals of a song.

        Memory holds the song twice at its own rate, and the maps of one block.

        Args:
            sound: One or two channels, any rate.
            watch: Sees how far the work is, and may stop it, before every block of about 16 s.

        Returns:
            The vocals at the same rate and length; those of stereo are where they were in the picture.
        """
        low = resample(sound, RATE)
        vocals, sibilance = self._separate_low(to_middle_and_side(low.waveform), watch)
        back = _resampled(from_middle_and_side(vocals, sound.channels), sound)
        if sound.sample_rate > RATE:
            back += self._above(sound, low, sibilance)
        return Sound(back, sound.sample_rate)

    def _separate_low(self, pair: Waveform, watch: Watch) -> tuple[Waveform, Waveform]:
        """Separate middle and side at 16 kHz, and tell what share of the sibilants is sung in every frame."""
        hop, samples = self._stft.hop, pair.shape[-1]
        # With a frame of silence at either end, the windows of every sample are complete.
        padded = np.pad(pair, ((0, 0), (FRAME, FRAME)))
        level = np.float32(np.sqrt(np.square(pair).sum() / max(pair.size, 1)) + QUIETEST)
        count = self._stft.count(padded.shape[-1])
        sums = np.zeros((len(pair), (count - 1) * hop + FRAME), np.float32)
        sibilance = np.empty(count, np.float32)
        for frames, spectra, masks in self._masked(padded, level, count, watch):
            sung = spectra * masks
            first = frames.start * hop
            for row, part in zip(sums, sung, strict=True):
                laid = self._stft.overlap_add(part)
                row[first : first + len(laid)] += laid
            sibilance[frames] = _share_of_sibilants(spectra[0], sung[0])
        watch(1.0)
        start = FRAME // 2 + FRAME
        return sums[:, start : start + samples], sibilance[FRAME // hop :]

    def _masked(
        self, padded: Waveform, level: np.float32, count: int, watch: Watch
    ) -> Iterator[tuple[slice, Spectra, NDArray[np.float32]]]:
        """Go through the frames in blocks; every frame is heard with all that it can depend on."""
        preset = self._network.preset
        whole = -(-count // preset.step) * preset.step
        for first in range(0, count, self._block_frames):
            watch(first / count)
            last = first + self._block_frames
            frames = slice(first, min(last, count))
            heard = slice(max(0, first - preset.reach), min(whole, last + preset.reach))
            spectra = np.stack([self._stft.analyse(row, heard) for row in padded])
            masks = self._masks(spectra[:, :, : preset.bins], level)
            own = slice(frames.start - heard.start, frames.stop - heard.start)
            yield frames, spectra[:, own], masks[:, own]

    def _masks(self, spectra: Spectra, level: np.float32) -> NDArray[np.float32]:
        """Ask the network, (2, frames, bins) -> (2, frames, bins + 1); the last bin goes with its neighbour."""
        import torch

        with torch.inference_mode():
            logs = log_magnitudes(torch.from_numpy(np.abs(spectra))[None], torch.tensor(level))
            masks = torch.sigmoid(self._network(logs))[0].contiguous().numpy()
        return np.concatenate([masks, masks[:, :, -1:]], axis=2)

    def _above(self, sound: Sound, low: Sound, sibilance: Waveform) -> Waveform:
        """Return what is sung above what the network hears."""
        above = sound.waveform - _resampled(low.waveform, sound)
        times = np.arange(above.shape[-1], dtype=np.float32) * np.float32(RATE / self._stft.hop / sound.sample_rate)
        above *= np.interp(times, np.arange(len(sibilance)), sibilance).astype(np.float32)
        return np.asarray(above, dtype=np.float32)


def to_middle_and_side(waveform: Waveform) -> Waveform:
    """Turn one or two channels into middle and side, float32 (2, samples); the side of mono is silent."""
    if len(waveform) == 1:
        return np.concatenate([waveform, np.zeros_like(waveform)])
    left, right = waveform
    return np.stack([(left + right) / 2, (left - right) / 2])


def from_middle_and_side(pair: Waveform, channels: int) -> Waveform:
    """Undo `to_middle_and_side`."""
    middle, side = pair
    return middle[None] if channels == 1 else np.stack([middle + side, middle - side])


def log_magnitudes(magnitudes: "Tensor", level: "Tensor") -> "Tensor":
    """Level magnitudes and take their logarithm: what the network hears.

    Args:
        magnitudes: Of spectra of frames of `FRAME` samples, (batch, 2, frames, bins).
        level: Root mean square of each recording's middle and side, broadcast against the magnitudes.

    Returns:
        Natural logarithms, of the same shape.
    """
    # A Hann window's squares sum to three eighths of its length: noise of this level has magnitudes around 1.
    logs: Tensor = (magnitudes / (level * (0.375 * FRAME) ** 0.5) + FLOOR).log()
    return logs


def load_mask_network(folder: Path = SHIPPED) -> tuple["MaskNetwork", str]:
    """Build the network of a folder and fill in its weights.

    Args:
        folder: As `save_mask_network` writes it.

    Returns:
        The network in evaluation mode on the CPU, and the digest of its weights.

    Raises:
        NotFoundError: SEPARATOR_NOT_FOUND, a file is absent.
        WrongStateError: SEPARATOR_DAMAGED, the weights are not those listed or do not fit.
    """
    import torch
    from safetensors.torch import load

    from singalike.audio.separation.mask_network import MaskNetwork, MaskPreset

    try:
        config = json.loads((folder / f"{NAME}.json").read_text("utf-8"))
        weights = (folder / f"{NAME}.safetensors").read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError("SEPARATOR_NOT_FOUND", f"no separator in {folder}: reinstall, or train one") from error
    if hashlib.sha256(weights).hexdigest() != config["sha256"]:
        raise WrongStateError("SEPARATOR_DAMAGED", f"{NAME}.safetensors in {folder} is not the listed file: reinstall")
    network = MaskNetwork(MaskPreset.from_dict(config["arguments"]))
    try:
        network.load_state_dict({name: _cast(value, torch.float32) for name, value in load(weights).items()})
    except RuntimeError as error:
        raise WrongStateError("SEPARATOR_DAMAGED", f"{NAME}.safetensors does not fit {NAME}.json") from error
    channels_last: MaskNetwork = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return channels_last, str(config["sha256"])


def save_mask_network(network: "MaskNetwork", facts: dict[str, object], folder: Path) -> None:
    """Write a model into a folder, its weights as float16.

    Args:
        network: Trained.
        facts: What else the JSON shall say, JSON values.
        folder: Where to; made when missing.
    """
    import torch
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: _cast(value, torch.float16).contiguous() for name, value in network.state_dict().items()}
    weights = save(tensors)
    (folder / f"{NAME}.safetensors").write_bytes(weights)
    config = {"arguments": network.preset.to_dict(), "sha256": hashlib.sha256(weights).hexdigest(), **facts}
    (folder / f"{NAME}.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")


def _cast(value: "Tensor", kind: "torch.dtype") -> "Tensor":
    """Cast numbers, and leave counters alone."""
    return value.to(kind) if value.is_floating_point() else value


def _resampled(low: Waveform, sound: Sound) -> Waveform:
    """Bring (channels, samples) at 16 kHz to the rate and length of a sound, as an array of its own."""
    back = resample(Sound(low, RATE), sound.sample_rate).waveform
    samples = sound.waveform.shape[-1]
    return np.pad(back[:, :samples], ((0, 0), (0, max(0, samples - back.shape[-1]))))


def _share_of_sibilants(mixture: Spectra, sung: Spectra) -> Waveform:
    """Return the root of the sung share of the power above 5 kHz, float32 (frames,)."""
    first = round(SIBILANTS_HZ * FRAME / RATE)
    powers = [np.square(np.abs(spectra[:, first:])).sum(axis=1) for spectra in (sung, mixture)]
    return np.asarray(np.sqrt(powers[0] / (powers[1] + np.float32(1e-12))), dtype=np.float32)
