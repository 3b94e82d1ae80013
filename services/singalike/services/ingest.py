"""Recordings into the catalogue: decode, separate, embed, store, each track on its own.

Every track is one transaction, and one that is there already is recognised by the digest of its bytes before anything
is decoded. So an ingest that was killed is resumed by starting it again.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from singalike.audio.separation import IdentitySeparator, Separator
from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import CapacityError, InvalidInputError, SingalikeError, UnavailableError
from singalike.services.conversion_ports import SongFiles
from singalike.services.conversion_records import SongFile
from singalike.services.ports import Catalogue, IngestItem, IngestReport, Progress, SoundDecoder
from singalike.services.recordings import read_recording, take_vocals
from singalike.services.records import Track, TrackInfo

DEFAULT_MAX_BYTES = 64 * 2**20


Result = TypeVar("Result")


class Encoder(Protocol):
    """The ear."""

    @property
    def model_version(self) -> str:
        """Stored with each vector."""

    def encode(self, vocals: Sequence[Sound], /) -> list[VoiceProfile]:
        """Embed each recording."""


@dataclass(frozen=True)
class IngestTools:
    """What turns bytes into a track.

    Attributes:
        catalogue: Where tracks go.
        decoder, separator, encoder: The stages.
        workers: Recordings decoded and separated at the same time, beside the one that is being embedded.
        max_bytes: Larger files are refused unread.
        again: Take in also what is there already, with another separator or channel for instance.
        song_files: Remembers where each recording lies, so that it can be converted; None: nobody does.
    """

    catalogue: Catalogue
    decoder: SoundDecoder
    separator: Separator
    encoder: Encoder
    workers: int = 1
    max_bytes: int = DEFAULT_MAX_BYTES
    again: bool = False
    song_files: SongFiles | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A recording on its way.

    Attributes:
        content_sha256: Of its bytes.
        stored: The track that these bytes already are, if they are.
        vocals: To embed; None when stored.
        duration_s: Of the recording.
    """

    content_sha256: str
    stored: Track | None
    vocals: Sound | None
    duration_s: float


@dataclass(frozen=True)
class Outcome:
    """What became of one recording.

    Attributes:
        track: As stored now.
        added: Whether its vectors are new.
        updated: Whether only what the owner says of it is new.
    """

    track: Track
    added: bool
    updated: bool


def ingest(
    items: Iterable[IngestItem],
    tools: IngestTools,
    progress: Progress | None = None,
    total: int = 0,
    stop: threading.Event | None = None,
) -> IngestReport:
    """Take recordings in; each fails or succeeds on its own.

    Args:
        items: What to take in.
        tools: The stages.
        progress: Called after each recording with its path and the share done.
        total: Number of items, for the share.
        stop: When set, what is under way is finished and the rest left for the next time.

    Returns:
        What was added, updated, unchanged, and refused with the reason.

    Raises:
        UnavailableError, CapacityError: The catalogue takes no more; what was acknowledged is kept.
    """
    stop = stop or threading.Event()
    outcomes: list[Outcome] = []
    refused: list[tuple[str, str, str]] = []
    for done, (item, result) in enumerate(_prepared_ahead(items, tools, stop), start=1):
        outcome = _finish(item, result, tools)
        if isinstance(outcome, Outcome):
            outcomes.append(outcome)
        else:
            refused.append((item.path, outcome.reason, outcome.message))
        if progress is not None:
            progress(item.path, done / max(total, done))
    return IngestReport(
        added=_ids(each for each in outcomes if each.added),
        unchanged=_ids(each for each in outcomes if not (each.added or each.updated)),
        refused=tuple(refused),
        interrupted=stop.is_set(),
        updated=_ids(each for each in outcomes if each.updated),
    )


def prepare(audio: bytes, channel: str, tools: IngestTools) -> Prepared:
    """Recognise a recording by its bytes, or decode it and take the vocals out."""
    content_sha256 = hashlib.sha256(audio).hexdigest()
    stored = tools.catalogue.find_content(content_sha256, tools.encoder.model_version)
    if stored is not None and not tools.again:
        return Prepared(content_sha256, stored, None, stored.duration_s)
    sound = tools.decoder.decode(audio)
    return Prepared(content_sha256, stored, take_vocals(sound, channel, tools.separator), sound.duration_s)


def store(info: TrackInfo, prepared: Prepared, tools: IngestTools) -> Outcome:
    """Embed what is new and write it, in one transaction."""
    catalogue, stored = tools.catalogue, prepared.stored
    if stored is None:
        # The same bytes may have come in since they were looked for: twice in one list, or from another process.
        stored = catalogue.find_content(prepared.content_sha256, tools.encoder.model_version)
    if prepared.vocals is not None and (stored is None or tools.again):
        (profile,) = tools.encoder.encode([prepared.vocals])
        track = catalogue.add_track(info, prepared.content_sha256, prepared.duration_s, tools.separator.name, profile)
        return Outcome(track, added=stored is None or track.revision != stored.revision, updated=False)
    assert stored is not None
    if info == stored.info:
        return Outcome(stored, added=False, updated=False)
    profile = catalogue.get_track(stored.track_id).profile
    track = catalogue.add_track(info, stored.content_sha256, stored.duration_s, stored.separator, profile)
    return Outcome(track, added=False, updated=track.revision != stored.revision)


def _finish(item: IngestItem, result: Prepared | SingalikeError, tools: IngestTools) -> Outcome | SingalikeError:
    if isinstance(result, SingalikeError):
        return result
    try:
        return _guarded(lambda: _remembered(item, store(item.info, result, tools), tools))
    except (UnavailableError, CapacityError):
        raise  # the next recording would fare no better
    except SingalikeError as error:
        return error


def _remembered(item: IngestItem, outcome: Outcome, tools: IngestTools) -> Outcome:
    """Note where the sound of a track lies, also of one that is there already: files move."""
    if tools.song_files is not None:
        a_cappella = outcome.track.separator == IdentitySeparator.name
        path = str(Path(item.path).absolute())
        tools.song_files.add_song_file(SongFile(outcome.track.content_sha256, path, item.channel, a_cappella))
    return outcome


def _prepared_ahead(
    items: Iterable[IngestItem], tools: IngestTools, stop: threading.Event
) -> Iterator[tuple[IngestItem, Prepared | SingalikeError]]:
    """Yield recordings in order, prepared by other threads; at most one a worker, and one more, wait in memory."""

    def start(item: IngestItem) -> tuple[IngestItem, Future[Prepared]]:
        return item, pool.submit(
            _guarded, lambda: prepare(read_recording(Path(item.path), tools.max_bytes), item.channel, tools)
        )

    todo = iter(items)
    with ThreadPoolExecutor(tools.workers, thread_name_prefix="ingest") as pool:
        waiting = deque(start(item) for item in islice(todo, tools.workers + 1))
        while waiting:
            item, future = waiting.popleft()
            try:
                result: Prepared | SingalikeError = future.result()
            except SingalikeError as error:
                result = error
            if not stop.is_set():
                waiting.extend(start(following) for following in islice(todo, 1))
            yield item, result


def _guarded(step: Callable[[], Result]) -> Result:
    """Run a stage; our own fault with one recording must not cost the thousands after it."""
    try:
        return step()
    except SingalikeError:
        raise
    except Exception as error:
        raise InvalidInputError(
            "INTERNAL", f"this recording met a fault of ours ({type(error).__name__}: {error}): report it, please"
        ) from error


def _ids(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    return tuple(outcome.track.track_id for outcome in outcomes)
