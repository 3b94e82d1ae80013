"""The one place that builds things: every function takes the settings and returns one wired part.

Imports stay inside the functions, so that a command loads only what it uses (torch alone takes seconds).
"""

import time
from typing import TYPE_CHECKING

from singalike.errors import InvalidInputError
from singalike.services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from singalike.audio.decoding import GuardedDecoder
    from singalike.audio.separation import Separator
    from singalike.conversion.engines import InstalledEngines
    from singalike.embeddings.ears.port import VoiceVectorEncoder
    from singalike.embeddings.encoder import VoiceEncoder
    from singalike.recsys.experiments import Experiment
    from singalike.services.adapters.conversion_files import ConversionFiles
    from singalike.services.adapters.dbos_jobs import DbosJobs
    from singalike.services.adapters.kept_songs import KeptSongs
    from singalike.services.adapters.song_reader import FileSongReader
    from singalike.services.adapters.sql_catalogue import SqlCatalogue
    from singalike.services.adapters.sql_conversions import SqlConversions
    from singalike.services.adapters.sql_executors import SqlExecutors
    from singalike.services.adapters.sql_feedback import SqlFeedback
    from singalike.services.adapters.sql_song_files import SqlSongFiles
    from singalike.services.adapters.sql_targets import SqlTargets
    from singalike.services.conversion.enrol import TargetEnroller
    from singalike.services.conversion.enrolment_ear import Ear
    from singalike.services.conversion.parts import ConversionParts
    from singalike.services.conversion.perform import PerformTools
    from singalike.services.conversion_ports import Engines, SongFiles, SpeechRecogniser, TargetStore
    from singalike.services.ports import SoundDecoder, VoiceIndex
    from singalike.services.view_keeper import ViewKeeper


def build_decoder(settings: Settings) -> "GuardedDecoder":
    """Start the guarded decoder; close it after use."""
    from singalike.audio.decoding import DecodeLimits, GuardedDecoder

    limits = DecodeLimits(max_bytes=settings.max_upload_mb * 2**20)
    return GuardedDecoder(settings.decoder_processes, limits)


def build_song_decoder(settings: Settings) -> "GuardedDecoder":
    """Start a guarded decoder of whole songs of the catalogue, one at a time; close it after use."""
    from singalike.audio.decoding import GuardedDecoder
    from singalike.services.adapters.song_reader import song_limits

    return GuardedDecoder(1, song_limits(settings.longest_song_s))


def build_separator(settings: Settings) -> "Separator":
    """Build what takes vocals out of mixtures.

    Raises:
        InvalidInputError: BAD_SETTING, HTDemucs is asked for without its weights.
        WrongStateError: The weights are damaged, or demucs is not installed.
    """
    from singalike.audio.separation import (
        HTDemucsSeparator,
        IdentitySeparator,
        MaskSeparator,
        RepetSimSeparator,
        best_separator,
    )

    without_weights: dict[str, Callable[[], Separator]] = {
        "identity": IdentitySeparator,
        "repet-sim": RepetSimSeparator,
        "unet": MaskSeparator,
    }
    if settings.separator in without_weights:
        return without_weights[settings.separator]()
    if settings.separator == "auto" and settings.separation_weights is None:
        return best_separator()
    if settings.separation_weights is None:
        raise InvalidInputError("BAD_SETTING", "SINGALIKE_SEPARATION_WEIGHTS: name the folder of HTDemucs' weights")
    from singalike.embeddings.encoder import choose_device

    device = choose_device(settings.device)
    if settings.separator == "htdemucs":
        return HTDemucsSeparator(settings.separation_weights, device)
    return best_separator(settings.separation_weights, device)


def load_encoder(settings: Settings) -> "VoiceEncoder":
    """Load the ear onto its device, with the threads that the settings allow it."""
    import torch

    from singalike.embeddings.checkpoint import SHIPPED
    from singalike.embeddings.encoder import VoiceEncoder

    if settings.torch_threads:
        torch.set_num_threads(settings.torch_threads)
    return VoiceEncoder.load(settings.checkpoints or SHIPPED, settings.device, load_other_timbre(settings))


def load_other_timbre(settings: Settings) -> "VoiceVectorEncoder | None":
    """Load the ear that the settings name for timbre; None where the checkpoints' own listens.

    Raises:
        SingalikeError: As `singalike.embeddings.ears.loading.load_encoder`.
    """
    if settings.timbre_encoder in {"", "shipped"}:
        return None
    from singalike.embeddings.ears.loading import load_encoder as load_timbre
    from singalike.embeddings.encoder import choose_device
    from singalike.services.adapters.hub import fetch_folder

    return load_timbre(settings.timbre_encoder, choose_device(settings.device), fetch_folder)


