"""Who a voice may be, as frozen values with the singers' names."""

from dataclasses import dataclass

from singalike.recsys.suggestions import VoiceSummary


@dataclass(frozen=True)
class SingerProbability:
    """A singer with the probability that a voice is theirs.

    Attributes:
        singer_id, name: Who.
        probability: In [0, 1].
    """

    singer_id: str
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Identification:
    """The whole answer; the probabilities of all singers, named or not, and of none sum to one.

    Attributes:
        singers: Most probable first, as many as were asked for.
        probability_of_none: That the voice is of nobody in the catalogue.
        entropy_nats: How undecided the answer is: 0 when sure, log(singer_count + 1) when nothing is known.
        singer_count: Singers that were compared.
        catalogue_revision: State of the catalogue that the answer is of.
        voice: What was heard.
        notes: Things to know, as whole sentences.
    """

    singers: tuple[SingerProbability, ...]
    probability_of_none: float
    entropy_nats: float
    singer_count: int
    catalogue_revision: int
    voice: VoiceSummary
    notes: tuple[str, ...]

    @property
    def named_probability(self) -> float:
        """Sum over the singers that are named."""
        return sum(singer.probability for singer in self.singers)
