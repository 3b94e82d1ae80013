"""Files of public model repositories, through huggingface_hub."""

from collections.abc import Sequence
from pathlib import Path

from singalike.errors import InvalidInputError, NotFoundError, UnavailableError, WrongStateError


def fetch_folder(repository: str, patterns: Sequence[str]) -> Path:
    """Fetch files of a repository into the cache of huggingface_hub, or find them there.

    Args:
        repository: "owner/name", or "owner/name@revision" to hold on to one state of it.
        patterns: Names of the wanted files; `*` stands for anything.

    Returns:
        The folder that they lie in.

    Raises:
        InvalidInputError: ENCODER_NOT_LOCAL, this is neither a folder nor the id of a repository.
        NotFoundError: ENCODER_NOT_FOUND, the hub has no such repository or revision.
        UnavailableError: HUB_UNAVAILABLE, and the files are not in the cache.
        WrongStateError: ENCODER_NOT_INSTALLED, huggingface_hub is missing.
    """
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError as error:
        message = f"{repository!r} is no folder, and to fetch it from a hub: pip install 'singalike[hub]'"
        raise WrongStateError("ENCODER_NOT_INSTALLED", message) from error
    name, _, revision = repository.partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=list(patterns)))
    except errors.HFValidationError as error:
        message = f"{repository!r} is neither a folder here nor the id of a repository (owner/name)"
        raise InvalidInputError("ENCODER_NOT_LOCAL", message) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise NotFoundError("ENCODER_NOT_FOUND", f"the hub has no {repository!r}: check name and revision") from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError) as error:
        message = f"{repository!r} cannot be fetched ({type(error).__name__}): try later, or name a folder"
        raise UnavailableError("HUB_UNAVAILABLE", message) from error
