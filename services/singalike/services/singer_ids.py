"""Stable ids for singers, made from their names."""

import hashlib
import re
import unicodedata

SLUG_LENGTH = 48


def fold(text: str) -> str:
    """Bring text to one form for comparing and finding: NFKC, case folded, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def singer_id_of(name: str) -> str:
    """Make the id of a singer: lower case a-z, 0-9 and hyphens, the same for every spelling of one name.

    Where more than spaces and punctuation would be lost ("아이유", "A+"), a digest keeps different names apart.
    """
    folded = fold(name)
    plain = "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    nothing_lost = re.fullmatch(r"[a-z0-9 .,'’_-]*", plain) and len(plain) <= SLUG_LENGTH
    if slug and nothing_lost:
        return slug
    digest = hashlib.blake2b(folded.encode(), digest_size=4).hexdigest()
    return f"{slug or 'singer'}-{digest}"
