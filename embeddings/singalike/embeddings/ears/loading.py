"""Finding encoders by name, among the installed packages."""

import importlib
import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from singalike.embeddings.ears.port import Fetch, LoadEncoder, VoiceVectorEncoder, refuse_to_fetch
from singalike.errors import NotFoundError, WrongStateError

GROUP = "singalike.timbre_encoders"


def installed_encoders() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed encoders, by name, without importing any."""
    importlib.invalidate_caches()
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def load_encoder(spec: str, device: str = "cpu", fetch: Fetch = refuse_to_fetch) -> VoiceVectorEncoder:
    """Load the encoder NAME, NAME:ARGUMENT or NAME=ARGUMENT.

    Args:
        spec: Name of an installed encoder, and what it shall load: "shipped", "onnx:encoder.onnx".
        device: A torch device.
        fetch: Brings files of a hub; by default nothing is downloaded.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND, none of this name is installed, or its files are absent.
        WrongStateError: ENCODER_NOT_INSTALLED, it needs another package; ENCODER_DAMAGED, its files are not what they
            should be.
        InvalidInputError: The argument is wrong.
    """
    name, argument = (*re.split("[:=]", spec, maxsplit=1), "")[:2]
    installed = installed_encoders()
    if name not in installed:
        message = (
            f"no timbre encoder {name!r} is installed: choose one of {', '.join(installed)}, or install its package"
        )
        raise NotFoundError("ENCODER_NOT_FOUND", message)
    try:
        load: LoadEncoder = installed[name].load()
    except (ImportError, AttributeError) as error:
        message = f"the timbre encoder {name!r} is installed but cannot be imported ({error}): install it again"
        raise WrongStateError("ENCODER_NOT_INSTALLED", message) from error
    return load(argument, device, fetch)
