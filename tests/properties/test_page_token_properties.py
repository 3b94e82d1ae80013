"""Page tokens round-trip, and are worth nothing when altered."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalike.errors import InvalidInputError
from singalike.services.page_tokens import _digest, _scope_digest, make_token, read_token

SCOPES = st.lists(st.text(max_size=20), max_size=4).map(tuple)
KINDS = st.sampled_from(["singers", "tracks"])


@given(kind=KINDS, scope=SCOPES, last_id=st.text(max_size=80))
def test_a_token_gives_back_where_the_page_ended(kind: str, scope: tuple[str, ...], last_id: str) -> None:
    assert read_token(make_token(kind, scope, last_id), kind, scope) == last_id


@given(scope=SCOPES, other=SCOPES, last_id=st.text(max_size=20))
def test_a_token_is_good_for_its_filter_only(scope: tuple[str, ...], other: tuple[str, ...], last_id: str) -> None:
    token = make_token("singers", scope, last_id)

    if other != scope:
        with pytest.raises(InvalidInputError):
            read_token(token, "singers", other)
    with pytest.raises(InvalidInputError):
        read_token(token, "tracks", scope)


@given(token=st.text(min_size=1, max_size=60))
def test_invented_tokens_are_refused(token: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        read_token(token, "singers", ())

    assert refusal.value.reason == "BAD_PAGE_TOKEN"


@given(last_id=st.text(min_size=1, max_size=20), position=st.integers(0, 200), letter=st.sampled_from("ABCxyz019-_"))
def test_altered_tokens_are_refused(last_id: str, position: int, letter: str) -> None:
    token = make_token("tracks", (), last_id)
    position %= len(token) - 1  # the last character may hold bits that base64 does not use
    altered = token[:position] + letter + token[position + 1 :]

    if altered != token:
        with pytest.raises(InvalidInputError):
            read_token(altered, "tracks", ())


def forged(body: bytes) -> str:
    """Write a token as somebody does who has read the source."""
    return base64.urlsafe_b64encode(_digest(body) + body).decode().rstrip("=")


JSON = st.recursive(st.none() | st.floats() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5)


@given(body=JSON.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=20))
def test_forged_tokens_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        read_token(forged(body), "singers", ())

    assert refusal.value.reason == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("last_id", ["\ud800", 5, None, {}])
def test_a_forged_token_never_names_an_id_that_no_database_takes(last_id: object) -> None:
    body = json.dumps(["singers", _scope_digest(()), last_id]).encode()

    with pytest.raises(InvalidInputError) as refusal:
        read_token(forged(body), "singers", ())

    assert refusal.value.reason == "BAD_PAGE_TOKEN"
