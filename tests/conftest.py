"""Shared by all tests: where the development sound lies, quiet numerics, and what makes tests the same everywhere."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FOR_TESTS = {"SINGALIKE_DEV_DATA", "SINGALIKE_TEST_POSTGRES_URL", "SINGALIKE_QDRANT_URL"}
OF_TERMINALS = {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"}
for name in list(os.environ):
    # What somebody has set for an installation of theirs, and how wide their window is, is no matter of the tests.
    if name in OF_TERMINALS or (name.startswith("SINGALIKE_") and name not in FOR_TESTS):
        del os.environ[name]

# Whether a test passes depends on the code alone, and not on the machine's speed, on chance or on earlier runs;
# `pytest --hypothesis-profile default` looks for new examples.
settings.register_profile(
    "same-everywhere", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same-everywhere")


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The folder of real voices and songs, named by SINGALIKE_DEV_DATA; tests that need it skip without it."""
    folder = os.environ.get("SINGALIKE_DEV_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set SINGALIKE_DEV_DATA to the folder of development sound to run this test")
    return Path(folder)
