"""What may not stand in a text from outside: it would steer a terminal, or no database could hold it."""

import re

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_plain(text: str) -> bool:
    """Tell whether a text holds neither control characters (C0, DEL, C1) nor halves of characters."""
    return _UNFIT.search(text) is None
