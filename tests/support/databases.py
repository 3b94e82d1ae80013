"""Databases for tests that run on every engine there is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.catalogue_entries import SchemaOf
from tests.support.folders import quick_folder


@contextmanager
def fresh_database(engine: str) -> Iterator[str]:
    """Give the URL of an empty database: "sqlite", or "postgresql" when SINGALIKE_TEST_POSTGRES_URL names a server."""
    if engine == "sqlite":
        with quick_folder() as folder:
            yield f"sqlite:///{folder / 'data' / 'catalogue.db'}"
        return
    server = os.environ.get("SINGALIKE_TEST_POSTGRES_URL", "")
    if not server:
        pytest.skip("set SINGALIKE_TEST_POSTGRES_URL to run the contract on PostgreSQL")
    with SchemaOf(server) as fresh:
        yield fresh
