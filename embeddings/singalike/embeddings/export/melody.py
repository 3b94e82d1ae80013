"""The melody autoencoder as one graph: a waveform at 16 kHz in, latents and pitch logits out."""

from torch import Tensor, nn
from torch.nn import functional

from singalike.embeddings.export.spectrogram import ConvolvedLogMel
from singalike.embeddings.mel import MELODY_MEL
from singalike.embeddings.tcae import QUIETEST_LEVEL, Tcae


class ExportedMelody(nn.Module):
    """Encoder and pitch head of a TCAE behind its spectrogram.

    Args:
        tcae: In evaluation mode, on the CPU.
    """

    def __init__(self, tcae: Tcae) -> None:
        super().__init__()
        self.mel, self.tcae = ConvolvedLogMel(MELODY_MEL), tcae

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Hear one recording.

        Args:
            waveform: float32 (1, samples), mono at 16 000 Hz.

        Returns:
            Latents (1, steps, latent_dim), one every 64 ms; pitch logits (1, frames, pitch_bins) and voicing logits
            (1, frames), one every 16 ms.
        """
        preset, mel = self.tcae.preset, self.mel(waveform)
        level = mel.exp().mean(dim=(1, 2), keepdim=True).log().clamp(min=QUIETEST_LEVEL)
        levelled = (mel - level).clamp(min=preset.silence)
        # One stride of silence behind is what the pitch head looks ahead, whatever the number of frames.
        latent = self.tcae.encode(functional.pad(levelled, (0, preset.stride), value=preset.silence))
        logits = self.tcae.pitch_logits(latent, mel.shape[-1])
        return latent[:, :, :-1].transpose(1, 2), logits.pitch, logits.voicing
