"""What a recording is good for, and what is missing, in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QualityReport:
    """Figures that decide whether a recording can be trusted.

    Attributes:
        duration_s: Length of the recording in seconds.
        voiced_s: Seconds of clear voiced sound.
        signal_to_noise_db: Level of the voice over the noise floor, in dB.
        clipped_share: Share of samples at full scale, in [0, 1].
        more_than_one_voice: Whether two or more voices are suspected.
        advice: What to do better, as whole sentences, most important first; empty when all is well.
    """

    duration_s: float
    voiced_s: float
    signal_to_noise_db: float
    clipped_share: float
    more_than_one_voice: bool
    advice: tuple[str, ...]
