"""Which application calls: tenants and their tokens."""

import hashlib
import hmac
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, ValidationError

from singalike.errors import InvalidInputError
from singalike.services.conversion_records import DEFAULT_TENANT, Tenant
from singalike.services.settings import Settings

CALLER: ContextVar[Tenant] = ContextVar("caller")
"""Set by the stage that looks at tokens."""


def calling_tenant() -> Tenant:
    """Return whose call is being answered."""
    return CALLER.get(Tenant())


class Tenants:
    """Knows applications by the digests of their tokens; the tokens themselves are kept nowhere.

    Args:
        tenants: By the SHA-256 of the token; empty: everybody is the default tenant, without a token.
    """

    def __init__(self, tenants: Mapping[bytes, Tenant]) -> None:
        self._tenants = dict(tenants)

    @property
    def ask_for_tokens(self) -> bool:
        """Whether callers must send a token."""
        return bool(self._tenants)

    def find(self, token: bytes) -> Tenant | None:
        """Return who sends this token, in the same time whoever it is; None: nobody may."""
        if not self._tenants:
            return Tenant()
        given = hashlib.sha256(token).digest()
        found = [tenant for digest, tenant in self._tenants.items() if hmac.compare_digest(digest, given)]
        return found[0] if found else None

    def named(self, name: str) -> Tenant:
        """Return the tenant of a name, with its limits; one that was taken out of the file has the usual ones."""
        return next((tenant for tenant in self._tenants.values() if tenant.name == name), Tenant(name))

    @property
    def most_running(self) -> int:
        """The most conversions that any tenant may have at work at once."""
        return max((tenant.most_running for tenant in self._tenants.values()), default=Tenant.most_running)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    token_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    most_waiting: int = Field(default=Tenant.most_waiting, ge=1)
    most_running: int = Field(default=Tenant.most_running, ge=1)


_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""Never empty: that is the operator, who sees what belongs to all."""


class _Entries(RootModel[dict[_Name, _Entry]]):
    pass


def load_tenants(settings: Settings) -> Tenants:
    """Read who may call: the tenants of the file, and the default one with SINGALIKE_AUTH_TOKEN.

    Raises:
        InvalidInputError: BAD_SETTING, the file cannot be read, is no such JSON, or gives two tenants one token.
    """
    tenants = {} if settings.tenants is None else _read_file(settings.tenants)
    own_token = settings.auth_token.get_secret_value()
    if own_token:
        default = next((tenant for tenant in tenants.values() if tenant.name == DEFAULT_TENANT), Tenant())
        tenants.setdefault(hashlib.sha256(own_token.encode()).digest(), default)
    return Tenants(tenants)


def _read_file(path: Path) -> dict[bytes, Tenant]:
    try:
        entries = _Entries.model_validate_json(path.read_bytes()).root
    except OSError as error:
        raise _bad(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(fault["msg"] for fault in error.errors())
        raise _bad(f"{path} is no file of tenants ({faults}): see docs/conversion.md") from error
    tenants = {
        bytes.fromhex(entry.token_sha256): Tenant(name, entry.most_waiting, entry.most_running)
        for name, entry in entries.items()
    }
    if len(tenants) < len(entries) or not tenants:
        raise _bad(f"{path} names no tenant, or two with the same token: give each its own")
    return tenants


def _bad(message: str) -> InvalidInputError:
    return InvalidInputError("BAD_SETTING", f"SINGALIKE_TENANTS: {message}")
