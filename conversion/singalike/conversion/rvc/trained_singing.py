"""The method of RVC: a trained voice sings, and moments of the same voice pull the source's content towards it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.conversion.engine import ConvertOptions, EngineInfo
from singalike.conversion.neural.excitation import harmonic_source
from singalike.conversion.neural.listening import PITCHES_A_ROW, Heard
from singalike.conversion.neural.moments import chosen_moments, mixed
from singalike.conversion.neural.neural_engine import Singer
from singalike.conversion.neural.precision import half_precision
from singalike.conversion.rvc.index import retrieve
from singalike.conversion.rvc.synthesiser import TrainedVoice, VoiceShape, coarse_pitch

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

INDEX_RATE, PROTECT = 0.75, 0.33
"""What RVC calls `index_rate` and `protect`, as its users have them by default."""


@dataclass(frozen=True, eq=False)
class TrainedSinging:
    """A `SingingMethod`.

    Attributes:
        info: What the engine is.
        shape: Of the voice.
        voice: What sings; who is enrolled changes only what is retrieved.
        moments: float32 (moments, dim) of the voice, from the index beside its weights; may be none.
        speaker: Which of the voices in the weights.
        device: Where it computes.
    """

    info: EngineInfo
    shape: VoiceShape
    voice: TrainedVoice
    moments: Floats
    speaker: int
    device: str

    def learn(self, takes: Heard, seed: int) -> Arrays:
        """Keep the moments of the takes, ten minutes at most: the index of features of the enrolled voice."""
        return {"moments": chosen_moments(takes, seed).content}

    def singer(self, voice: Arrays) -> Singer:
        """Get ready to sing: the moments of the takes and those of the index are searched together."""
        rows = np.concatenate([voice["moments"].astype(np.float32), self.moments])
        moments = torch.from_numpy(rows).to(self.device)

        def sing(wanted: Heard, options: ConvertOptions, seed: int, check: Callable[[], None]) -> Waveform:
            content = mixed(wanted, retrieve(wanted.content, moments), options, INDEX_RATE, PROTECT)
            return self._render(np.repeat(content, PITCHES_A_ROW, axis=0), wanted.f0_hz, seed, check)

        return sing

    def _render(self, content: Floats, f0_hz: Floats, seed: int, check: Callable[[], None]) -> Waveform:
        generator, config = torch.Generator().manual_seed(seed), self.shape.generator
        noise = torch.randn(1, self.shape.latents, len(content), generator=generator)
        breath = torch.randn(len(content) * config.hop, config.harmonics + 1, generator=generator)
        source = harmonic_source(f0_hz, config.hop, config.sample_rate, config.harmonics, breath)
        given = (
            torch.from_numpy(content)[None],
            torch.from_numpy(coarse_pitch(f0_hz))[None],
            source[None],
            noise,
            torch.tensor([self.speaker]),
        )
        with torch.inference_mode(), half_precision(self.device):
            sung = self.voice(*(values.to(self.device) for values in given), check=check)
        return np.asarray(sung[0, 0].float().cpu().numpy(), dtype=np.float32)
