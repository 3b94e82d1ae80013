"""Applications are known by the digests of their tokens."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from singalike.errors import InvalidInputError
from singalike.services.conversion_records import Tenant
from singalike.services.settings import Settings
from singalike.services.wire.listening import check_exposure
from singalike.services.wire.tenants import load_tenants


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def settings_with(folder: Path, content: object, **changes: Any) -> Settings:
    path = folder / "tenants.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return Settings(tenants=path, **changes)


def test_without_tokens_everybody_is_the_default_tenant() -> None:
    tenants = load_tenants(Settings())

    assert not tenants.ask_for_tokens
    assert tenants.find(b"whatever") == Tenant("default")


def test_the_operators_token_is_the_default_tenant() -> None:
    tenants = load_tenants(Settings(auth_token="secret"))  # type: ignore[arg-type]

    assert tenants.ask_for_tokens
    assert tenants.find(b"secret") == Tenant("default")
    assert tenants.find(b"Secret") is None


def test_tenants_of_the_file_are_told_apart_and_have_their_limits(tmp_path: Path) -> None:
    entries = {
        "karaoke": {"token_sha256": digest("one"), "most_waiting": 7, "most_running": 2},
        "choir": {"token_sha256": digest("two")},
    }

    tenants = load_tenants(settings_with(tmp_path, entries, auth_token="three"))

    assert tenants.find(b"one") == tenants.named("karaoke") == Tenant("karaoke", 7, 2)
    assert tenants.find(b"two") == Tenant("choir")
    assert tenants.find(b"three") == Tenant("default")
    assert tenants.find(b"") is None
    assert tenants.named("gone") == Tenant("gone")


def test_the_queue_lets_as_many_run_as_the_tenant_that_may_most(tmp_path: Path) -> None:
    entries = {name: {"token_sha256": digest(name), "most_running": most} for name, most in (("a", 2), ("b", 9))}

    limits = [load_tenants(Settings()).most_running, load_tenants(settings_with(tmp_path, entries)).most_running]

    assert limits == [Tenant().most_running, 9]


def test_the_example_of_the_page_is_a_file_of_tenants(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "conversion.md").read_text("utf-8")
    example = re.search(r"^## Tenants$.*?^```json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert example is not None

    tenants = load_tenants(settings_with(tmp_path, example[1]))

    assert tenants.named("karaoke") == Tenant("karaoke", 50, 2)
    assert tenants.named("choir") == Tenant("choir")


def test_a_file_that_names_the_default_tenant_limits_the_operators_token_too(tmp_path: Path) -> None:
    entries = {"default": {"token_sha256": digest("one"), "most_waiting": 3}}

    tenants = load_tenants(settings_with(tmp_path, entries, auth_token="other"))

    assert tenants.find(b"other") == tenants.find(b"one") == Tenant("default", 3)


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "{}",
        "[]",
        {"": {"token_sha256": digest("x")}},
        {"a b": {"token_sha256": digest("x")}},
        {"a" * 65: {"token_sha256": digest("x")}},
        {"a": {}},
        {"a": {"token_sha256": "secret"}},
        {"a": {"token_sha256": digest("x"), "most_waiting": 0}},
        {"a": {"token_sha256": digest("x"), "most_running": "4"}},
        {"a": {"token_sha256": digest("x"), "token": "x"}},
        {"a": {"token_sha256": digest("x")}, "b": {"token_sha256": digest("x")}},
    ],
)
def test_a_file_that_is_none_of_tenants_stops_the_start(tmp_path: Path, content: object) -> None:
    with pytest.raises(InvalidInputError, match="SINGALIKE_TENANTS") as refused:
        load_tenants(settings_with(tmp_path, content))

    assert refused.value.reason == "BAD_SETTING"


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load_tenants(Settings(tenants=tmp_path / "none.json"))


def test_tenants_guard_an_address_that_strangers_reach_like_a_token_does(tmp_path: Path) -> None:
    tls = {"host": "0.0.0.0", "tls_certificate": tmp_path / "chain.pem", "tls_key": tmp_path / "key.pem"}
    check_exposure(settings_with(tmp_path, {"a": {"token_sha256": digest("x")}}, **tls))

    with pytest.raises(InvalidInputError, match=r"0\.0\.0\.0"):
        check_exposure(Settings(**tls))  # type: ignore[arg-type]
