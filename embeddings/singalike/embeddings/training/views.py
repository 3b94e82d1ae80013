"""Views of a recording for training without names, steered by two switches, `pitch` and `stretch`.

Every recording gives an anchor and a second crop of itself. A switch at "positive" adds a changed crop that belongs to
the anchor, at "negative" one that does not, at "off" none:

    pitch, positive    another pitch, formants kept: the same voice sings higher or lower
    pitch, negative    another pitch and other formants, as by resampling: a smaller or larger person
    stretch, either    slower or faster, pitch and formants kept

So a network that is told "pitch negative, stretch positive" listens to the vocal tract, and one that is told the
reverse to the way of singing.

No view is left as recorded. Each goes twice through the same shifting and stretching; what the two passes do together
is the change that the view is made for, or none. Their strengths are continuous and their ranges overlap, so traces of
the processing, such as the band that is empty above a lowered voice, say nothing about who belongs to whom.

Source:
    The two switches: Yakura et al. 2022, Self-Supervised Contrastive Learning for Singing Voices, IEEE/ACM Transactions
    on Audio, Speech, and Language Processing 30.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.training.pitch_shift import shift_pitch
from singalike.errors import InvalidInputError

Switch = Literal["off", "positive", "negative"]
SWITCHES: tuple[Switch, ...] = get_args(Switch)

Kind = Literal["plain", "pitch_kept", "pitch_moved", "stretched"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""How views are made: unchanged in the end; pitch, formants kept; pitch and formants; length."""

_SHIFT_SEMITONES = (1.5, 6.0)
_STRETCH_OCTAVES = (0.15, 0.55)
_DETOUR_SEMITONES = 3.0
_DETOUR_OCTAVES = 0.25


@dataclass(frozen=True)
class Switches:
    """Which changed views are used, and as what.

    Attributes:
        pitch: Of views at another pitch.
        stretch: Of views at another tempo.

    Raises:
        InvalidInputError: SWITCH_UNKNOWN.
    """

    pitch: Switch = "negative"
    stretch: Switch = "positive"

    def __post_init__(self) -> None:
        """Refuse words that are no position of a switch."""
        for name in ("pitch", "stretch"):
            if getattr(self, name) not in SWITCHES:
                raise InvalidInputError("SWITCH_UNKNOWN", f"{name} is one of {', '.join(SWITCHES)}")

    def __str__(self) -> str:
        return f"pitch {self.pitch}, stretch {self.stretch}"

    @property
    def views(self) -> int:
        """Views of each recording, 2 to 4."""
        return 2 + (self.pitch != "off") + (self.stretch != "off")

    def plan(self) -> tuple[tuple[Kind, bool], ...]:
        """List the views of one recording: how each is made, and whether it belongs to the anchor."""
        views: list[tuple[Kind, bool]] = [("plain", True), ("plain", True)]
        if self.pitch != "off":
            views.append(("pitch_kept", True) if self.pitch == "positive" else ("pitch_moved", False))
        if self.stretch != "off":
            views.append(("stretched", self.stretch == "positive"))
        return tuple(views)


COMBINATIONS = tuple(Switches(pitch, stretch) for pitch in SWITCHES for stretch in SWITCHES)
"""All nine."""


@dataclass(frozen=True)
class Change:
    """What one pass, or all passes together, do to a recording; zeros do nothing.

    Attributes:
        pitch: Semitones.
        formants: Semitones.
        stretch: Octaves of length: 1 is twice as long.
    """

    pitch: float = 0.0
    formants: float = 0.0
    stretch: float = 0.0

    def halves(self, detour: "Change") -> tuple["Change", "Change"]:
        """Part into two changes that together make this one: half of it with the detour, and half without."""
        first, second = (
            Change(
                self.pitch / 2 + sign * detour.pitch,
                self.formants / 2 + sign * detour.formants,
                self.stretch / 2 + sign * detour.stretch,
            )
            for sign in (1, -1)
        )
        return first, second

    def apply(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Change a recording, float32 (samples,) at 16 000 Hz; its length changes with `stretch` alone."""
        return shift_pitch(waveform, 2 ** (self.pitch / 12), 2 ** (self.formants / 12), 2**self.stretch)


def draw_change(kind: Kind, rng: Generator) -> Change:
    """Draw what a view of this kind is in the end."""
    way = float(rng.choice([-1.0, 1.0]))
    semitones = way * float(rng.uniform(*_SHIFT_SEMITONES))
    if kind == "pitch_kept":
        return Change(pitch=semitones)
    if kind == "pitch_moved":
        return Change(pitch=semitones, formants=semitones)
    if kind == "stretched":
        return Change(stretch=way * float(rng.uniform(*_STRETCH_OCTAVES)))
    return Change()


def make_view(waveform: NDArray[np.float32], kind: Kind, rng: Generator) -> NDArray[np.float32]:
    """Make a view of a whole recording, to be cropped.

    Args:
        waveform: float32 (samples,) mono at 16 000 Hz, at least 0.2 s; any recording of a voice.
        kind: How.
        rng: Source of all chance.

    Returns:
        float32, as long as the recording but for "stretched".

    Raises:
        InvalidInputError: TOO_SHORT.
    """
    pitch = float(rng.uniform(-_DETOUR_SEMITONES, _DETOUR_SEMITONES))
    # A detour of either kind for every view: with formants as by resampling, or without as the voice-keeping shift.
    formants = pitch if rng.random() < 0.5 else 0.0
    detour = Change(pitch, formants, float(rng.uniform(-_DETOUR_OCTAVES, _DETOUR_OCTAVES)))
    first, second = draw_change(kind, rng).halves(detour)
    return second.apply(first.apply(waveform))


def crop(log_mel: NDArray[np.floating], frames: int, rng: Generator) -> NDArray[np.float32]:
    """Cut `frames` frames from a random place of (all frames, mels); a shorter recording is repeated."""
    start = int(rng.integers(0, max(len(log_mel) - frames, 0) + 1))
    cut = np.asarray(log_mel[start : start + frames], dtype=np.float32)
    return np.pad(cut, ((0, frames - len(cut)), (0, 0)), mode="wrap")


def disturb(log_mel: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Lay gain, an equaliser, a noise floor and a time mask over a crop, each of continuous random strength.

    Args:
        log_mel: float32 (frames, mels), natural logarithm of power.
        rng: Source of all chance.

    Returns:
        float32 (frames, mels).
    """
    knots = rng.normal(0.0, rng.uniform(0.0, 1.0), 6)
    colour = np.interp(np.linspace(0, 5, log_mel.shape[1]), np.arange(6), knots) + rng.normal(0.0, 0.3)
    heard = log_mel + colour.astype(np.float32)
    heard = np.logaddexp(heard, np.float32(heard.mean() - rng.uniform(1.0, 8.0)))
    masked = int(rng.integers(0, len(heard) // 6 + 1))
    at = int(rng.integers(0, len(heard) - masked + 1))
    heard[at : at + masked] = heard.mean(axis=0)
    return np.asarray(heard, dtype=np.float32)
