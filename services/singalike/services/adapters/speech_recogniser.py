"""Speech recognition through transformers: Whisper and its like, or CTC models such as wav2vec 2.0."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.errors import WrongStateError
from singalike.services.adapters.hub import fetch_folder

FILES = ("*.json", "*.safetensors", "*.txt")
"""Weights come as safetensors only: whatever else a repository holds is not even fetched."""

MOST_TOKENS = 160
"""A phrase has 20 words; whoever reads on is cut off here."""


class TransformersRecogniser:
    """A `SpeechRecogniser`; threads may share it.

    Args:
        processor: Turns sound into what the model takes, and what it gives into words.
        model: With a language model's head ("generate") or with one for connectionist temporal classification.
        device: Where it runs.
    """

    def __init__(self, processor: Any, model: Any, device: str) -> None:
        self._processor = processor
        self._model = model.to(device).eval()
        self._device = device
        self._lock = Lock()

    def transcribe(self, reading: Sound, language: str) -> str:
        """Return the words of a reading.

        Args:
            reading: One voice, any rate and channels.
            language: "en" or "ko"; models of one language do not ask.
        """
        rate = int(self._processor.feature_extractor.sampling_rate)
        waveform = np.asarray(resample(reading.mono(), rate).waveform[0])
        heard = self._processor(waveform, sampling_rate=rate, return_tensors="pt")
        with self._lock, torch.inference_mode():
            tokens = self._tokens({name: value.to(self._device) for name, value in heard.items()}, language)
        return str(self._processor.batch_decode(tokens, skip_special_tokens=True)[0]).strip()

    def _tokens(self, heard: dict[str, torch.Tensor], language: str) -> torch.Tensor:
        if not self._model.can_generate():
            return torch.as_tensor(self._model(**heard).logits.argmax(dim=-1))
        asked: dict[str, Any] = {"max_new_tokens": MOST_TOKENS}
        if getattr(self._model.generation_config, "is_multilingual", False):
            asked |= {"language": language, "task": "transcribe"}
        return torch.as_tensor(self._model.generate(**heard, **asked))


def load_recogniser(
    place: str, device: str = "cpu", fetch: Callable[[str, tuple[str, ...]], Path] = fetch_folder
) -> TransformersRecogniser:
    """Load a speech recogniser.

    Args:
        place: A folder as `save_pretrained` writes it, with weights in safetensors, or the id of one on a hub.
        device: A torch device.
        fetch: Brings files of a hub.

    Raises:
        WrongStateError: RECOGNISER_NOT_INSTALLED, transformers is missing; RECOGNISER_DAMAGED, this is none.
        SingalikeError: As `fetch`.
    """
    try:
        from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor
    except ImportError as error:
        message = "to check what is read aloud by its words: pip install 'singalike[neural]'"
        raise WrongStateError("RECOGNISER_NOT_INSTALLED", message) from error
    folder = Path(place).expanduser()
    folder = folder if folder.is_dir() else fetch(place, FILES)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        kind = AutoModelForSpeechSeq2Seq if config.is_encoder_decoder else AutoModelForCTC
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        message = f"SINGALIKE_SPEECH_RECOGNISER: {folder} holds no speech recogniser ({error}): name another"
        raise WrongStateError("RECOGNISER_DAMAGED", message) from error
    return TransformersRecogniser(processor, model, device)
