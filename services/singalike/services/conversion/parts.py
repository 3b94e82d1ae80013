"""What servers and workers of the conversion service share."""

from dataclasses import dataclass

from singalike.services.conversion_ports import ConversionFolder, ConversionStore, Executors, JobQueue, TargetStore


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
