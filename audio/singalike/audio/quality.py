"""What a recording is good for, and what is missing, in words."""

import math
from dataclasses import dataclass

from singalike.audio.activity import Activity, detect_activity
from singalike.audio.levels import measure_clipping, measure_signal_to_noise
from singalike.audio.pitch import PitchTrack
from singalike.audio.second_voice import suspect_second_voice
from singalike.audio.sound import Sound

WANTED_VOICED_S = 10.0
WANTED_SNR_DB = 15.0
ALLOWED_CLIPPED_SHARE = 1e-3


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


def assess_quality(
    sound: Sound,
    pitch: PitchTrack,
    activity: Activity | None = None,
    clipped_share: float | None = None,
    narrow: Sound | None = None,
) -> QualityReport:
    """Say what a recording of a voice is good for.

    Args:
        sound: The voice at 16 kHz in mono; other rates and stereo work as well.
        pitch: Its pitch.
        activity: Where the voice is active in it; detected here when not given.
        clipped_share: As `measure_clipping` found it in the sound before it was resampled; measured here when not
            given, which misses clipping that resampling has rounded off.
        narrow: The sound at `levels.ANALYSIS_RATE`, where somebody has resampled it already.

    Returns:
        The figures, with advice where one of them falls short.
    """
    clipped = measure_clipping(sound) if clipped_share is None else clipped_share
    activity = activity or detect_activity(sound)
    voiced_s = _clear_voice_s(activity, pitch)
    signal_to_noise_db = measure_signal_to_noise(narrow or sound, activity)
    more_than_one_voice = suspect_second_voice(sound, pitch)
    advice = give_advice(voiced_s, signal_to_noise_db, clipped, more_than_one_voice)
    return QualityReport(sound.duration_s, voiced_s, signal_to_noise_db, clipped, more_than_one_voice, advice)


def give_advice(
    voiced_s: float, signal_to_noise_db: float, clipped_share: float, more_than_one_voice: bool
) -> tuple[str, ...]:
    """Put what is missing into words.

    Args:
        voiced_s: Seconds of clear voice.
        signal_to_noise_db: In dB.
        clipped_share: In [0, 1].
        more_than_one_voice: Whether a second voice is suspected.

    Returns:
        Whole sentences, most important first.
    """
    advice = []
    if voiced_s < WANTED_VOICED_S:
        missing_s = math.ceil(WANTED_VOICED_S - voiced_s)
        advice.append(f"Sing on: {missing_s} more second{'s' * (missing_s != 1)} of clear voice would do.")
    if more_than_one_voice:
        advice.append("More than one voice seems to sing: record one person alone.")
    if signal_to_noise_db < WANTED_SNR_DB:
        advice.append("There is too much noise: move to a quieter place or closer to the microphone.")
    if clipped_share > ALLOWED_CLIPPED_SHARE:
        advice.append("The recording is clipped: lower the input level or step back from the microphone.")
    return tuple(advice)


def _clear_voice_s(activity: Activity, pitch: PitchTrack) -> float:
    """Count the voiced frames of the pitch track in which the voice is active too."""
    times_s = pitch.hop_s * (pitch.f0_hz == pitch.f0_hz).nonzero()[0]  # NaN differs from itself
    frames = (times_s / activity.hop_s).astype(int)
    return float(activity.active[frames[frames < len(activity.active)]].sum() * pitch.hop_s)
