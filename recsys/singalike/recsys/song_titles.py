"""Which titles are of one song."""

import re
import unicodedata

VERSION_NOTES = re.compile(r"[(\[{].*?[)\]}]|\s[-–]\s.*\b(live|remaster\w*|version|acoustic|demo|remix|edit)\b.*$")
"""What titles say about the recording rather than the song, in lower case."""


def song_key(title: str) -> str:
    """Reduce a title to the song, so that a live copy is the same song.

    Args:
        title: As the catalogue's owner writes it.

    Returns:
        Letters and digits in one case without accents; the whole title where nothing else is left.
    """
    plain = unicodedata.normalize("NFKD", title).casefold()
    song = re.sub(r"[\W_]+", "", VERSION_NOTES.sub("", plain))
    return song or plain
