"""`singalike serve`: the gRPC services."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from singalike.services.cli.options import data_dir_option
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.services.server import Which


@click.command()
@click.argument("service", type=click.Choice(["embedding", "recommender", "conversion", "all"]), default="all")
@data_dir_option
@click.option("--host", default=None, help="Address to listen on; default SINGALIKE_HOST, else 127.0.0.1.")
@click.option("--embedding-port", type=int, default=None, help="Port of the embedding service; 0: any free.")
@click.option("--recommender-port", type=int, default=None, help="Port of the recommender service; 0: any free.")
@click.option("--conversion-port", type=int, default=None, help="Port of the conversion service; 0: any free.")
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    default=None,
    help="Workers to start for conversions; default SINGALIKE_CONVERSION_WORKERS, else 1; 0: they run elsewhere.",
)
@click.option(
    "--ports-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write the ports in use there as JSON once calls are taken.",
)
def command(
    service: str,
    data_dir: Path | None,
    host: str | None,
    embedding_port: int | None,
    recommender_port: int | None,
    conversion_port: int | None,
    workers: int | None,
    ports_file: Path | None,
) -> None:
    """Start the gRPC services and run until SIGTERM or Ctrl-C.

    SERVICE is all (default), embedding, recommender or conversion; the last two alone ask SINGALIKE_EMBEDDING_TARGET to
    listen. The conversion service starts workers, which sing.
    """
    settings = read_settings(
        data_dir=data_dir,
        host=host,
        embedding_port=embedding_port,
        recommender_port=recommender_port,
        conversion_port=conversion_port,
        conversion_workers=workers,
    )
    from singalike.services import server
    from singalike.services.logs import configure_logs

    configure_logs(settings)
    server.run(cast("Which", service), settings, ports_file)
