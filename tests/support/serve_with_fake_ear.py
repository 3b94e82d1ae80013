"""Run as `python -m tests.support.serve_with_fake_ear DATA_DIR PORTS_FILE`: both services, with an ear without weights.

Everything else is the real thing, so that a test can kill it.
"""

import sys
from pathlib import Path

import pytest

from singalike.services.server import run
from tests.support.servers import small_settings, use_fake_ear


def main(data_dir: str, ports_file: str) -> None:
    """Serve until a signal comes."""
    with pytest.MonkeyPatch.context() as patch:
        use_fake_ear(patch)
        run("all", small_settings(Path(data_dir)), Path(ports_file))


if __name__ == "__main__":
    main(*sys.argv[1:])
