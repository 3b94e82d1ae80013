"""The Audio Spectrogram Transformer (AST), frozen as an encoder or fine-tuned to tell singers, through `transformers`.

Its input has a fixed length (10.24 s in the published weights): longer sound is cut, what is shorter is padded, and
the answers of the cuts are averaged.

Source:
    Gong, Chung and Glass 2021, AST: Audio Spectrogram Transformer, https://arxiv.org/abs/2104.01778.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from singalike.audio.sound import Waveform
from singalike.embeddings.ears.answers import SHORTEST_S, checked
from singalike.embeddings.ears.manifest import DIGITS, read_bytes
from singalike.embeddings.ears.port import EncoderInfo, Fetch, local_folder
from singalike.embeddings.profile import Vectors
from singalike.errors import InvalidInputError, NotFoundError, WrongStateError

WEIGHTS = "model.safetensors"
FILES = ("config.json", WEIGHTS, "preprocessor_config.json")
HOP_S, WINDOW_S = 0.010, 0.025
AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Ast:
    """A transformer with what makes its input.

    Attributes:
        model: ASTModel, or ASTForAudioClassification.
        extractor: ASTFeatureExtractor: waveforms to normalised log-mels (batch, frames, mels).
        sha256: Of the weights.
        device: Where it runs.
    """

    model: Any
    extractor: Any
    sha256: str
    device: str

    @property
    def sample_rate(self) -> int:
        """Of the waveforms, in Hz."""
        return int(self.extractor.sampling_rate)

    @property
    def input_samples(self) -> int:
        """Samples that fill one input."""
        return round((HOP_S * (int(self.extractor.max_length) - 1) + WINDOW_S) * self.sample_rate)

    def inputs(self, waveforms: Sequence[Waveform]) -> Tensor:
        """Make the log-mels, float32 (batch, frames, mels), of waveforms no longer than one input."""
        made = self.extractor(list(waveforms), sampling_rate=self.sample_rate, return_tensors="np")["input_values"]
        return torch.from_numpy(np.asarray(made, dtype=np.float32)).to(self.device)

    def cuts(self, waveform: Waveform) -> list[Waveform]:
        """Cut a waveform into stretches of one input; a last one shorter than a fifth of it is dropped.

        Raises:
            InvalidInputError: TOO_SHORT, WAVEFORM_SHAPE.
        """
        if waveform.ndim != 1:
            raise InvalidInputError("WAVEFORM_SHAPE", f"pass a mono waveform (samples,), not {waveform.shape}")
        if len(waveform) < SHORTEST_S * self.sample_rate:
            raise InvalidInputError("TOO_SHORT", f"there are less than {SHORTEST_S} s of sound here: pass more")
        length = self.input_samples
        cuts = [waveform[first : first + length] for first in range(0, len(waveform), length)]
        return [cut for cut in cuts if len(cut) >= length / 5] or cuts[:1]

    def answers(self, waveforms: Sequence[Waveform], ask: Callable[[Tensor], Tensor]) -> list[NDArray[np.float32]]:
        """Ask the model about every cut; (cuts, numbers) for each waveform, in order."""
        cuts = [self.cuts(waveform) for waveform in waveforms]
        flat = [cut for some in cuts for cut in some]
        with torch.inference_mode():
            said = [
                ask(self.inputs(flat[first : first + AT_ONCE])).float().cpu().numpy()
                for first in range(0, len(flat), AT_ONCE)
            ]
        ends = np.cumsum([len(some) for some in cuts])[:-1]
        return np.split(np.concatenate(said), ends) if said else []


@dataclass(frozen=True, eq=False)
class AstEncoder:
    """Frozen features of the transformer: the mean of its class and distillation tokens.

    Attributes:
        ast: The transformer.
    """

    ast: Ast

    @property
    def info(self) -> EncoderInfo:
        """What it is."""
        dim, version = int(self.ast.model.config.hidden_size), self.ast.sha256[:DIGITS]
        return EncoderInfo("ast", version, "Apache-2.0", "unknown", self.ast.sample_rate, dim)

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Embed stretches of voice, float32 (n, dim); see the port."""
        answers = self.ast.answers(waveforms, lambda mel: self.ast.model(mel).pooler_output)
        means = np.zeros((len(waveforms), self.info.dim), np.float32)
        for place, answer in zip(means, answers, strict=True):
            place[:] = answer.mean(axis=0)
        return checked(means, means.shape) if len(means) else means


