"""The data folder goes while the catalogue is open: an unmounted disk, say."""

import shutil
from pathlib import Path

import pytest

from singalike.errors import UnavailableError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from tests.support.catalogue_entries import add_track


def test_writes_are_refused_as_unavailable_when_the_folder_has_gone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    catalogue = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
    shutil.rmtree(folder)

    with pytest.raises(UnavailableError) as refusal:
        add_track(catalogue, 1)

    assert refusal.value.reason == "CATALOGUE_UNAVAILABLE"
    catalogue.close()
