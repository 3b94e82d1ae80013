"""The interface of a timbre encoder, whoever made it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from singalike.audio.sound import Waveform
from singalike.embeddings.profile import Vectors
from singalike.errors import InvalidInputError

Fetch = Callable[[str, Sequence[str]], Path]
"""Takes the id of a repository on a hub ("owner/name" or "owner/name@revision") and patterns of the files wanted from
it; returns the folder that they lie in. The shell has one that downloads; the core never does."""


@dataclass(frozen=True)
class EncoderInfo:
    """What is known about an encoder.

    Attributes:
        name: Of the kind of model: "shipped", "ecapa"; or as a manifest calls it.
        version: Names the weights, for instance by the first digits of their SHA-256.
        licence: Of the code that runs the model.
        weights_licence: Of the weights; "unknown" where nobody said.
        sample_rate: Of the waveforms that it takes, in Hz.
        dim: Numbers in a vector.

    Raises:
        InvalidInputError: BAD_ENCODER_INFO, name or version could not stand in a model version.
    """

    name: str
    version: str
    licence: str
    weights_licence: str
    sample_rate: int
    dim: int

    def __post_init__(self) -> None:
        for word in (self.name, self.version):
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", word):
                message = f"{word!r} cannot name an encoder: use up to 60 letters, digits, dots, dashes, underscores"
                raise InvalidInputError("BAD_ENCODER_INFO", message)

    @property
    def tag(self) -> str:
        """Name and version in one word: vectors of two tags never mix."""
        return f"{self.name}-{self.version}"


class VoiceVectorEncoder(Protocol):
    """Turns voices into vectors that cosine compares."""

    @property
    def info(self) -> EncoderInfo:
        """What it is."""
        ...

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Embed stretches of one voice each; company in the batch does not change a vector by more than 1e-5.

        Args:
            waveforms: float32 (samples,) mono, each at `info.sample_rate` and at least 0.1 s long.

        Returns:
            Unit vectors, float32 (n, info.dim), in order.

        Raises:
            InvalidInputError: TOO_SHORT.
        """
        ...


class LoadEncoder(Protocol):
    """What an entry point of the group `singalike.timbre_encoders` names."""

    def __call__(self, argument: str, device: str, fetch: Fetch, /) -> VoiceVectorEncoder:
        """Load an encoder.

        Args:
            argument: What stands behind the colon of NAME:ARGUMENT: a file, a folder, a hub id, or nothing.
            device: A torch device, for instance "cpu" or "cuda:0".
            fetch: Brings files of a hub; call it only where `argument` is no local path.
        """
        ...


def refuse_to_fetch(repository: str, patterns: Sequence[str]) -> Path:
    """Stand in for a `Fetch` where nothing may be downloaded.

    Raises:
        InvalidInputError: ENCODER_NOT_LOCAL, always.
    """
    wanted = ", ".join(patterns)
    message = f"{repository!r} is no folder here and nothing is downloaded: put {wanted} into a folder and name that"
    raise InvalidInputError("ENCODER_NOT_LOCAL", message)


def local_folder(argument: str, patterns: Sequence[str], fetch: Fetch) -> Path:
    """Return the folder that an argument names, here or, fetched, from a hub.

    Raises:
        InvalidInputError: ENCODER_ARGUMENT_MISSING, there is none; or as `fetch`.
    """
    if not argument:
        raise InvalidInputError("ENCODER_ARGUMENT_MISSING", "name the folder of the weights: NAME:FOLDER")
    folder = Path(argument).expanduser()
    return folder if folder.is_dir() else fetch(argument, patterns)
