"""Run as `python -m tests.support.ingest_with_fake_ear MANIFEST DATABASE_URL`: an ingest whose ear needs no weights.

Everything else is the real thing, so that a test can kill it. A line "PATH" is printed for each recording that was
acknowledged, which is what must never be lost; then a line from stdin is waited for, so that the ingest is never done
before who kills it wants that.
"""

import sys
from pathlib import Path

from singalike.audio.decoding import GuardedDecoder
from singalike.audio.separation import IdentitySeparator
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.tag_reader import read_tags
from singalike.services.ingest import IngestTools, ingest
from singalike.services.manifest import read_manifest
from tests.support.fake_ear import FakeEar


def acknowledge(path: str, _share: float) -> None:
    """Tell whoever listens that a recording is on disk, and wait until they have heard."""
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def main(source: str, url: str) -> None:
    """Ingest, acknowledging each recording on stdout."""
    items = read_manifest(Path(source), read_tags).items
    catalogue = SqlCatalogue(url)
    with GuardedDecoder(processes=1) as decoder:
        tools = IngestTools(catalogue, decoder, IdentitySeparator(), FakeEar())
        ingest(items, tools, progress=acknowledge, total=len(items))
    catalogue.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
