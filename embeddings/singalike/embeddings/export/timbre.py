"""The timbre encoder as one graph: a waveform at 16 kHz in, a unit vector out.

Frames count by their level alone (within 30 dB of the loud ones), as in `TimbreEncoder.embed(analyse(waveform))`. The
services also leave out frames in which no voice is active, which takes decisions that a graph cannot make: give it
stretches in which somebody sings.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from singalike.embeddings.export.matrix_logarithm import CovarianceLogarithm
from singalike.embeddings.export.pieces import (
    ChosenFirst,
    FrameStatistics,
    LoudLevel,
    MovedMeans,
    Projected,
    WholeSteps,
)
from singalike.embeddings.export.spectrogram import ConvolvedLogMel
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_frames import CEPSTRA, DETAIL_MEL, ENVELOPE_CEPSTRA, ENVELOPE_MEL, cosine_basis

ENVELOPE_FRAMES = 6


class ExportedTimbre(nn.Module):
    """Statistics of detailed cepstra, their covariance, moved means of pitch-robust ones, and the network, joined.

    Args:
        timbre: The encoder whose numbers are taken over.
    """

    detail_basis: Tensor
    envelope_basis: Tensor

    def __init__(self, timbre: TimbreEncoder) -> None:
        super().__init__()
        self.level, self.choice = LoudLevel(), ChosenFirst()
        self.detail_mel, self.envelope_mel = ConvolvedLogMel(DETAIL_MEL), ConvolvedLogMel(ENVELOPE_MEL)
        linear = timbre.linear
        self.statistics, self.covariance = FrameStatistics(), CovarianceLogarithm(linear.covariance)
        self.statistics_projection = Projected(linear.statistics)
        self.means, self.means_projection = MovedMeans(linear.mixture), Projected(linear.supervector)
        self.trunk, self.trunk_weight, self.whole = timbre.trunk, timbre.trunk_weight, WholeSteps()
        place = torch.device("cpu")
        self.register_buffer("detail_basis", cosine_basis(DETAIL_MEL.mels, CEPSTRA, place))
        self.register_buffer("envelope_basis", cosine_basis(ENVELOPE_MEL.mels, ENVELOPE_CEPSTRA, place))

    def forward(self, waveform: Tensor) -> Tensor:
        """Embed one stretch of voice.

        Args:
            waveform: float32 (1, samples), mono at 16 000 Hz, at least 0.1 s, any level.

        Returns:
            Unit vector, float32 (1, dim).
        """
        sound, level_db = self.level(waveform)
        order, inside = self.choice(level_db)
        detail = self.detail_mel(sound)[0].T
        cepstra = detail @ self.detail_basis
        envelope = self._envelope(sound) @ self.envelope_basis
        ordered = cepstra.index_select(0, order)
        described = torch.cat([self.statistics(ordered, inside), self.covariance(ordered, inside)])
        moved = self.means(envelope.index_select(0, order), inside)
        linear = torch.cat([self.statistics_projection(described), self.means_projection(moved)])
        # Sorting an order puts the places back: the network wants the frames in time.
        mask = inside.index_select(0, order.argsort())
        steps, heard = self.trunk.steps(torch.cat([detail, envelope], dim=1)[None], mask[None])
        network = self.trunk.describe(steps, self.whole(heard, level_db))[0]
        parts = [functional.normalize(linear, dim=0), self.trunk_weight * network]
        return functional.normalize(torch.cat(parts), dim=0)[None]

    def _envelope(self, sound: Tensor) -> Tensor:
        """Log of mel power averaged over six short windows, every 10 ms, (frames, mels)."""
        power = self.envelope_mel(sound).exp()
        # Three behind are enough for both parities of the number of windows; the surplus one is never reached.
        padded = functional.pad(power, (ENVELOPE_FRAMES // 2 - 1, ENVELOPE_FRAMES // 2), mode="replicate")
        return functional.avg_pool1d(padded, ENVELOPE_FRAMES, stride=2)[0].log().T
