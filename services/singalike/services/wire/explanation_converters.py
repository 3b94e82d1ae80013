"""What stands beside a suggestion, written into messages: likeness, evidence, abstention."""

from singalike.recsys.suggestions import Abstention, Evidence, Likeness
from singalike.v1 import suggestions_pb2 as pb


def write_likeness(likeness: Likeness | None) -> pb.Likeness | None:
    """Write how alike two voices are."""
    if likeness is None:
        return None
    return pb.Likeness(closer_than=likeness.closer_than, low=likeness.low, high=likeness.high)


def write_evidence(evidence: tuple[Evidence, ...]) -> list[pb.Evidence]:
    """Write what a score is made of."""
    return [
        pb.Evidence(
            signal=part.signal,
            value=part.value,
            weight=part.weight,
            contribution=part.contribution,
            text=part.text,
        )
        for part in evidence
    ]


def write_abstention(abstention: Abstention | None) -> pb.Abstention | None:
    """Write why nobody is named."""
    if abstention is None:
        return None
    return pb.Abstention(reason=abstention.reason, message=abstention.message, more_voice_s=abstention.more_voice_s)
