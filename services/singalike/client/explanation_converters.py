"""What stands beside a suggestion, read into values: likeness, evidence, abstention."""

from collections.abc import Iterable

from singalike.recsys.suggestions import Abstention, Evidence, Likeness
from singalike.v1 import recommender_service_pb2, suggestions_pb2


def read_likeness(suggestion: suggestions_pb2.SingerSuggestion) -> Likeness | None:
    """Read how alike two voices are."""
    if not suggestion.HasField("likeness"):
        return None
    message = suggestion.likeness
    return Likeness(message.closer_than, message.low, message.high)


def read_evidence(messages: Iterable[suggestions_pb2.Evidence]) -> tuple[Evidence, ...]:
    """Read what a score is made of."""
    return tuple(
        Evidence(
            part.signal,
            part.value if part.HasField("value") else None,
            part.weight,
            part.contribution,
            part.text,
        )
        for part in messages
    )


def read_abstention(
    reply: recommender_service_pb2.RecommendSingersResponse | recommender_service_pb2.RecommendSongsResponse,
) -> Abstention | None:
    """Read why nobody is named."""
    if not reply.HasField("abstention"):
        return None
    message = reply.abstention
    return Abstention(message.reason, message.message, message.more_voice_s)
