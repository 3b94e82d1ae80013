"""What `singalike train ast` does: bring weights, fine-tune, say how well singers are told."""

from collections.abc import Callable
from pathlib import Path

from singalike.embeddings.ears.port import local_folder
from singalike.embeddings.ears.spectrogram_transformer import FILES
from singalike.embeddings.encoder import choose_device
from singalike.embeddings.training.ast_tuning import PUBLISHED, TOP_K, AstPreset, fine_tune
from singalike.embeddings.training.singer_recordings import read_singer_recordings
from singalike.services.adapters.hub import fetch_folder


def train_ast(data: Path, out: Path, weights: str, preset: AstPreset, device: str, say: Callable[[str], None]) -> None:
    """Fine-tune an Audio Spectrogram Transformer on the singers of a folder.

    Args:
        data: A folder a singer, or a manifest.
        out: Folder for the new weights.
        weights: Folder or hub id of those to start from; empty for the published ones.
        preset: How long and how fast.
        device: Torch device, or "auto".
        say: Told how far it is, and the figures.
    """
    recordings = read_singer_recordings(data)
    folder = local_folder(weights or PUBLISHED, FILES, fetch_folder)
    figures = fine_tune(recordings, folder, out, preset, choose_device(device), say)
    say(
        f"{out}: cross entropy {figures.cross_entropy:.3f} nats (chance {figures.chance_entropy:.3f}), top-1 "
        f"{figures.top_1:.3f}, top-{TOP_K} {figures.top_k:.3f} on {figures.recordings} recordings"
    )
