"""The method of kNN-SVC: what a singer is, is a bag of moments; what sings them is one renderer for everybody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.conversion.engine import ConvertOptions, EngineInfo
from singalike.conversion.knn_svc.matching import MatchingSet, retrieve
from singalike.conversion.neural.excitation import harmonic_source
from singalike.conversion.neural.generator import GeneratorConfig, NsfHifiGan
from singalike.conversion.neural.listening import PITCHES_A_ROW, Heard
from singalike.conversion.neural.moments import chosen_moments, mixed
from singalike.conversion.neural.neural_engine import Singer
from singalike.conversion.neural.precision import half_precision

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

RETRIEVED_SHARE, PROTECT = 1.0, 1.0


@dataclass(frozen=True, eq=False)
class NearestMoments:
    """A `SingingMethod`.

    Attributes:
        info: What the engine is.
        config: Shape of the renderer.
        renderer: From moments to sound.
        device: Where it computes.
    """

    info: EngineInfo
    config: GeneratorConfig
    renderer: NsfHifiGan
    device: str

    def learn(self, takes: Heard, seed: int) -> Arrays:
        """Keep the moments of the takes, ten minutes at most, with their pitch."""
        kept = chosen_moments(takes, seed)
        return {"moments": kept.content, "log2_f0": kept.log2_f0, "follows": kept.follows}

    def singer(self, voice: Arrays) -> Singer:
        """Get ready to sing with the moments of a voice."""
        target = MatchingSet.of(voice["moments"], voice["log2_f0"], voice["follows"], self.device)

        def sing(wanted: Heard, options: ConvertOptions, seed: int, check: Callable[[], None]) -> Waveform:
            retrieved = retrieve(wanted.content, wanted.log2_f0, target)
            rows = mixed(wanted, retrieved, options, RETRIEVED_SHARE, PROTECT)
            return self._render(rows, wanted.f0_hz, seed, check)

        return sing

    def _render(self, rows: Floats, f0_hz: Floats, seed: int, check: Callable[[], None]) -> Waveform:
        generator, samples = torch.Generator().manual_seed(seed), len(rows) * self.config.hop
        noise = torch.randn(samples, self.config.harmonics + 1, generator=generator)
        hop = self.config.hop // PITCHES_A_ROW
        source = harmonic_source(f0_hz, hop, self.config.sample_rate, self.config.harmonics, noise)
        with torch.inference_mode(), half_precision(self.device):
            given = torch.from_numpy(rows.T.copy())[None].to(self.device)
            sung = self.renderer(given, source[None].to(self.device), check=check)
        return np.asarray(sung[0, 0].float().cpu().numpy(), dtype=np.float32)
