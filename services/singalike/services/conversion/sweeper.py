"""Sees to it that rows, jobs and files of conversions agree, and that nothing is kept for longer than it may be."""

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from singalike.errors import NotFoundError
from singalike.services.conversion.parts import ConversionParts, tidy
from singalike.services.conversion_records import ConversionState, JobState, Priority, StoredConversion

LOG = structlog.get_logger()

TURNS = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}


class Sweeper:
    """Sweeps once a call; any number of processes may sweep at once.

    Whoever makes something writes its row first, so jobs and files are listed before rows: what has no row then was
    erased.

    Args:
        parts: The ports.
        now: The clock, UTC.
        most_running: Conversions of a tenant that may run at once, by its name.
    """

    def __init__(self, parts: ConversionParts, now: Callable[[], datetime], most_running: Callable[[str], int]) -> None:
        self._parts = parts
        self._now = now
        self._most_running = most_running
        self._jobless: frozenset[str] = frozenset()
        self._with_song: set[str] = set()

    def sweep(self) -> None:
        """Erase what has expired, what nobody knows and what is not needed, and wake what was forgotten.

        Raises:
            SingalikeError: The store or the jobs cannot be reached now.
        """
        self.erase_outdated()
        self._sweep_jobs()
        self._sweep_files()

    def erase_outdated(self) -> None:
        """Erase conversions and consents that have expired, and vocals that no conversion is of; raises as `sweep`."""
        self._erase_expired()
        self._sweep_vocals()

    def _erase_expired(self) -> None:
        now = self._now()
        expired = self._parts.conversions.remove_expired(now)
        lapsed = self._parts.targets.lapse_consents(now)
        for conversion_id in (*expired, *lapsed):
            self._parts.erase_files(conversion_id)
            LOG.info("conversion_expired", conversion_id=conversion_id)
        self._parts.jobs.forget(expired)

    def _sweep_jobs(self) -> None:
        jobs = self._parts.jobs.jobs()
        unfinished = {conversion.conversion_id: conversion for conversion in self._parts.conversions.unfinished()}
        # One that is still taken has a worker that will hear of it, or that is dead and will be found so.
        over = [
            job.conversion_id for job in jobs if job.conversion_id not in unfinished and job.state is not JobState.TAKEN
        ]
        self._parts.jobs.forget(over)
        active = {job.conversion_id for job in jobs if job.state is not JobState.ENDED}
        jobless = [
            conversion
            for conversion in unfinished.values()
            if conversion.state is ConversionState.QUEUED and conversion.conversion_id not in active
        ]
        # Seen twice: whoever has just written the row is about to enqueue it, or to work on it without a job.
        seen_before = [conversion for conversion in jobless if conversion.conversion_id in self._jobless]
        self._jobless = frozenset(conversion.conversion_id for conversion in jobless)
        self._wake(seen_before, [unfinished[name] for name in active & unfinished.keys()])

    def _wake(self, jobless: list[StoredConversion], busy: Iterable[StoredConversion]) -> None:
        """Enqueue as many of each tenant as may run."""
        room: dict[str, int] = {}
        for conversion in busy:
            room[conversion.tenant] = room.get(conversion.tenant, self._most_running(conversion.tenant)) - 1
        for conversion in sorted(jobless, key=lambda waiting: (TURNS[waiting.order.priority], waiting.number)):
            left = room.get(conversion.tenant, self._most_running(conversion.tenant))
            if left <= 0:
                continue
            room[conversion.tenant] = left - 1
            self._parts.jobs.enqueue(
                conversion.conversion_id, conversion.tenant, conversion.order.priority, conversion.number
            )
            LOG.info("conversion_woken", conversion_id=conversion.conversion_id)

    def _sweep_files(self) -> None:
        """Erase the files of conversions that are gone or have no song, and the pieces of those that have one."""
        with_files = self._parts.folder.conversion_ids()
        self._with_song &= with_files
        for conversion_id in with_files - self._with_song:
            state = self._state(conversion_id)
            if state is ConversionState.SUCCEEDED:
                tidy(self._parts.folder.drop_pieces, conversion_id)
                self._with_song.add(conversion_id)
            elif state is None or state.is_final:
                self._parts.erase_files(conversion_id)
                LOG.info("files_erased", conversion_id=conversion_id)
        gone = self._with_song - self._parts.conversions.conversion_ids()
        for conversion_id in gone:
            self._parts.erase_files(conversion_id)
            LOG.info("files_erased", conversion_id=conversion_id)
        self._with_song -= gone

    def _sweep_vocals(self) -> None:
        """Erase separated vocals of songs that no conversion is of any more."""
        for content_sha256 in self._parts.folder.vocal_contents() - self._parts.conversions.contents():
            tidy(self._parts.folder.erase_vocals, content_sha256)
            LOG.info("vocals_erased", content_sha256=content_sha256)

    def _state(self, conversion_id: str) -> ConversionState | None:
        try:
            return self._parts.conversions.get_conversion(conversion_id).state
        except NotFoundError:
            return None
