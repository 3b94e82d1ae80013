"""Use case: convert a song in this process, with the person who asked waiting for it.

The rows, pieces and files are those of a worker, so that whoever is cut off goes on where they stopped, in this process
or in a worker's.
"""

import hashlib
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from singalike.errors import CapacityError, InvalidInputError, NotFoundError, SingalikeError, UnavailableError
from singalike.services.conversion.conversions import Leftovers
from singalike.services.conversion.heartbeat import Heartbeat
from singalike.services.conversion.parts import ConversionParts
from singalike.services.conversion.perform import PerformTools, Reports, Tracks, perform
from singalike.services.conversion.still_wanted import LetGoError, StillWanted
from singalike.services.conversion.worker import Perform
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionOrder,
    ConversionProgress,
    ConversionState,
    ConvertedSong,
    SongFile,
    StoredConversion,
    StoredTarget,
    Tenant,
)
from singalike.services.conversion_refusals import not_enrolled
from singalike.whole_files import whole_file

ELSEWHERE = {"CONVERSION_MOVED", "CONVERSION_FINISHED"}
"""What the store says when another worker has the conversion, or has ended it already."""

NOT_WRITABLE = "NOT_WRITABLE"
LOOK_S = 0.5
REQUEST_DIGITS = 40

Show = Callable[[ConversionProgress], None]
"""Told of everything that is reported."""


class ShownReports:
    """Reports to a store, and shows what it reports.

    Args:
        store: Where reports go.
        show: Who else is told.
    """

    def __init__(self, store: Reports, show: Show) -> None:
        self._store = store
        self._show = show

    def report(self, conversion_id: str, executor_id: str, progress: ConversionProgress) -> None:
        """Note how far a worker is."""
        self._show(progress)
        self._store.report(conversion_id, executor_id, progress)

    def note_key_shift(self, conversion_id: str, executor_id: str, semitones: int) -> None:
        """Fill in the key shift that was chosen."""
        self._store.note_key_shift(conversion_id, executor_id, semitones)


def performing(tools: PerformTools, executor_id: str, show: Show) -> Perform:
    """Return the work of a worker that also shows what it reports."""
    shown = replace(tools, conversions=ShownReports(tools.conversions, show))
    return lambda conversion, check: perform(conversion, executor_id, shown, check)


class HereConverter:
    """Converts songs in this process.

    Args:
        parts: Where everything is kept.
        perform: What the work is.
        executor_id: Name of this process among the workers, never used before.
        stopping: Set to stop, for instance by Ctrl-C.
        show: Told of progress where a worker took a conversion over.
    """

    def __init__(
        self, parts: ConversionParts, perform: Perform, executor_id: str, stopping: threading.Event, show: Show
    ) -> None:
        self._parts = parts
        self._perform = perform
        self._executor_id = executor_id
        self._stopping = stopping
        self._show = show

    def convert(self, conversion: StoredConversion) -> StoredConversion:
        """Make the song, or go on with it; one that is made already is returned as it is.

        Args:
            conversion: From `order_song`.

        Returns:
            SUCCEEDED.

        Raises:
            LetGoError: It was stopped, and waits for whoever goes on.
            SingalikeError: Why there is no song. After DISK_FULL and the like it waits, too.
        """
        if conversion.state == ConversionState.SUCCEEDED:
            return conversion
        conversion_id = conversion.conversion_id
        with Heartbeat(self._parts.executors, self._executor_id):
            try:
                song = self._watched(self._parts.conversions.start(conversion_id, self._executor_id))
            except SingalikeError as error:
                if error.reason in ELSEWHERE:
                    return self._follow(conversion_id)
                self._end(conversion_id, error)
                raise
            except BaseException:
                self._parts.conversions.requeue(conversion_id, self._executor_id, given_back=True)
                raise
            return self._succeed(conversion_id, song)

    def _watched(self, conversion: StoredConversion) -> ConvertedSong:
        def ask() -> None:
            self._parts.conversions.check(conversion.conversion_id, self._executor_id)

        with StillWanted(ask, self._stopping) as wanted:
            return self._perform(conversion, wanted.check)

    def _succeed(self, conversion_id: str, song: ConvertedSong) -> StoredConversion:
        done = self._parts.conversions.succeed(conversion_id, self._executor_id, song)
        self._parts.folder.drop_pieces(conversion_id)
        return done

    def _end(self, conversion_id: str, error: SingalikeError) -> None:
        """Note why there is no song; what may pass by itself leaves the conversion waiting."""
        conversions = self._parts.conversions
        if may_go_on(error):
            conversions.requeue(conversion_id, self._executor_id, given_back=True)
            return
        if not error.reason.startswith("CONVERSION_"):
            conversions.fail(conversion_id, self._executor_id, ConversionFault(error.reason, error.message))
        self._parts.folder.erase(conversion_id)

    def _follow(self, conversion_id: str) -> StoredConversion:
        """Wait for the worker that took it over."""
        while not self._stopping.wait(LOOK_S):
            conversion = self._parts.conversions.get_conversion(conversion_id)
            self._show(conversion.progress)
            if conversion.state == ConversionState.SUCCEEDED:
                return conversion
            if conversion.state.is_final:
                fault = conversion.fault or ConversionFault("CONVERSION_CANCELLED", "it was cancelled")
                raise UnavailableError(fault.reason, fault.message)
        raise LetGoError


