"""Shared by all tests: where the development sound lies, and quiet numerics."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The folder of real voices and songs, named by SINGALIKE_DEV_DATA; tests that need it skip without it."""
    folder = os.environ.get("SINGALIKE_DEV_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set SINGALIKE_DEV_DATA to the folder of development sound to run this test")
    return Path(folder)
