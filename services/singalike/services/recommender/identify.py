"""Use case: with what probability a voice is each singer's."""

from dataclasses import dataclass

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import FieldViolation, InvalidInputError
from singalike.recsys.identification import Identification, SingerProbability
from singalike.recsys.singer_classifier import EVEN_PRIOR
from singalike.recsys.suggestions import VoiceSummary
from singalike.services.recommender.classifier_keeper import ClassifierKeeper, KeptClassifier
from singalike.services.recommender.recommend_options import MAX_K
from singalike.services.view_keeper import ViewKeeper
from singalike.services.voice_checks import check_voice
from singalike.services.voice_notes import hearing_notes

LEANS_ON_PRIOR = (
    "Nobody in the catalogue has two tracks, so the probabilities are not calibrated: "
    "ingest more tracks of each singer."
)


@dataclass(frozen=True)
class IdentifyOptions:
    """How to answer.

    Attributes:
        k: Singers to name at most, 1 to 100.
        prior_of_none: How likely it is, before listening, that the voice is of nobody in the catalogue, 0 to 1.

    Raises:
        InvalidInputError: BAD_K; a prior outside [0, 1] is refused when it is used, as BAD_PRIOR.
    """

    k: int = 10
    prior_of_none: float = EVEN_PRIOR

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MAX_K:
            message = f"k is {self.k}: ask for 1 to {MAX_K} singers"
            raise InvalidInputError("BAD_K", message, (FieldViolation("k", message),))


DEFAULT_OPTIONS = IdentifyOptions()


class SingerIdentifier:
    """Says who a voice may be; safe to call from several threads.

    Args:
        views: What the catalogue holds.
        model_version: The ear whose profiles it takes.
    """

    def __init__(self, views: ViewKeeper, model_version: str) -> None:
        self._classifiers = ClassifierKeeper(views)
        self._model_version = model_version

    def identify(self, profile: VoiceProfile, options: IdentifyOptions = DEFAULT_OPTIONS) -> Identification:
        """Give the most probable singers, and the probability that it is none of them.

        Raises:
            InvalidInputError: NO_VOICE (nothing sung), BAD_PRIOR.
            WrongStateError: MODEL_VERSION_MISMATCH (another ear), CATALOGUE_EMPTY.
        """
        check_voice(profile, self._model_version)
        return _answer(profile, self._classifiers.newest(), options)


def _answer(profile: VoiceProfile, kept: KeptClassifier, options: IdentifyOptions) -> Identification:
    found = kept.classifier.identify(profile.timbre, options.prior_of_none)
    view = kept.state.view
    named = [(view.singers[row], float(found.singers[row])) for row in found.best(options.k)]
    notes = hearing_notes(profile) + (() if kept.classifier.calibration.trials else (LEANS_ON_PRIOR,))
    return Identification(
        singers=tuple(SingerProbability(singer.singer_id, singer.name, share) for singer, share in named),
        probability_of_none=found.none,
        entropy_nats=found.entropy_nats,
        singer_count=len(view),
        catalogue_revision=kept.state.revision,
        voice=VoiceSummary.of(profile),
        notes=notes,
    )
