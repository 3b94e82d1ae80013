"""Ids of singers: the same for every spelling of one name, apart for different names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalike.services.singer_ids import fold, singer_id_of


@pytest.mark.parametrize(
    ("name", "singer_id"),
    [("Adele", "adele"), (" ADELE ", "adele"), ("Beyoncé", "beyonce"), ("Jay-Z", "jay-z"), ("Ｘ Ｙ", "x-y")],
)
def test_latin_names_make_readable_ids(name: str, singer_id: str) -> None:
    assert singer_id_of(name) == singer_id


def test_names_that_lose_letters_stay_apart() -> None:
    ids = {
        singer_id_of(name) for name in ("아이유", "태연", "IU", "IU 아이유", "a" * 60, "a" * 61, "!!", "??", "A", "A+")
    }

    assert len(ids) == 10


@given(st.text(min_size=1, max_size=80))
def test_every_name_makes_a_stable_id_of_few_characters(name: str) -> None:
    singer_id = singer_id_of(name)

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", singer_id)
    assert len(singer_id) <= 64
    assert singer_id == singer_id_of(f"  {fold(name)} ")