def order_song(parts: ConversionParts, tenant: Tenant, order: ConversionOrder, out: Path) -> StoredConversion:
    """Store what is asked for; the same again finds what was begun, or finished.

    Args:
        parts: Where everything is kept.
        tenant: Whose it is.
        order: What is asked for.
        out: Where the song will go: for another file it is made anew.

    Raises:
        SingalikeError: As `ConversionStore.add_conversion`.
    """
    request_id = f"here-{digest_of(asdict(order), str(out.absolute()))}"
    before = parts.conversions.add_conversion(tenant, order, request_id)
    if before.state == ConversionState.SUCCEEDED and _has_song(parts, before):
        return before
    if not before.state.is_final:
        return before
    parts.conversions.remove_conversion(before.conversion_id)
    Leftovers(parts.jobs, parts.folder).erase([before.conversion_id])
    return parts.conversions.add_conversion(tenant, order, request_id)


def _has_song(parts: ConversionParts, conversion: StoredConversion) -> bool:
    try:
        parts.folder.find_song(conversion.conversion_id)
    except NotFoundError:
        return False
    return True


def save_song(song: Path, out: Path) -> None:
    """Copy a finished song to where it is wanted, wholly or not at all; raises InvalidInputError NOT_WRITABLE."""
    try:
        with whole_file(out) as part:
            shutil.copyfile(song, part)
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}; the song is kept, give the command again"
        raise InvalidInputError(NOT_WRITABLE, message) from error


def forget_voice(parts: ConversionParts, tenant: Tenant, voice_id: str, content_sha256: str) -> None:
    """Erase a voice with everything that was sung with it, and the vocal of a song if nobody else needs it."""
    Leftovers(parts.jobs, parts.folder).erase(parts.targets.remove_target(tenant.name, voice_id))
    if content_sha256 not in parts.conversions.contents():
        parts.folder.erase_vocals(content_sha256)


def may_go_on(error: SingalikeError) -> bool:
    """Say whether the same again may succeed later, so that what was begun is worth keeping."""
    return isinstance(error, UnavailableError | CapacityError) or error.reason == NOT_WRITABLE


def find_song_here(
    song: str, catalogue: Tracks, known: Callable[[str], SongFile], *, channel: str | None, a_cappella: bool
) -> tuple[str, SongFile]:
    """Find a song by its path or by its id in the catalogue.

    Args:
        song: A path, or a track id.
        catalogue: Knows tracks.
        known: Where songs lie, by content; raises NotFoundError.
        channel: What to listen to; None: as it was taken in, else all of it.
        a_cappella: Whether it is a voice alone; False: as it was taken in.

    Returns:
        The id of the track, empty where the catalogue does not have it, and where the song lies.

    Raises:
        NotFoundError: SONG_NOT_FOUND; SONG_SOUND_NOT_FOUND.
    """
    path = Path(song)
    if not path.is_file():
        content = _content_of_track(song, catalogue)
        return song, known(content)
    content = _digest_of_file(path)
    track_id = content[:20]
    try:
        catalogue.get_track(track_id)
    except NotFoundError:
        track_id = ""
    here = str(path.absolute())
    try:
        before = known(content)
    except NotFoundError:
        before = SongFile(content, here)
    # Other conversions of the song look where it was taken in: what is given here may be a copy that goes.
    place = before.path if _holds(Path(before.path), content) else here
    return track_id, SongFile(content, place, channel or before.channel, a_cappella or before.a_cappella)


def choose_engine(asked: str, target: StoredTarget, names: tuple[str, ...]) -> str:
    """Return the engine asked for, or the first of ours that has learnt the voice; raises WrongStateError."""
    known = [name for name in names if name in target.engines]
    if asked or known:
        return asked or known[0]
    raise not_enrolled(target.voice_id, names[0])


def digest_of(*deciding: object) -> str:
    """Name everything that decides an answer, in hex digits."""
    written = json.dumps(deciding, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:REQUEST_DIGITS]


def _content_of_track(track_id: str, catalogue: Tracks) -> str:
    try:
        return catalogue.get_track(track_id).track.content_sha256
    except NotFoundError as error:
        message = f"{track_id} is neither a file nor a track: correct the path, or see singalike tracks list"
        raise NotFoundError("SONG_NOT_FOUND", message) from error


def _holds(path: Path, content_sha256: str) -> bool:
    try:
        return _digest_of_file(path) == content_sha256
    except OSError:
        return False


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
