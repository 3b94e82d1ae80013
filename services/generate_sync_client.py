"""Generate `singalike.client.sync` from `singalike.client.aio`; with --check, fail when what is committed differs.

usage: python services/generate_sync_client.py [--check]
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from unasync import Rule, unasync_files

CLIENT = Path(__file__).parent / "singalike" / "client"
MODULES = ("calls.py", "conversion_calls.py", "listener_calls.py", "suggestion_calls.py")
NAMES = {"aio": "sync", "ConversionServiceAsyncStub": "ConversionServiceStub"}
HEADER = "# Generated from singalike/client/aio by services/generate_sync_client.py: change it there.\n"
CONFIG = CLIENT.parents[2] / "pyproject.toml"


def generate(folder: Path) -> None:
    """Write the modules of the synchronous client into a folder."""
    rule = Rule(str(CLIENT / "aio"), str(folder), additional_replacements=NAMES)
    unasync_files([str(CLIENT / "aio" / name) for name in MODULES], [rule])
    written = [folder / name for name in MODULES]
    for file in written:
        file.write_text(HEADER + file.read_text("utf-8"), "utf-8")
    for tidy in (["check", "--quiet", "--fix", "--select", "I"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *tidy, "--config", str(CONFIG), *map(str, written)]
        subprocess.run(command, check=True)  # noqa: S603 - our own formatter


def stale() -> list[str]:
    """Name the modules that are not what would be generated."""
    with TemporaryDirectory() as fresh:
        generate(Path(fresh))
        return [name for name in MODULES if (CLIENT / "sync" / name).read_bytes() != (Path(fresh) / name).read_bytes()]


def main() -> None:
    """Write, or compare."""
    if "--check" not in sys.argv[1:]:
        generate(CLIENT / "sync")
    elif names := stale():
        sys.exit(f"{', '.join(names)} of {CLIENT / 'sync'}: stale, run services/generate_sync_client.py and commit")


if __name__ == "__main__":
    main()
