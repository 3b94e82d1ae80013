"""Target voices on disk: safetensors beside a JSON manifest, never pickle."""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from singalike.conversion.engine import TargetVoice
from singalike.errors import NotFoundError, WrongStateError

ARRAYS, MANIFEST = "voice.safetensors", "voice.json"


def save_target_voice(voice: TargetVoice, folder: Path) -> str:
    """Write a voice; the manifest comes last and holds the digest of the arrays, so a torn write is noticed at load.

    Args:
        voice: From `VoiceEngine.enrol`.
        folder: Created when absent; holds `voice.safetensors` and `voice.json` afterwards.

    Returns:
        SHA-256 of the arrays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = save({name: np.ascontiguousarray(array) for name, array in voice.arrays.items()})
    digest = hashlib.sha256(arrays).hexdigest()
    manifest = {
        "engine": voice.engine,
        "engine_version": voice.engine_version,
        "facts": dict(voice.facts),
        "sha256": digest,
    }
    (folder / ARRAYS).write_bytes(arrays)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")
    return digest


def load_target_voice(folder: Path) -> TargetVoice:
    """Read a voice.

    Args:
        folder: Where `save_target_voice` wrote it.

    Raises:
        NotFoundError: TARGET_VOICE_NOT_FOUND.
        WrongStateError: TARGET_VOICE_DAMAGED, the files do not belong together.
    """
    try:
        arrays, written = (folder / ARRAYS).read_bytes(), (folder / MANIFEST).read_text("utf-8")
    except FileNotFoundError as error:
        message = f"no target voice in {folder}: enrol the takes again"
        raise NotFoundError("TARGET_VOICE_NOT_FOUND", message) from error
    message = f"the target voice in {folder} is damaged: enrol the takes again"
    message = f"the target voice in {folder} is damaged: enrol the takes again"
    try:
        manifest = json.loads(written)
        voice = TargetVoice(manifest["engine"], manifest["engine_version"], load(arrays), manifest["facts"])
        is_whole = manifest["sha256"] == hashlib.sha256(arrays).hexdigest()
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise WrongStateError("TARGET_VOICE_DAMAGED", message) from error
    if not is_whole:
        raise WrongStateError("TARGET_VOICE_DAMAGED", message)
    return voice
