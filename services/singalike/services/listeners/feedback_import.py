"""A history from elsewhere becomes feedback: what is there already is left alone, so that an import can be repeated."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import Event

from singalike.errors import InvalidInputError
from singalike.services.listeners.interaction_file import BadRow, Interaction
from singalike.services.listeners.listener_feedback import feedback_from
from singalike.services.listeners.listener_ports import FeedbackStore
from singalike.services.listeners.listener_records import FEEDBACK_KINDS, Feedback
from singalike.services.ports import Catalogue

BATCH_ROWS = 5000
"""Rows that are stored in one transaction."""

MOST_EXAMPLES = 20
LARGEST_PAGE = 1000


@dataclass
class ImportReport:
    """What became of the rows of a file.

    Attributes:
        added: New events.
        known: Events that were there already: the same listener, kind, target and time.
        unknown_items: Rows about nothing in the catalogue.
        bad_rows: Rows that cannot be used.
        examples: The first of both, in words.
        interrupted: Whether it was stopped before the end.
    """

    added: int = 0
    known: int = 0
    unknown_items: int = 0
    bad_rows: int = 0
    examples: list[str] = field(default_factory=list)
    interrupted: bool = False

    def note(self, example: str) -> None:
        """Keep the first few examples of what was left out."""
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True)
class ImportTools:
    """What an import works with.

    Attributes:
        catalogue: Says which tracks there are.
        store: Takes the events.
        now: When they arrive, UTC.
        keep_days: How long they are kept from now on; 0: for ever.
        kind: What was done where a row does not say.
    """

    catalogue: Catalogue
    store: FeedbackStore
    now: datetime
    keep_days: int
    kind: str


def import_feedback(
    rows: Iterable[Interaction | BadRow], tools: ImportTools, progress: Callable[[int], None], stop: Event
) -> ImportReport:
    """Store the rows of a file as feedback, a batch after the other; each is on disk before the next.

    Args:
        rows: As read; items are track ids or the ISRC of a track.
        tools: What it works with.
        progress: Told how many more rows are done.
        stop: Ends the import between two batches.
    """
    report, track_ids = ImportReport(), _tracks_by_name(tools.catalogue)
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        if stop.is_set():
            report.interrupted = True
            break
        events = list(_events(batch, tools, track_ids, report))
        added = tools.store.add_events(events)
        report.added += added
        report.known += len(events) - added
        progress(len(batch))
    return report


def _events(
    batch: Iterable[Interaction | BadRow], tools: ImportTools, track_ids: dict[str, str], report: ImportReport
) -> Iterator[tuple[str, Feedback]]:
    for row in batch:
        if isinstance(row, BadRow):
            report.bad_rows += 1
            report.note(f"row {row.number}: {row.message}")
        elif row.item not in track_ids:
            report.unknown_items += 1
            report.note(f"{row.item} is no track of the catalogue")
        else:
            try:
                yield row.user, _event(row, track_ids[row.item], tools)
            except InvalidInputError as error:
                report.bad_rows += 1
                report.note(f"{row.user}, {row.item}, {row.time.isoformat()}: {error.message}")


def _event(row: Interaction, track_id: str, tools: ImportTools) -> Feedback:
    kind = row.kind or tools.kind
    if kind not in FEEDBACK_KINDS:
        raise InvalidInputError("BAD_KIND", f"kind is {kind!r}: use one of {', '.join(FEEDBACK_KINDS)}")
    return feedback_from(kind, track_id, "", row.time, None, "", tools.now, tools.keep_days)


def _tracks_by_name(catalogue: Catalogue) -> dict[str, str]:
    """Find tracks by id and by ISRC."""
    found: dict[str, str] = {}
    token = ""
    while True:
        page = catalogue.list_tracks(LARGEST_PAGE, token)
        found |= {track.info.isrc: track.track_id for track in page.items if track.info.isrc}
        found |= {track.track_id: track.track_id for track in page.items}
        token = page.next_page_token
        if not token:
            return found
