"""kNN-SVC from a folder of weights: what listens, and a renderer that was trained to sing what it hears."""

from pathlib import Path

from singalike.conversion.engine import EngineInfo
from singalike.conversion.knn_svc.nearest_moments import NearestMoments
from singalike.conversion.neural.content import HOP, RATE, load_content
from singalike.conversion.neural.generator import NsfHifiGan, read_generator_config
from singalike.conversion.neural.listening import PITCHES_A_ROW, Listener
from singalike.conversion.neural.neural_engine import NeuralEngine
from singalike.conversion.neural.state_dict import fill, read_tensors, tensors_by_name
from singalike.conversion.neural.weights import Weights, open_weights
from singalike.conversion.world_retrieval.pitch import VoicePitch
from singalike.embeddings.ears.port import Fetch, refuse_to_fetch
from singalike.errors import WrongStateError, noted

NAME, VERSION = "knn-svc", "1"
CONTENT, RENDERER, CONFIG = "content", "renderer", "config.json"
LAYER = 6
MIN_SECONDS = 30.0


def load(
    weights: Path | None,
    device: str = "cpu",
    fetch: Fetch = refuse_to_fetch,
    *,
    min_seconds: float = MIN_SECONDS,
) -> NeuralEngine:
    """Load the engine.

    Args:
        weights: Folder with a manifest that lists `content` (HuBERT or WavLM) and `renderer` (NSF-HiFiGAN).
        device: Where torch computes.
        fetch: Brings files of a hub.
        min_seconds: Of voice that it takes to learn one; published figures begin at half a minute.

    Raises:
        WrongStateError: ENGINE_WEIGHTS_MISSING, BAD_WEIGHTS_MANIFEST, WEIGHTS_DAMAGED, WEIGHTS_MISMATCHED,
            ENGINE_NOT_INSTALLED.
        UnavailableError: HUB_UNAVAILABLE.
    """
    listed = open_weights(NAME, weights, fetch, (CONTENT, RENDERER))
    content = load_content(listed, CONTENT, LAYER, device)
    path = listed.find(RENDERER, CONFIG) / CONFIG
    config = read_generator_config(path.read_text("utf-8", errors="replace"), f"{CONFIG} of {RENDERER}")
    if config.input_dim != content.dim or config.speaker_dim or config.hop * RATE != HOP * config.sample_rate:
        message = f"{RENDERER} wants rows of {config.input_dim} every {config.hop} samples at {config.sample_rate} Hz"
        mismatched = WrongStateError("WEIGHTS_MISMATCHED", f"{message}; heard are rows of {content.dim} every 20 ms")
        raise noted(mismatched, str(path))
    if config.hop % PITCHES_A_ROW:
        message = f"{CONFIG} of {RENDERER}: a row has to last an even number of samples"
        raise noted(WrongStateError("WEIGHTS_MISMATCHED", message), str(path))
    info = EngineInfo(NAME, f"{VERSION}-{listed.tag}", "Apache-2.0", listed.licence, min_seconds, config.sample_rate)
    renderer = _load_renderer(listed, NsfHifiGan(config))
    method = NearestMoments(info, config, renderer.to(device), device)
    return NeuralEngine(Listener(content, VoicePitch.load(device)), method)


def _load_renderer(listed: Weights, network: NsfHifiGan) -> NsfHifiGan:
    file = listed.parts[RENDERER].file
    fill(network, tensors_by_name(read_tensors(listed.checked(RENDERER)), file), file)
    return network
