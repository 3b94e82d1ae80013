"""While others keep the jobs' database locked, a server acknowledges what is ordered and has it enqueued later."""

import asyncio
import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import pytest

from singalike.services import bootstrap
from singalike.services.adapters import dbos_jobs
from singalike.services.conversion.sweeper import Sweeper
from singalike.services.conversion_records import JobState
from tests.support.conversion_servers import Bench, enrol, quick_conversions
from tests.support.folders import quick_folder
from tests.support.servers import running, small_settings

OPEN_JOBS = bootstrap.open_jobs


async def test_what_is_ordered_while_the_jobs_are_locked_is_acknowledged_and_enqueued_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dbos_jobs, "PATIENCE_MS", 50)
    with quick_folder() as folder, quick_conversions() as patch, ExitStack() as stack:
        patch.setattr(bootstrap, "open_jobs", OPEN_JOBS)
        settings = small_settings(folder)
        async with running(settings) as servers:
            parts = bootstrap.open_conversion_parts(settings, stack)
            catalogue = stack.enter_context(closing(bootstrap.open_catalogue(settings)))
            track_id, _ = Bench(servers, settings, parts, catalogue).add_song()
            voice = await enrol(servers.client)
            lock = sqlite3.connect(folder / "jobs.db", isolation_level=None)
            lock.execute("BEGIN IMMEDIATE")

            kept = await servers.client.create_conversion(track_id, voice.voice_id, request_id="once")
            again = await servers.client.create_conversion(track_id, voice.voice_id, request_id="once")
            dropped = await servers.client.create_conversion(track_id, voice.voice_id)
            cancelled = await servers.client.cancel_conversion(dropped.conversion_id)
            while_locked = {one.conversion_id for one in parts.jobs.jobs()}
            lock.close()
            sweeper = Sweeper(parts, lambda: datetime.now(UTC), lambda _tenant: 4)
            for _ in range(2):  # a row without a job is enqueued when it is seen for the second time
                await asyncio.to_thread(sweeper.sweep)
            jobs = [(job.conversion_id, job.state) for job in parts.jobs.jobs()]

        assert (kept.state, again, cancelled.state) == ("queued", kept, "cancelled")
        assert while_locked == set()
        assert jobs == [(kept.conversion_id, JobState.WAITING)]
