"""Tags of audio files, read by a child: a parser that a stranger's file brings down takes no more than itself along.

`python -m singalike.services.adapters.tag_reader` reads one path a line and writes one JSON object a line.
"""

import contextlib
import json
import os
import resource
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from singalike.services.manifest import Tags

TIMEOUT_S = 10.0
ADDRESS_SPACE = 1 << 30
LONGEST_TAG = 500


def read_tags(files: Sequence[Path]) -> Iterator[Tags]:
    """Yield the tags of each file, with names in lower case; none where the child died or gave no answer."""
    child: subprocess.Popen[bytes] | None = None
    try:
        for file in files:
            child = child or _start()
            tags = _ask(child, file)
            if tags is None:
                _end(child)
                child = None
            yield tags or {}
    finally:
        if child is not None:
            _end(child)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "singalike.services.adapters.tag_reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def _ask(child: subprocess.Popen[bytes], file: Path) -> Tags | None:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(str(file)).encode() + b"\n")
        child.stdin.flush()
        ready, _, _ = select.select([child.stdout], [], [], TIMEOUT_S)
        line = child.stdout.readline() if ready else b""
        return {str(name): str(value) for name, value in json.loads(line).items()} if line else None
    except (OSError, ValueError):
        return None


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    with child:
        pass


def main(lines: Iterable[str]) -> None:
    """Answer for each path until the input ends."""
    import av

    av.logging.set_level(None)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    for line in lines:
        tags: dict[str, str] = {}
        with contextlib.suppress(av.FFmpegError, ValueError, MemoryError), av.open(json.loads(line)) as container:
            for found in (*(stream.metadata for stream in container.streams), container.metadata):
                tags.update({name.lower(): value.strip()[:LONGEST_TAG] for name, value in found.items()})
        sys.stdout.write(json.dumps(tags) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.stdin)
