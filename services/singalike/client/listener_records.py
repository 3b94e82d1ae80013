"""What a client says of listeners and is told of them, as frozen values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Feedback:
    """One thing that a listener did to a track or a singer.

    Attributes:
        kind: "play", "finish", "skip", "like", "dislike", "sing", "convert" or "hide".
        track_id, singer_id: To what: one of the two; a singer is only liked, disliked or hidden.
        time: When; None: now.
        expire_time: When it is forgotten; None: after the server's time to live, "hide" never.
        exposure_id: The list on which it was seen; empty: none.
        feedback_id: Given by the server.
    """

    kind: str
    track_id: str = ""
    singer_id: str = ""
    time: datetime | None = None
    expire_time: datetime | None = None
    exposure_id: str = ""
    feedback_id: str = ""


@dataclass(frozen=True)
class Exclusion:
    """Something that a listener never wants to see.

    Attributes:
        kind: "singer", "track", "genre", "language" or "unlike_singer": that singer and every voice like it.
        value: The id, or the word as the catalogue's owner wrote it.
        exclusion_id, create_time: Given by the server.
    """

    kind: str
    value: str
    exclusion_id: str = ""
    create_time: datetime | None = None
