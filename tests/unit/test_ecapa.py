"""ECAPA-TDNN through speechbrain, where that can be imported; how it is refused, everywhere."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from singalike.embeddings.ears import ecapa
from singalike.embeddings.ears.port import refuse_to_fetch
from singalike.errors import WrongStateError
from tests.support.buzzing import buzzing_voice


def speechbrain_is_there() -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import speechbrain  # noqa: F401
    except (ImportError, OSError):  # a torchaudio of another build than torch is an OSError
        return False
    return True


SAME = 1e-5
INSTALLED = speechbrain_is_there()
needs_speechbrain = pytest.mark.skipif(
    not INSTALLED, reason="speechbrain cannot be imported (pip install 'singalike[ecapa]')"
)


@pytest.mark.skipif(INSTALLED, reason="speechbrain can be imported")
def test_without_speechbrain_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(WrongStateError, match=r"singalike\[ecapa\].*onnx") as caught:
        ecapa.load(str(tmp_path), "cpu", refuse_to_fetch)

    assert caught.value.reason == "ENCODER_NOT_INSTALLED"


@needs_speechbrain
@pytest.mark.filterwarnings("ignore")
def test_weights_of_any_width_are_loaded_without_their_settings(tmp_path: Path) -> None:
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    torch.manual_seed(0)
    shape = {"channels": [16, 16, 16, 16, 48], "lin_neurons": 10, "attention_channels": 8, "se_channels": 6}
    network = ECAPA_TDNN(80, res2net_scale=4, **shape)
    torch.save(network.state_dict(), tmp_path / "embedding_model.ckpt")

    encoder = ecapa.load(str(tmp_path), "cpu", refuse_to_fetch)
    voices = [buzzing_voice(seconds, 150.0, seed=index) for index, seconds in enumerate((1.0, 1.4, 1.0))]
    together = encoder.embed(voices)

    assert encoder.info.dim == 10
    np.testing.assert_allclose(together, np.concatenate([encoder.embed([voice]) for voice in voices]), atol=SAME)


@needs_speechbrain
@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_that_is_more_than_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"blocks.0": print}, tmp_path / "embedding_model.ckpt")

    with pytest.raises(WrongStateError) as caught:
        ecapa.load(str(tmp_path), "cpu", refuse_to_fetch)

    assert caught.value.reason == "ENCODER_DAMAGED"
