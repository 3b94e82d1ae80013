"""Find in a song what shall be sung again, and leave everything else to its accompaniment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from singalike.audio.activity import Activity, detect_activity
from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch
from singalike.conversion.song.stages import Report, Stage, watch_of
from singalike.embeddings.melody import SAMPLE_RATE as HEAD_RATE
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.profile import VocalRange
from singalike.embeddings.vocal_range import CONFIDENT_VOICING, measure_range
from singalike.errors import InvalidInputError

LEAST_VOICED_S = 1.0
"""With less than this sung in a song, nothing is worth converting."""

HEARD = 0.3
"""Share of the work that is done when the pitch is known."""

HEARD_AT_ONCE_S = 240.0
_BLOCK = 1 << 18


@dataclass(frozen=True, eq=False)
class HeardSong:
    """A song taken apart.

    Attributes:
        lead: The lead voice, one channel or as many as the song: what an engine converts.
        accompaniment: The song without it, backing voices included; the two add up to the song.
        sung: Where the lead voice sings.
        pitch: Of the lead, NaN where it is not heard for sure.
    """

    lead: Sound
    accompaniment: Sound
    sung: VocalRange
    pitch: PitchTrack


FindLead = Callable[[Sound, PitchTrack, Watch], Sound]
"""Takes out of a vocal what shall be converted: `lead_voice.find_lead` of voices alone and of vocals as clean,
`leaky_vocal.find_leaky_lead` of what has rests of the band in it."""


def listen_to_song(song: Sound, vocal: Sound, head: MelodyEncoder, find: FindLead, report: Report) -> HeardSong:
    """Find the lead voice.

    Args:
        song: The whole song, any rate, one or two channels.
        vocal: What a separator made of it, same shape; the song itself where it is a voice alone.
        head: Hears the pitch.
        find: Takes the lead out of the vocal.
        report: Told of the stage "listening".

    Raises:
        InvalidInputError: NO_SINGING.
    """
    heard = hear_pitch(vocal, head, watch_of(report, Stage.LISTENING, 0.0, HEARD))
    pitch = where_active(heard, detect_activity(vocal))
    sung = measure_range(pitch)
    if sung.voiced_s < LEAST_VOICED_S:
        message = f"only {sung.voiced_s:.1f} s of singing were found in this song: choose another"
        raise InvalidInputError("NO_SINGING", message)
    lead = find(vocal, pitch, watch_of(report, Stage.LISTENING, HEARD))
    rest = Sound(without(song.waveform, lead.waveform), song.sample_rate)
    return HeardSong(lead, rest, sung, where_sure(pitch))


def hear_pitch(vocal: Sound, head: MelodyEncoder, watch: Watch) -> PitchTrack:
    """Track the pitch of a vocal, any rate and channels."""
    watch(0.0)
    waveform = resample(vocal.mono(), HEAD_RATE).waveform[0]
    samples = round(HEARD_AT_ONCE_S * HEAD_RATE)
    tracks = []
    for first in range(0, len(waveform), samples):
        tracks.append(head.analyse([waveform[first : first + samples]])[0].pitch)
        watch(min(first + samples, len(waveform)) / len(waveform))
    return joined(tracks, samples / HEAD_RATE)


def joined(tracks: Sequence[PitchTrack], each_s: float) -> PitchTrack:
    """Put the tracks of parts of a sound behind each other, all but the last `each_s` long."""
    frames = round(each_s / tracks[0].hop_s)
    kept = [track.cut(0.0, each_s) for track in tracks[:-1]] + [tracks[-1]]
    assert all(len(track.f0_hz) == frames for track in kept[:-1])
    f0_hz, voicing = (np.concatenate([getattr(track, name) for track in kept]) for name in ("f0_hz", "voicing"))
    return PitchTrack(f0_hz, voicing, tracks[0].hop_s)


def where_active(pitch: PitchTrack, activity: Activity) -> PitchTrack:
    """Forget pitches that were named where nothing like a voice sounds."""
    times_s = np.arange(len(pitch.f0_hz)) * pitch.hop_s
    frames = np.minimum((times_s / activity.hop_s).astype(np.intp), len(activity.active) - 1)
    active = activity.active[frames]
    f0_hz = np.where(active, pitch.f0_hz, np.nan).astype(np.float32)
    return PitchTrack(f0_hz, np.where(active, pitch.voicing, 0.0).astype(np.float32), pitch.hop_s)


def where_sure(pitch: PitchTrack) -> PitchTrack:
    """Forget pitches that were guessed."""
    f0_hz = np.where(pitch.voicing >= CONFIDENT_VOICING, pitch.f0_hz, np.nan).astype(np.float32)
    return PitchTrack(f0_hz, pitch.voicing, pitch.hop_s)


def without(whole: Waveform, part: Waveform) -> Waveform:
    """Subtract block by block, (channels, samples)."""
    rest = np.empty_like(whole)
    for first in range(0, whole.shape[-1], _BLOCK):
        block = slice(first, first + _BLOCK)
        np.subtract(whole[:, block], part[:, block], out=rest[:, block])
    return rest
