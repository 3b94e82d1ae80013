"""Hybrid Transformer Demucs, for those who have weights; extra `separation`.

A folder holds the model as two files, and nothing of it is ever unpickled:

- `htdemucs.json`: {"arguments": {...of demucs.htdemucs.HTDemucs...}, "sha256": "...of the weights..."}
- `htdemucs.safetensors`: its state.

Source: Rouard, Massa and Défossez 2023, "Hybrid Transformers for Music Source Separation", ICASSP,
https://arxiv.org/abs/2211.08553.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch, nobody_watches
from singalike.errors import WrongStateError

if TYPE_CHECKING:
    import torch

CONFIG_FILE, WEIGHTS_FILE = "htdemucs.json", "htdemucs.safetensors"
OVERLAP = 0.25
QUIETEST = 1e-8


def has_weights(folder: Path) -> bool:
    """Say whether a folder holds a model."""
    return (folder / CONFIG_FILE).is_file() and (folder / WEIGHTS_FILE).is_file()


def save_htdemucs(model: "torch.nn.Module", arguments: dict[str, object], folder: Path) -> None:
    """Write a model into a folder, with the digest of its weights.

    Args:
        model: An HTDemucs.
        arguments: What its constructor was called with, plain JSON values; must hold "sources".
        folder: Where to; made when missing.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = save({name: value.contiguous() for name, value in model.state_dict().items()})
    (folder / WEIGHTS_FILE).write_bytes(weights)
    config = {"arguments": arguments, "sha256": hashlib.sha256(weights).hexdigest()}
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")


def load_htdemucs(folder: Path) -> Any:
    """Build the model of a folder and fill in its weights.

    Args:
        folder: As `save_htdemucs` writes it.

    Returns:
        demucs.htdemucs.HTDemucs in evaluation mode, on the CPU.

    Raises:
        WrongStateError: SEPARATOR_NOT_INSTALLED, demucs is missing; SEPARATOR_DAMAGED, the weights are not those listed
            or do not fit.
    """
    try:
        from demucs.htdemucs import HTDemucs
    except ImportError as error:
        message = "There are weights for demucs but it is not installed: pip install 'singalike[separation]'."
        raise WrongStateError("SEPARATOR_NOT_INSTALLED", message) from error
    from safetensors.torch import load

    config = json.loads((folder / CONFIG_FILE).read_text())
    weights = (folder / WEIGHTS_FILE).read_bytes()
    if hashlib.sha256(weights).hexdigest() != config["sha256"]:
        raise WrongStateError("SEPARATOR_DAMAGED", f"{WEIGHTS_FILE} is not the file that was listed: fetch it again.")
    model = HTDemucs(**config["arguments"])
    try:
        model.load_state_dict(load(weights))
    except RuntimeError as error:
        raise WrongStateError("SEPARATOR_DAMAGED", f"{WEIGHTS_FILE} does not fit {CONFIG_FILE}.") from error
    return model.eval()


class HTDemucsSeparator:
    """Separate with a trained HTDemucs.

    Args:
        folder: Where the model lies.
        device: "cpu" or "cuda".

    Raises:
        WrongStateError: As `load_htdemucs`.
    """

    name = "htdemucs"

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self._model = load_htdemucs(folder).to(device)
        self.version = str(json.loads((folder / CONFIG_FILE).read_text())["sha256"])
        self._device = device
        self._rate = int(self._model.samplerate)
        self._segment = int(self._model.segment * self._model.samplerate)
        self._source = list(self._model.sources).index("vocals")

    def separate(self, sound: Sound, watch: Watch = nobody_watches) -> Sound:
        """Return the vocals of a song.

        Args:
            sound: One or two channels, any rate; mono is given to both channels of the model.
            watch: Sees how far the work is, and may stop it, before every layer of the model.

        Returns:
            The vocals at the same rate and length, with the same number of channels.
        """
        mixture = resample(sound, self._rate).waveform
        stereo = np.repeat(mixture, 2, axis=0) if sound.channels == 1 else mixture
        # The model was trained on songs brought to zero mean and unit deviation of their middle.
        middle = stereo.mean(axis=0)
        mean, scale = np.float32(middle.mean()), np.float32(middle.std() + QUIETEST)
        vocals = self._overlap_add((stereo - mean) / scale, watch) * scale + mean
        kept = vocals.mean(axis=0, keepdims=True) if sound.channels == 1 else vocals
        back = resample(Sound(kept.astype(np.float32), self._rate), sound.sample_rate).waveform
        samples = sound.waveform.shape[-1]
        fitted = np.pad(back[:, :samples], ((0, 0), (0, max(0, samples - back.shape[-1]))))
        return Sound(fitted, sound.sample_rate)

    def _overlap_add(self, stereo: Waveform, watch: Watch) -> Waveform:
        """Run the model over overlapping segments and cross-fade what it returns."""
        samples, hop = stereo.shape[-1], round(self._segment * (1 - OVERLAP))
        rise = np.arange(1, self._segment + 1, dtype=np.float32)
        weight = np.minimum(rise, rise[::-1]) / rise[-1]
        total, weights = np.zeros_like(stereo), np.zeros(samples, np.float32)
        for first in range(0, samples, hop):
            part = stereo[:, first : first + self._segment]
            length = part.shape[-1]
            with self._watched(watch, first / samples):
                total[:, first : first + length] += self._vocals(part) * weight[:length]
            weights[first : first + length] += weight[:length]
        watch(1.0)
        return total / weights

    @contextmanager
    def _watched(self, watch: Watch, share: float) -> Iterator[None]:
        """Ask between the layers: a segment takes many seconds on a slow processor, one layer does not."""
        layers = [layer for layer in self._model.modules() if layer is not self._model]
        hooks = [layer.register_forward_pre_hook(lambda *_: watch(share)) for layer in layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _vocals(self, part: Waveform) -> Waveform:
        import torch

        with torch.inference_mode():
            padded = np.pad(part, ((0, 0), (0, self._segment - part.shape[-1])))
            sources = self._model(torch.from_numpy(padded)[None].to(self._device))
            return np.asarray(sources[0, self._source, :, : part.shape[-1]].cpu().numpy())
