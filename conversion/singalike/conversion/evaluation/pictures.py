"""What a conversion looks like: pitch and spectrogram of the source, of what engines make of it, and of the target."""

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.signal

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.evaluation.contenders import Contender
from singalike.conversion.evaluation.jury import Track
from singalike.conversion.evaluation.pairs import LONGEST_S, RATE, Pair
from singalike.conversion.metrics import HOP_MS
from singalike.embeddings.evaluation.section import SoundView
from singalike.errors import SingalikeError

HIGHEST_HZ = 8_000.0
WINDOW, HOP = 1024, 240
DEEPEST_DB = -80.0


def views_of(pair: Pair, contenders: Sequence[Contender], track: Track, seed: int) -> Sequence[SoundView]:
    """Look at the source, at what every engine makes of it, and at the held-out take of the target.

    Args:
        pair: What is converted.
        contenders: Baselines that return the source are left out.
        track: Finds the pitch.
        seed: Of the conversions.
    """
    return [sound_view(title, sound, track) for title, sound in _sounds(pair, contenders, seed)]


def sound_view(title: str, sound: Sound, track: Track) -> SoundView:
    """Look at the first seconds of a sound.

    Args:
        title: What it is.
        sound: Any rate and channels.
        track: Finds the pitch of mono sounds at 24 000 Hz, every 5 ms.
    """
    shown = resample(sound.mono(), RATE).cut(0.0, LONGEST_S)
    f0_hz = np.asarray(track(shown), dtype=np.float32)
    transform = scipy.signal.ShortTimeFFT(np.hanning(WINDOW), HOP, RATE)
    power = transform.spectrogram(np.pad(shown.waveform[0], (0, max(0, WINDOW - shown.waveform.shape[-1]))))
    bins = round(HIGHEST_HZ * WINDOW / RATE) + 1
    level_db = 10.0 * np.log10(power[:bins] / max(float(power.max()), 1e-12) + 1e-12)
    return SoundView(
        title=title,
        level_db=np.maximum(level_db, DEEPEST_DB).astype(np.float32),
        f0_hz=np.where(f0_hz > 0, f0_hz, np.nan),
        f0_hop_s=HOP_MS / 1000.0,
        duration_s=shown.duration_s,
        highest_hz=HIGHEST_HZ,
    )


def _sounds(pair: Pair, contenders: Sequence[Contender], seed: int) -> Iterator[tuple[str, Sound]]:
    yield "source", pair.source
    for one in contenders:
        try:
            sound = one.prepare(pair, seed)()
        except SingalikeError:  # its refusal stands under the table
            continue
        if sound is not pair.source:
            yield one.name, sound
    yield "target, held out", pair.held_out
