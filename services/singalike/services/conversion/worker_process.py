"""A worker as a process: parts are built, jobs taken until it is told to stop, what is at work let go."""

import os
import threading
from contextlib import ExitStack

import structlog

from singalike.services import bootstrap
from singalike.services.adapters.dbos_jobs import DbosWorker
from singalike.services.conversion.heartbeat import Heartbeat
from singalike.services.conversion.perform import perform
from singalike.services.conversion.staff import Staff
from singalike.services.conversion.supervisor import end_with_parent, new_executor_id
from singalike.services.conversion.worker import Check, ConversionWorker, WorkerParts
from singalike.services.conversion_records import ConvertedSong, StoredConversion
from singalike.services.settings import Settings
from singalike.services.wire.tenants import load_tenants

LOG = structlog.get_logger()


def run(settings: Settings, stopping: threading.Event, executor_id: str = "", *, supervised: bool = False) -> bool:
    """Work until told to stop.

    Args:
        settings: Where everything lies.
        stopping: Set to stop.
        executor_id: Name of this worker, never used before; empty: draw one.
        supervised: A parent watches over this process, and it goes with the parent.

    Returns:
        Whether it ended as it was told to; else the process has to end, whatever still runs in it.

    Raises:
        SingalikeError: A part cannot be built.
    """
    executor_id = executor_id or new_executor_id()
    if supervised:
        end_with_parent(settings.grace_s + 5.0)
    lost = threading.Event()

    def give_up() -> None:
        lost.set()
        stopping.set()

    with ExitStack() as closing:
        parts = bootstrap.open_conversion_parts(settings, closing)
        tools = bootstrap.build_perform_tools(settings, parts, closing)
        limits = load_tenants(settings)

        def perform_with_tools(conversion: StoredConversion, check: Check) -> ConvertedSong:
            return perform(conversion, executor_id, tools, check)

        def most_running(tenant: str) -> int:
            return limits.named(tenant).most_running

        closing.enter_context(Heartbeat(parts.executors, executor_id))
        staff = closing.enter_context(Staff(settings, parts, most_running, workers=0))
        with_what = WorkerParts(
            parts.conversions, parts.jobs, parts.folder, perform_with_tools, most_running, staff.sweep_soon
        )
        worker = ConversionWorker(with_what, executor_id, give_up)
        taker = DbosWorker(settings.jobs_database_url, executor_id, worker.work_on)
        LOG.info("worker_ready", executor_id=executor_id, pid=os.getpid())
        stopping.wait()
        LOG.info("worker_stopping", executor_id=executor_id)
        worker.stop()
        is_idle = taker.stop(settings.grace_s)
        worker.hand_over()
    LOG.info("worker_stopped", executor_id=executor_id, idle=is_idle)
    return is_idle and not lost.is_set()
