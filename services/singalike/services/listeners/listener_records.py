"""What is kept of listeners, as frozen values."""

from dataclasses import dataclass
from datetime import datetime

PLAY, FINISH, SKIP, LIKE, DISLIKE, SING, CONVERT, HIDE = (
    "play", "finish", "skip", "like", "dislike", "sing", "convert", "hide",
)  # fmt: skip
FEEDBACK_KINDS = (PLAY, FINISH, SKIP, LIKE, DISLIKE, SING, CONVERT, HIDE)
"""What a listener may do; LIKE, DISLIKE and HIDE are also done to singers."""


@dataclass(frozen=True)
class Feedback:
    """One thing that a listener did to a track or a singer.

    Attributes:
        feedback_id: "f-" and 32 hex digits; empty before it is stored.
        kind: One of `FEEDBACK_KINDS`.
        track_id, singer_id: To what; the other one is empty.
        time: When, UTC.
        expire_time: When it is forgotten, UTC; None: never.
        exposure_id: The list on which it was seen; empty: none.
    """

    feedback_id: str
    kind: str
    track_id: str
    singer_id: str
    time: datetime
    expire_time: datetime | None = None
    exposure_id: str = ""


@dataclass(frozen=True)
class Exclusion:
    """Something that a listener never wants to see.

    Attributes:
        exclusion_id: "x-" and 32 hex digits; empty before it is stored.
        kind: "singer", "track", "genre", "language" or "unlike_singer".
        value: The id, or the word.
        create_time: UTC.
    """

    exclusion_id: str
    kind: str
    value: str
    create_time: datetime


@dataclass(frozen=True)
class Exposure:
    """What was shown to a listener.

    Attributes:
        exposure_id: "e-" and 32 hex digits.
        listener_id: To whom.
        time: When, UTC.
        ranks: "singers" or "songs".
        preset: "name@version"; two joined by "+" when interleaved.
        experiment, arm: What chose it; empty: nothing.
        items: Ids as shown, best first.
        teams: For an interleaved list, the arm that gave each item; else empty.
    """

    exposure_id: str
    listener_id: str
    time: datetime
    ranks: str
    preset: str
    experiment: str
    arm: str
    items: tuple[str, ...]
    teams: tuple[str, ...] = ()
