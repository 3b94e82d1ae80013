"""Work that is watched: by whoever shows its progress, and may stop it."""

from collections.abc import Callable

Watch = Callable[[float], None]
"""Called at least once a second or so with the share done, in [0, 1], growing; what it raises ends the work."""


def nobody_watches(_share: float) -> None:
    """Stand in for who neither shows progress nor stops the work."""