def ear_version(settings: Settings) -> str:
    """Name the ear of the settings without loading more of it than that takes."""
    from singalike.embeddings.checkpoint import SHIPPED
    from singalike.embeddings.encoder import model_version

    return model_version(settings.checkpoints or SHIPPED, load_other_timbre(settings))


def build_engines(settings: Settings) -> "InstalledEngines":
    """Find the engines that are installed; each is loaded when it is first asked for.

    Raises:
        InvalidInputError: BAD_SETTING, the default engine is not installed, or the folder of weights does not exist.
    """
    from singalike.conversion.engines import InstalledEngines
    from singalike.embeddings.encoder import choose_device
    from singalike.services.adapters.hub import fetch_folder

    weights = settings.engine_weights
    if weights is not None and not weights.is_dir():
        raise InvalidInputError("BAD_SETTING", f"SINGALIKE_ENGINE_WEIGHTS: there is no folder {weights}")
    engines = InstalledEngines(weights, choose_device(settings.device), fetch_folder, settings.conversion_engine)
    if settings.conversion_engine not in engines.names:
        message = f"SINGALIKE_CONVERSION_ENGINE: name one of {', '.join(engines.names)}"
        raise InvalidInputError("BAD_SETTING", message)
    return engines


def load_recogniser(settings: Settings) -> "SpeechRecogniser | None":
    """Load what checks the words of a reading; None where the settings name nothing.

    Raises:
        SingalikeError: As `singalike.services.adapters.speech_recogniser.load_recogniser`.
    """
    if not settings.speech_recogniser:
        return None
    from singalike.embeddings.encoder import choose_device
    from singalike.services.adapters.speech_recogniser import load_recogniser as load

    return load(settings.speech_recogniser, choose_device(settings.device))


def build_enroller(
    settings: Settings,
    ear: "Ear",
    decoder: "SoundDecoder",
    engines: "Engines",
    targets: "TargetStore",
    views: "ViewKeeper",
) -> "TargetEnroller":
    """Build what enrols voices to sing with.

    Args:
        settings: Say how long phrases are good, how vocals are separated and what recognises speech.
        ear: Listens; in a server an `EarOfServer`.
        decoder: Decodes recordings.
        engines: Learn voices.
        targets: Where voices and consents are kept.
        views: The singers of the catalogue, as this ear hears them.
    """
    from datetime import UTC, datetime
    from random import SystemRandom

    from singalike.services.conversion.catalogue_singers import CatalogueSingers
    from singalike.services.conversion.enrol import TargetEnroller

    return TargetEnroller(
        ear,
        decoder,
        build_separator(settings),
        engines,
        targets,
        CatalogueSingers(views),
        lambda: datetime.now(UTC),
        SystemRandom(),
        phrase_s=settings.phrase_s,
        recogniser=load_recogniser(settings),
    )


def open_catalogue(settings: Settings) -> "SqlCatalogue":
    """Open the truth and bring it to this release's schema; close it after use."""
    from singalike.services.adapters.sql_catalogue import SqlCatalogue

    return SqlCatalogue(settings.catalogue_url, settings.min_free_disk_mb)


def open_feedback(settings: Settings) -> "SqlFeedback":
    """Open what is kept of listeners, in the catalogue's database; close it after use."""
    from singalike.services.adapters.sql_feedback import SqlFeedback

    return SqlFeedback(settings.catalogue_url, settings.min_free_disk_mb, settings.feedback_days)


def open_targets(settings: Settings) -> "SqlTargets":
    """Open consents and target voices, in the catalogue's database; close it after use."""
    from singalike.services.adapters.sql_targets import SqlTargets

    return SqlTargets(settings.catalogue_url, settings.min_free_disk_mb, most_phrases=settings.open_phrases)


def open_conversions(settings: Settings) -> "SqlConversions":
    """Open the truth about conversions, in the catalogue's database; close it after use."""
    from singalike.services.adapters.sql_conversions import SqlConversions

    return SqlConversions(settings.catalogue_url, settings.min_free_disk_mb)


def open_executors(settings: Settings) -> "SqlExecutors":
    """Open the heartbeats of workers, in the catalogue's database; close it after use."""
    from singalike.services.adapters.sql_executors import SqlExecutors

    return SqlExecutors(settings.catalogue_url)


def open_song_files(settings: Settings) -> "SqlSongFiles":
    """Open what is known of where songs lie, in the catalogue's database; close it after use."""
    from singalike.services.adapters.sql_song_files import SqlSongFiles

    return SqlSongFiles(settings.catalogue_url, settings.min_free_disk_mb)


