"""RVC v2 from a folder of weights: what listens, a trained voice, and the index of its moments where there is one."""

from pathlib import Path

import numpy as np

from singalike.conversion.engine import EngineInfo
from singalike.conversion.neural.content import load_content
from singalike.conversion.neural.listening import PITCH_HOP_S, Listener
from singalike.conversion.neural.neural_engine import NeuralEngine
from singalike.conversion.neural.state_dict import fill
from singalike.conversion.neural.weights import Weights, open_weights, setting
from singalike.conversion.rvc.checkpoint import read_checkpoint
from singalike.conversion.rvc.index import Floats, read_index
from singalike.conversion.rvc.synthesiser import TrainedVoice, VoiceShape
from singalike.conversion.rvc.trained_singing import TrainedSinging
from singalike.conversion.world_retrieval.pitch import VoicePitch
from singalike.embeddings.ears.port import Fetch, refuse_to_fetch
from singalike.errors import WrongStateError

NAME, VERSION = "rvc", "1"
CONTENT, VOICE, INDEX = "content", "voice", "index"
LAYER = 12
MIN_SECONDS = 10.0
UNUSED = ("enc_q.",)
"""What training alone needs of a voice."""


def load(
    weights: Path | None,
    device: str = "cpu",
    fetch: Fetch = refuse_to_fetch,
    *,
    min_seconds: float = MIN_SECONDS,
) -> NeuralEngine:
    """Load the engine.

    Args:
        weights: Folder with a manifest that lists `content` (HuBERT or ContentVec), `voice` (.pth or .safetensors) and
            perhaps `index`.
        device: Where torch computes.
        fetch: Brings files of a hub.
        min_seconds: Of voice that an enrolment has to have; the voice itself was trained before.

    Raises:
        WrongStateError: ENGINE_WEIGHTS_MISSING, BAD_WEIGHTS_MANIFEST, WEIGHTS_DAMAGED, WEIGHTS_MISMATCHED,
            ENGINE_NOT_INSTALLED.
        UnavailableError: HUB_UNAVAILABLE.
    """
    listed = open_weights(NAME, weights, fetch, (CONTENT, VOICE), (INDEX,))
    content = load_content(listed, CONTENT, LAYER, device)
    part = listed.parts[VOICE]
    checkpoint = read_checkpoint(listed.checked(VOICE))
    shape, rate = checkpoint.shape, checkpoint.shape.generator.sample_rate
    if shape.content_dim != content.dim or shape.generator.hop != round(PITCH_HOP_S * rate):
        message = f"{part.file} wants {shape.content_dim} numbers every {shape.generator.hop} samples at {rate} Hz"
        raise WrongStateError("WEIGHTS_MISMATCHED", f"{message}; heard are {content.dim}, wanted is a hop of 10 ms")
    speaker = setting(part, "speaker", 0, lambda value: 0 <= value < shape.speakers)
    voice = TrainedVoice(shape)
    fill(voice, checkpoint.state, part.file, UNUSED)
    info = EngineInfo(NAME, f"{VERSION}-{listed.tag}", "Apache-2.0", listed.licence, min_seconds, rate)
    method = TrainedSinging(info, shape, voice.to(device), _moments(listed, shape), speaker, device)
    return NeuralEngine(Listener(content, VoicePitch.load(device)), method)


def _moments(listed: Weights, shape: VoiceShape) -> Floats:
    if INDEX not in listed.parts:
        return np.zeros((0, shape.content_dim), dtype=np.float32)
    return read_index(listed.checked(INDEX), shape.content_dim)
