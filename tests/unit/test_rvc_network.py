"""The networks that were written from papers do what other implementations of the same papers do."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import VitsConfig
from transformers.models.vits import modeling_vits as vits

from singalike.conversion.neural.excitation import harmonic_source
from singalike.conversion.neural.generator import GeneratorConfig, NsfHifiGan
from singalike.conversion.neural.state_dict import without_weight_norm
from singalike.conversion.rvc.checkpoint import CONFIG_NAMES
from singalike.conversion.rvc.flow import CouplingFlow
from singalike.conversion.rvc.synthesiser import TrainedVoice, VoiceShape, coarse_pitch
from singalike.conversion.rvc.text_encoder import ContentPrior

HIDDEN, LATENTS, SPEAKER, ROWS = 16, 8, 6, 33
CONFIG = VitsConfig(
    hidden_size=HIDDEN,
    ffn_dim=24,
    num_hidden_layers=2,
    num_attention_heads=2,
    window_size=10,
    flow_size=LATENTS,
    prior_encoder_num_flows=4,
    prior_encoder_num_wavenet_layers=3,
    speaker_embedding_size=SPEAKER,
    num_speakers=2,
    upsample_rates=[4, 2],
    upsample_kernel_sizes=[8, 4],
    upsample_initial_channel=16,
    resblock_kernel_sizes=[3, 5],
    resblock_dilation_sizes=[[1, 3], [1, 3]],
    layerdrop=0.0,
)


@pytest.fixture(autouse=True)
def draw_the_same() -> None:
    torch.manual_seed(1)


def drawn(network: nn.Module) -> nn.Module:
    """Draw all weights anew, so that none is left at nought."""
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(0.3 * torch.randn(weights.shape))
    return network.eval()


@torch.no_grad()
def test_the_transformer_is_that_of_vits() -> None:
    theirs = drawn(vits.VitsEncoder(CONFIG))
    ours = ContentPrior(5, LATENTS, HIDDEN, 24, 2, 2, CONFIG.ffn_kernel_size).encoder
    names = {"attention.q_proj": "conv_q", "attention.k_proj": "conv_k", "attention.v_proj": "conv_v"}
    names |= {"attention.out_proj": "conv_o", "attention.emb_rel": "emb_rel", "feed_forward.": ""}
    lists = {"attention": "attn_layers", "feed_forward": "ffn_layers"}
    lists |= {"layer_norm": "norm_layers_1", "final_layer_norm": "norm_layers_2"}
    state = {}
    for name, tensor in theirs.state_dict().items():
        _layers, layer, part, *rest = name.split(".")
        inside = ".".join([part, *rest])
        for old, new in names.items():
            inside = inside.replace(old, new)
        inside = inside.removeprefix("attention.").removeprefix(f"{part}.")
        inside = {"weight": "gamma", "bias": "beta"}.get(inside, inside)
        is_convolution = inside.startswith("conv_") and inside.endswith("weight") and tensor.ndim == 2
        state[f"{lists[part]}.{layer}.{inside}"] = tensor[:, :, None] if is_convolution else tensor
    ours.load_state_dict(state)
    rows = torch.randn(1, HIDDEN, ROWS)

    mask = torch.ones(1, ROWS, 1)
    (expected, *_) = theirs(rows.transpose(1, 2), padding_mask=mask, return_dict=False)
    assert torch.allclose(ours(rows).transpose(1, 2), expected, atol=1e-4)


@torch.no_grad()
def test_the_flow_is_that_of_vits() -> None:
    theirs = drawn(vits.VitsResidualCouplingBlock(CONFIG))
    ours = CouplingFlow(LATENTS, HIDDEN, SPEAKER)
    state = {}
    for name, tensor in without_weight_norm(theirs.state_dict()).items():
        _flows, number, *rest = name.split(".")
        inside = ".".join(rest).replace("conv_pre", "pre").replace("conv_post", "post").replace("wavenet", "enc")
        state[f"flows.{2 * int(number)}.{inside}"] = tensor
    ours.load_state_dict(state)
    latents, speaker = torch.randn(1, LATENTS, ROWS), torch.randn(1, SPEAKER, 1)

    expected = theirs(latents, torch.ones(1, 1, ROWS), global_conditioning=speaker, reverse=True)

    assert torch.allclose(ours(latents, speaker), expected, atol=1e-4)


@torch.no_grad()
def test_the_generator_without_its_source_is_that_of_vits() -> None:
    theirs = drawn(vits.VitsHifiGan(CONFIG))
    shape = GeneratorConfig(16_000, LATENTS, (4, 2), (8, 4), 16, (3, 5), ((1, 3), (1, 3)), speaker_dim=SPEAKER)
    ours = NsfHifiGan(shape)
    state = {name.replace("upsampler", "ups"): tensor for name, tensor in theirs.state_dict().items()}
    silent = {
        name: 0 * tensor for name, tensor in ours.state_dict().items() if "noise_convs" in name or "source" in name
    }
    ours.load_state_dict(silent | state)
    rows, speaker = torch.randn(1, LATENTS, ROWS), torch.randn(1, SPEAKER, 1)

    sung = ours(rows, torch.zeros(1, ROWS * 8, 1), speaker)

    assert torch.allclose(sung, theirs(rows, speaker), atol=1e-5)


PUBLISHED = {
    32_000: ([10, 8, 2, 2], [20, 16, 4, 4], 64),
    40_000: ([10, 10, 2, 2], [16, 16, 4, 4], 80),
    48_000: ([12, 10, 2, 2], [24, 20, 4, 4], 80),
}


@pytest.mark.parametrize("rate", PUBLISHED)
def test_weights_of_the_published_size_have_their_published_names_and_shapes(rate: int) -> None:
    rates, kernels, listens = PUBLISHED[rate]
    generator = GeneratorConfig(rate, 192, tuple(rates), tuple(kernels), speaker_dim=256)

    with torch.device("meta"):
        state = TrainedVoice(VoiceShape(768, 192, 192, 768, 2, 6, 3, 109, generator)).state_dict()

    published = {
        "enc_p.emb_phone.weight": (192, 768),
        "enc_p.emb_pitch.weight": (256, 192),
        "enc_p.encoder.attn_layers.5.emb_rel_k": (1, 21, 96),
        "enc_p.encoder.attn_layers.0.conv_q.weight": (192, 192, 1),
        "enc_p.encoder.norm_layers_1.0.gamma": (192,),
        "enc_p.encoder.ffn_layers.0.conv_1.weight": (768, 192, 3),
        "enc_p.proj.weight": (384, 192, 1),
        "flow.flows.6.pre.weight": (192, 96, 1),
        "flow.flows.0.enc.cond_layer.weight": (1152, 256, 1),
        "flow.flows.0.enc.in_layers.2.weight": (384, 192, 5),
        "flow.flows.0.enc.res_skip_layers.2.weight": (192, 192, 1),
        "flow.flows.0.post.weight": (96, 192, 1),
        "dec.m_source.l_linear.weight": (1, 1),
        "dec.noise_convs.0.weight": (256, 1, listens),
        "dec.noise_convs.3.weight": (32, 1, 1),
        "dec.conv_pre.weight": (512, 192, 7),
        "dec.ups.0.weight": (512, 256, kernels[0]),
        "dec.resblocks.11.convs2.2.weight": (32, 32, 11),
        "dec.conv_post.weight": (1, 32, 7),
        "dec.cond.weight": (512, 256, 1),
        "emb_g.weight": (109, 256),
    }
    assert {name: tuple(state[name].shape) for name in published} == published
    assert generator.hop == rate // 100
    assert len(CONFIG_NAMES) == 18


def test_pitches_are_numbered_from_1_to_255() -> None:
    numbers = coarse_pitch(np.array([0.0, 30.0, 50.0, 220.0, 440.0, 1_100.0, 2_000.0], np.float32))

    assert numbers.tolist() == [1, 1, 1, 60, 122, 255, 255]


def test_the_source_is_a_sine_at_the_pitch_and_its_multiples_below_half_the_rate() -> None:
    source = harmonic_source(np.full(100, 3_000.0, np.float32), 160, 16_000, 3, torch.zeros(16_000, 4)).numpy()

    spectra = np.abs(np.fft.rfft(source, axis=0))
    assert spectra[:, :2].argmax(axis=0).tolist() == [3_000, 6_000]
    assert not source[:, 2:].any()


def test_the_source_goes_on_in_phase_where_the_pitch_changes_and_is_noise_where_it_stops() -> None:
    f0_hz = np.repeat(np.array([200.0, 300.0, 0.0], np.float32), 50)
    noise = torch.randn(150 * 160, 1, generator=torch.Generator().manual_seed(1))

    source = harmonic_source(f0_hz, 160, 16_000, 0, noise)[:, 0].numpy()

    steps = np.abs(np.diff(source[:16_000]))
    assert steps.max() < 0.1 * 2 * np.pi * 300 / 16_000 + 6 * 0.003
    assert source[16_000:].std() == pytest.approx(0.1 / 3, rel=0.05)