def build_kept_songs(settings: Settings, song_files: "SongFiles") -> "KeptSongs":
    """Build what keeps the sound of tracks that come over gRPC."""
    from singalike.services.adapters.kept_songs import KeptSongs

    return KeptSongs(settings.data_dir.absolute() / "songs", song_files, settings.min_free_disk_mb)


def open_conversion_folder(settings: Settings) -> "ConversionFiles":
    """Open the folder of pieces, stems and finished songs."""
    from singalike.services.adapters.conversion_files import ConversionFiles

    folder = settings.conversion_dir or settings.data_dir / "conversions"
    return ConversionFiles(folder.absolute(), settings.min_free_disk_mb)


def build_song_reader(settings: Settings, song_files: "SongFiles", decoder: "GuardedDecoder") -> "FileSongReader":
    """Build what finds the sound of songs again; the decoder comes from `build_song_decoder`."""
    from singalike.services.adapters.song_reader import FileSongReader

    return FileSongReader(song_files, decoder, settings.longest_song_s)


def load_experiment(settings: Settings) -> "Experiment | None":
    """Read the experiment that the settings name; None where none runs.

    Raises:
        InvalidInputError: BAD_EXPERIMENT, BAD_SETTING.
    """
    from singalike.recsys.experiments import read_experiment

    if settings.experiment is None:
        return None
    try:
        text = settings.experiment.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError("BAD_SETTING", f"SINGALIKE_EXPERIMENT: cannot read the file ({error})") from error
    return read_experiment(text)


def open_index(settings: Settings, timbre_dim: int, style_dim: int, model_version: str = "") -> "VoiceIndex":
    """Open the vector store that the settings name; an `IndexFollower` has to fill it; close it after use.

    Args:
        settings: Which store, and where it lies.
        timbre_dim: Length of a timbre vector.
        style_dim: Length of a style vector.
        model_version: Ear whose vectors it holds; ears that share a server have a collection each.
    """
    if settings.index == "exact":
        from singalike.services.adapters.exact_index import ExactIndex

        return ExactIndex(timbre_dim, style_dim)
    if settings.index == "server":
        from singalike.services.adapters.server_index import ServerIndex, collection_name, connect

        client = connect(settings.qdrant_url, settings.qdrant_api_key.get_secret_value())
        return ServerIndex(client, timbre_dim, style_dim, collection_name(model_version))
    from singalike.services.adapters.edge_index import EdgeIndex

    return EdgeIndex(settings.data_dir / "index", timbre_dim, style_dim, settings.min_free_disk_mb)


def open_jobs(settings: Settings) -> "DbosJobs":
    """Open the jobs' own database and its queue, with the most that any tenant may have at work; close it after use."""
    from singalike.services.adapters.dbos_jobs import DbosJobs
    from singalike.services.wire.tenants import load_tenants

    jobs = DbosJobs(settings.jobs_database_url)
    jobs.open_queue(load_tenants(settings).most_running)
    return jobs


def open_conversion_parts(settings: Settings, closing: "ExitStack") -> "ConversionParts":
    """Open what servers and workers of the conversion service share; it is closed with the stack."""
    from singalike.services.conversion.parts import ConversionParts

    targets, conversions = open_targets(settings), open_conversions(settings)
    closing.callback(targets.close)
    closing.callback(conversions.close)
    executors, jobs = open_executors(settings), open_jobs(settings)
    closing.callback(executors.close)
    closing.callback(jobs.close)
    return ConversionParts(targets, conversions, executors, jobs, open_conversion_folder(settings))


def build_perform_tools(settings: Settings, parts: "ConversionParts", closing: "ExitStack") -> "PerformTools":
    """Build what songs are converted with; it is closed with the stack."""
    from singalike.embeddings.checkpoint import SHIPPED
    from singalike.embeddings.encoder import choose_device
    from singalike.embeddings.melody import MelodyEncoder
    from singalike.services.conversion.perform import PerformTools
    from singalike.services.conversion.watermark_key import watermark_key

    catalogue, song_files = open_catalogue(settings), open_song_files(settings)
    closing.callback(catalogue.close)
    closing.callback(song_files.close)
    decoder = closing.enter_context(build_song_decoder(settings))
    return PerformTools(
        parts.conversions,
        parts.targets,
        catalogue,
        build_song_reader(settings, song_files, decoder),
        parts.folder,
        build_engines(settings),
        build_separator(settings),
        MelodyEncoder.load(settings.checkpoints or SHIPPED),
        watermark_key(settings),
        time.monotonic,
        str(choose_device(settings.device)),
    )
