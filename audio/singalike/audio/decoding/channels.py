"""Which channel of a stereo recording is listened to."""

from singalike.audio.decoding.refusals import Refusal, refusal
from singalike.audio.sound import Sound

CHANNELS = ("mix", "left", "right")


def select_channel(sound: Sound, channel: str = "mix") -> Sound:
    """Take one channel, or the average of both.

    Args:
        sound: One or two channels.
        channel: "mix" averages, "left" and "right" take that side; mono sound is returned as it is.

    Returns:
        Sound with one channel.

    Raises:
        InvalidInputError: BAD_CHANNEL, the word is none of these.
    """
    if channel not in CHANNELS:
        raise refusal(Refusal.BAD_CHANNEL, channel=channel)
    if channel == "mix" or sound.channels == 1:
        return sound.mono()
    row = CHANNELS.index(channel) - 1
    return Sound(sound.waveform[row : row + 1], sound.sample_rate)
