"""Cut a recording into the spans that are embedded."""

import math
from dataclasses import dataclass

from singalike.audio.activity import Activity

SEGMENT_S = 6.0
SEGMENT_HOP_S = 3.0
SHORTEST_SEGMENT_S = 3.0
SHORTEST_ACTIVE_S = 1.5


@dataclass(frozen=True)
class Span:
    """A stretch of time.

    Attributes:
        start_s, end_s: In seconds from the start of the recording.
    """

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


def cut_segments(
    duration_s: float,
    activity: Activity,
    segment_s: float = SEGMENT_S,
    hop_s: float = SEGMENT_HOP_S,
    shortest_s: float = SHORTEST_SEGMENT_S,
    shortest_active_s: float = SHORTEST_ACTIVE_S,
) -> tuple[Span, ...]:
    """Lay overlapping spans of fixed length over a recording and keep those in which somebody sings.

    Args:
        duration_s: Length of the recording, above zero.
        activity: Where the voice is active.
        segment_s: Length of a span.
        hop_s: From the start of one span to the start of the next.
        shortest_s: A last, shorter span is kept from this length.
        shortest_active_s: A span with less active voice is dropped.

    Returns:
        At least one span, in order of time. When none holds enough voice, the one that holds most.
    """
    spans = _grid(duration_s, segment_s, hop_s, shortest_s)
    active_s = [activity.active_between(span.start_s, span.end_s) for span in spans]
    kept = tuple(span for span, active in zip(spans, active_s, strict=True) if active >= shortest_active_s)
    return kept or (spans[active_s.index(max(active_s))],)


def _grid(duration_s: float, segment_s: float, hop_s: float, shortest_s: float) -> tuple[Span, ...]:
    """Lay the spans; once one reaches the end, further ones would only repeat its tail."""
    more = math.ceil(max(duration_s - segment_s, 0.0) / hop_s)
    starts = [i * hop_s for i in range(more + 1)]
    kept = [start for start in starts if duration_s - start >= shortest_s] or starts[:1]
    return tuple(Span(start, min(start + segment_s, duration_s)) for start in kept)
