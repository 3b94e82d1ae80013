"""What servers and workers of the conversion service share."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from singalike.errors import SingalikeError, for_operators
from singalike.services.conversion_ports import ConversionFolder, ConversionStore, Executors, JobQueue, TargetStore

LOG = structlog.get_logger()


@dataclass(frozen=True)
class ConversionParts:
    """Where voices, conversions, workers, jobs and files are kept.

    Attributes:
        targets, conversions, executors, jobs, folder: The ports.
    """

    targets: TargetStore
    conversions: ConversionStore
    executors: Executors
    jobs: JobQueue
    folder: ConversionFolder

    def erase_files(self, conversion_id: str) -> None:
        """Erase what lies of a conversion; what cannot be erased now is swept later, and hinders nobody."""
        tidy(self.folder.erase, conversion_id)


def tidy(erase: Callable[[str], None], name: str) -> None:
    """Erase files, or say that they are left."""
    try:
        erase(name)
    except SingalikeError as error:
        LOG.warning("files_left", name=name, reason=error.reason, message=for_operators(error))
