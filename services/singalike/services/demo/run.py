"""Run the demo: the whole path on synthetic singers, from sound to suggestions, with a figure to believe it by."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from numpy.random import default_rng
from rich.console import Console

from singalike.audio.synthesis import SingerVoice
from singalike.client import Client, SingerSuggestions
from singalike.recsys.suggestions import SongSuggestion, Suggestions
from singalike.services.cli.progress import progress_bar
from singalike.services.cli.suggestions_table import print_suggestions
from singalike.services.demo.catalogue import DemoCatalogue, write_demo_catalogue
from singalike.services.demo.hidden import HiddenVoice, hidden_voice
from singalike.services.demo.report import self_check_table, truth_line, truth_table
from singalike.services.demo.self_check import SelfCheck, check
from singalike.services.demo.services import Addresses, run_command, services
from singalike.services.demo.song import convert_song

RECORDINGS = "recordings"
SHOWN = 5
"""Singers and songs that are printed."""


@dataclass(frozen=True)
class DemoSize:
    """How much the demo does.

    Attributes:
        singers, songs_per_singer: Of the catalogue.
        seconds: Length of every recording.
        hidden_voices: Voices that ask; the first is shown, all count for the self-check.
        seed: Of everything random.
    """

    singers: int = 24
    songs_per_singer: int = 4
    seconds: float = 25.0
    hidden_voices: int = 12
    seed: int = 7


def run_demo(
    data_dir: Path, console: Console, song: Path, *, size: DemoSize | None = None, keep_services: bool = False
) -> SelfCheck:
    """Go the whole path and print what comes out.

    Args:
        data_dir: Empty or from an earlier run; recordings, catalogue and index go there.
        console: Where to print.
        song: Where the converted song goes.
        size: How much; None is the size of `make demo`.
        keep_services: Leave the services up after the answer, until Ctrl-C.

    Returns:
        How the suggestions agree with the truth.

    Raises:
        UnavailableError: COMMAND_FAILED, SERVICES_NOT_STARTED.
    """
    size = size or DemoSize()
    started = perf_counter()
    catalogue = _write(data_dir / RECORDINGS, size, console)
    _tell(console, f"Ingest them: singalike ingest {RECORDINGS}/{catalogue.manifest.name}")
    console.print(run_command("ingest", str(catalogue.manifest), "--data-dir", str(data_dir)), highlight=False)
    _tell(console, "Start the services: singalike serve all")
    with services(data_dir, workers=1 if keep_services else 0) as addresses:
        result, asked, best = _ask(catalogue, size, addresses, console)
        key = best.key_shift_semitones
        _tell(console, f"That voice sings the song that fits best: singalike convert {best.track_id} --key {key}")
        console.print(convert_song(data_dir, best, asked, size.seed, song), highlight=False, markup=False)
        console.print(f"\nThe whole demo took {perf_counter() - started:.0f} s.")
        if keep_services:
            _wait_for_interrupt(addresses, console)
    return result


def _write(folder: Path, size: DemoSize, console: Console) -> DemoCatalogue:
    tracks = size.singers * size.songs_per_singer
    _tell(console, f"Synthesise {size.singers} singers who never lived, {tracks} recordings of {size.seconds:.0f} s")
    with progress_bar("synthesising", tracks) as advance:
        return write_demo_catalogue(
            folder, size.seed, size.singers, size.songs_per_singer, size.seconds, advance=advance
        )


def _ask(
    catalogue: DemoCatalogue, size: DemoSize, addresses: Addresses, console: Console
) -> tuple[SelfCheck, HiddenVoice, SongSuggestion]:
    """Return how the suggestions agree with the truth, who is shown, and the song that fits them best."""
    known = {singer.name: singer.voice for singer in catalogue.singers}
    hidden = draw_hidden_voices(list(known.values()), size.hidden_voices, size.seed)
    _tell(console, f"Sing to them over gRPC at {addresses.recommender}: a voice that is none of the catalogue's")
    with Client(addresses.embedding, addresses.recommender, deadline_s=120.0) as client:
        answers = [client.recommend_singers(each.audio, k=min(size.singers, 100)) for each in hidden]
        best = _show(client, hidden[0], answers[0], known, console)
    suggested = [_positions(answer, list(known)) for answer in answers]
    result = check([each.voice for each in hidden], suggested, list(known.values()))
    console.print(self_check_table(result))
    return result, hidden[0], best


def draw_hidden_voices(known: Sequence[SingerVoice], count: int, seed: int) -> list[HiddenVoice]:
    """Record `count` people, each resembling another singer as long as there are enough."""
    rng = default_rng((seed, len(known), count))
    order = rng.permutation(len(known))
    return [hidden_voice(known[order[index % len(known)]], rng) for index in range(count)]


def _show(
    client: Client, hidden: HiddenVoice, answer: SingerSuggestions, known: Mapping[str, SingerVoice], console: Console
) -> SongSuggestion:
    titles = {track.track_id: track.info.title for track in client.list_tracks()}
    songs = client.recommend_songs(hidden.audio, k=SHOWN)
    notes = tuple(dict.fromkeys((*answer.notes, *songs.notes)))
    print_suggestions(Suggestions(answer.singers[:SHOWN], songs.songs, answer.voice, notes), titles, console)
    console.print(truth_line(hidden.voice))
    console.print(truth_table(hidden.voice, known, [singer.name for singer in answer.singers], SHOWN))
    return songs.songs[0]


def _positions(answer: SingerSuggestions, names: list[str]) -> list[int]:
    return [names.index(singer.name) for singer in answer.singers if singer.name in names]


def _tell(console: Console, sentence: str) -> None:
    console.print(f"[bold]▸ {sentence}[/bold]", highlight=False)


def _wait_for_interrupt(addresses: Addresses, console: Console) -> None:
    console.print(
        f"The services are up: embedding {addresses.embedding}, recommender {addresses.recommender}, conversion "
        f"{addresses.conversion}."
    )
    console.print("Press Ctrl-C to stop them.")
    ends = {signal.SIGINT, signal.SIGTERM}
    # Waited for rather than handled: a handler could strike between the wait and the stop.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
    console.print("Stopping.")
