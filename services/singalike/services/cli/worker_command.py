"""`singalike worker`: a process that works on conversions."""

import os
import sys
from pathlib import Path

import click

from singalike.services.cli.options import data_dir_option
from singalike.services.cli.stopping import stop_signals
from singalike.services.settings import read_settings


@click.command()
@data_dir_option
@click.option("--executor-id", default="", hidden=True, help="Name of this worker, never used before.")
@click.option("--supervised", is_flag=True, hidden=True, help="Go when standard input closes.")
def command(data_dir: Path | None, executor_id: str, supervised: bool) -> None:
    """Work on conversions, one at a time, until SIGTERM or Ctrl-C.

    Run as many as there are processors to spare, on as many machines as share the databases and
    SINGALIKE_CONVERSION_DIR; `singalike serve` starts SINGALIKE_CONVERSION_WORKERS of them by itself. A worker that is
    told to stop lets go of its conversion; another one goes on from the last finished piece.
    """
    settings = read_settings(data_dir=data_dir)
    from singalike.services.conversion import worker_process
    from singalike.services.logs import configure_logs

    configure_logs(settings)
    with stop_signals() as stopping:
        ended_well = worker_process.run(settings, stopping, executor_id, supervised=supervised)
    if not ended_well:
        # Something still runs in here that would not be stopped; its conversion is found by others.
        sys.stderr.flush()
        os._exit(1)