@dataclass(frozen=True, eq=False)
class AstSingers:
    """A fine-tuned transformer that says which singer it hears.

    Attributes:
        ast: The transformer with its classifier.
        singers: Names, in the order of the probabilities.
    """

    ast: Ast
    singers: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "AstSingers":
        """Load what `singalike train ast` wrote.

        Raises:
            NotFoundError: ENCODER_NOT_FOUND.
            WrongStateError: ENCODER_NOT_INSTALLED, ENCODER_DAMAGED.
        """
        ast = load_ast(folder, device, "ASTForAudioClassification")
        return cls(ast, tuple(ast.model.config.id2label[index] for index in range(ast.model.config.num_labels)))

    def probabilities(self, waveforms: Sequence[Waveform]) -> NDArray[np.float32]:
        """Return the probability of each singer, float32 (n, singers), rows summing to one.

        Args:
            waveforms: float32 (samples,) mono at the extractor's rate, at least 0.1 s each.

        Raises:
            InvalidInputError: TOO_SHORT.
        """
        answers = self.ast.answers(waveforms, lambda mel: torch.softmax(self.ast.model(mel).logits, dim=-1))
        return np.stack([answer.mean(axis=0) for answer in answers])


def load(argument: str, device: str, fetch: Fetch) -> AstEncoder:
    """Load a folder or repository in the format of `transformers` as a frozen encoder.

    Args:
        argument: The folder, or the id of a repository, for instance MIT/ast-finetuned-audioset-10-10-0.4593@REVISION.
        device: Where torch computes.
        fetch: Brings the files from the hub.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
        WrongStateError: ENCODER_NOT_INSTALLED, ENCODER_DAMAGED.
    """
    return AstEncoder(load_ast(local_folder(argument, FILES, fetch), device, "ASTModel"))


def load_ast(folder: Path, device: str, kind: str, **changes: object) -> Ast:
    """Load one of the two kinds of model; only safetensors are read, and no code from the folder is run.

    Args:
        folder: config.json, model.safetensors, preprocessor_config.json.
        device: Where torch computes.
        kind: "ASTModel" or "ASTForAudioClassification".
        changes: Of the configuration, for instance the labels; with any, the classifier may be a new one.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
        WrongStateError: ENCODER_NOT_INSTALLED, ENCODER_DAMAGED.
    """
    transformers = import_transformers()
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise NotFoundError("ENCODER_NOT_FOUND", f"{folder} lacks {', '.join(missing)}: name another folder")
    sha256 = hashlib.sha256(read_bytes(folder / WEIGHTS)).hexdigest()
    try:
        extractor = transformers.ASTFeatureExtractor.from_pretrained(folder, local_files_only=True)
        model, found = getattr(transformers, kind).from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **changes
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise WrongStateError("ENCODER_DAMAGED", f"{folder} holds no AST that can be loaded: {error}") from error
    # transformers draws weights that it does not find at random, with no more than a warning.
    drawn = [name for name in found["missing_keys"] if not (changes and name.startswith("classifier."))]
    if drawn:
        raise WrongStateError("ENCODER_DAMAGED", f"{folder / WEIGHTS} lacks {len(drawn)} weights, {min(drawn)} for one")
    return Ast(model.to(device).eval(), extractor, sha256, device)


def import_transformers() -> Any:
    """Import `transformers`, as late as possible: it takes seconds.

    Raises:
        WrongStateError: ENCODER_NOT_INSTALLED.
    """
    try:
        import transformers
        from transformers import ASTModel  # noqa: F401 - what fails, fails here and not at the first use
    except (ImportError, OSError) as error:  # a torchaudio of another build than torch is an OSError
        message = f"transformers cannot be imported ({error}): pip install 'singalike[ast]'"
        raise WrongStateError("ENCODER_NOT_INSTALLED", message) from error
    return transformers
