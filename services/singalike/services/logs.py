"""How a process logs: one line an event on stderr, JSON unless a person watches."""

import logging
import sys

import structlog

from singalike.services.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Set up structlog for the whole process, once."""
    as_json = settings.log_json if settings.log_json is not None else not sys.stderr.isatty()
    # Plain tracebacks: the default ones show the variables of every frame, so recordings, vectors and tokens.
    for_people = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(render if as_json else [for_people]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
