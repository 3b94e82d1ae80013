"""What `singalike train ast` does: read a catalogue of one's own, bring weights, fine-tune, say how well it went."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from singalike.embeddings.ears.port import local_folder
from singalike.embeddings.ears.spectrogram_transformer import FILES
from singalike.embeddings.training.ast_tuning import PUBLISHED, TOP_K, AstSources, AstTuning, fine_tune
from singalike.embeddings.training.catalogue_clips import WindowStore
from singalike.embeddings.training.own_catalogue import OwnCatalogue, OwnTrack, read_catalogue
from singalike.services import bootstrap
from singalike.services.adapters.hub import fetch_folder
from singalike.services.cli.training_run import own_device, surroundings
from singalike.services.recordings import read_recording, take_vocals
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.audio.decoding import GuardedDecoder
    from singalike.audio.sound import Sound
    from singalike.embeddings.training.processes import Processes


def train_ast(
    preset: AstTuning,
    data: Path,
    out: Path,
    run: Path,
    *,
    weights: str,
    seed: int,
    device: str,
    say: Callable[[str], None],
    as_json: bool,
) -> bool:
    """Fine-tune on the singers of a folder.

    Args:
        preset: How.
        data: A folder a singer, or a manifest of `singalike ingest`; voices alone, without accompaniment.
        out: Folder for the new weights.
        run: Folder of the run; decoded sound is kept in it, too.
        weights: Folder or hub id of the weights to start from; empty for the published ones.
        seed: Of all chance.
        device: Torch device, or "auto".
        say: Told what happens.
        as_json: Print progress as JSON lines.

    Returns:
        Whether the run is over; not, when it was asked to stop.
    """
    settings = read_settings()
    place = own_device(device)
    folder = local_folder(weights or PUBLISHED, FILES, fetch_folder)
    with (
        bootstrap.build_decoder(settings) as decoder,
        surroundings("ast", run, place, as_json=as_json) as around,
    ):
        store = WindowStore(partial(_decode, decoder, settings.max_upload_mb * 2**20), run / "windows")
        catalogue = _prepare(store, data, around.processes, say)
        figures = fine_tune(preset, AstSources(catalogue, store, folder, out, run, seed, place, say), around)
        done = figures is not None or around.processes.share.rank > 0
    if figures is not None:
        say(
            f"{out}: cross entropy {figures.cross_entropy:.3f} nats (chance {figures.chance_entropy:.3f}), top-1 "
            f"{figures.top_1:.3f}, top-{TOP_K} {figures.top_k:.3f} on {figures.recordings} recordings"
        )
    return done


def _prepare(store: WindowStore, data: Path, processes: "Processes", say: Callable[[str], None]) -> OwnCatalogue:
    """Decode in the first process; the others read what it has kept, because two would write the same files."""
    prepared = store.prepare(read_catalogue(data)) if processes.share.rank == 0 else None
    processes.agree([0.0])
    catalogue = prepared or store.prepare(read_catalogue(data))
    for refused, reason in catalogue.refused:
        say(f"left out {refused}: {reason}")
    return catalogue


def _decode(decoder: "GuardedDecoder", most_bytes: int, track: OwnTrack) -> "Sound":
    return take_vocals(decoder.decode(read_recording(track.path, most_bytes)), track.channel, None)
