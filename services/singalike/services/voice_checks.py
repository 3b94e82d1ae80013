"""What a voice must be before it is compared with a catalogue."""

import numpy as np

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import FieldViolation, InvalidInputError, WrongStateError


def check_voice(profile: VoiceProfile, model_version: str) -> None:
    """Refuse a voice that says nothing, or that another ear heard.

    Raises:
        WrongStateError: MODEL_VERSION_MISMATCH.
        InvalidInputError: NO_VOICE.
    """
    if profile.model_version != model_version:
        raise WrongStateError(
            "MODEL_VERSION_MISMATCH",
            f"the voice is of ear {profile.model_version}, the catalogue of {model_version}: embed the recording again",
        )
    if profile.quality.voiced_s <= 0 or not np.any(profile.timbre):
        violation = FieldViolation("audio", "holds no clear voice; sing at least 10 seconds close to the microphone")
        raise InvalidInputError(
            "NO_VOICE", "no voice was heard: sing at least 10 seconds close to the microphone", (violation,)
        )
