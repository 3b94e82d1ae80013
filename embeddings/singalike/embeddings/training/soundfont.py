"""Play MIDI with sampled instruments: FluidSynth, a program that is called from outside, and a sound font."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator

from singalike.audio.sound import Sound
from singalike.errors import NotFoundError, UnavailableError

PROGRAM = "fluidsynth"
SAMPLE_RATE = 44_100

USUAL = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
"""Fluid R3 by Frank Wen and others, MIT licence: apt install fluid-soundfont-gm."""

_LIMIT_S = 300.0


def find_soundfont(path: Path | None, say: Callable[[str], None]) -> "SoundFont | None":
    """Open a sound font, or the one that Debian and Ubuntu install when none is named.

    Args:
        path: The sound font; None looks for the usual one and may find nothing.
        say: Told in words that there is none.

    Raises:
        NotFoundError: SOUNDFONT_NOT_FOUND, the named file is absent.
        UnavailableError: FLUIDSYNTH_NOT_FOUND, a file is named and the program is absent.
    """
    if path is not None:
        return SoundFont(path)
    try:
        return SoundFont(USUAL)
    except (NotFoundError, UnavailableError) as error:
        say(f"no sampled instruments: {error}; every accompaniment is made by our own synthesis, which teaches less")
        return None


class SoundFont:
    """A sound font and the program that plays it."""

    def __init__(self, path: Path) -> None:
        """Find the program.

        Args:
            path: The sound font, a .sf2 or .sf3 file.

        Raises:
            NotFoundError: SOUNDFONT_NOT_FOUND.
            UnavailableError: FLUIDSYNTH_NOT_FOUND, nothing of this name on the PATH.
        """
        if not path.is_file():
            raise NotFoundError(
                "SOUNDFONT_NOT_FOUND", f"no sound font at {path}: apt install fluid-soundfont-gm, or name another file"
            )
        program = shutil.which(PROGRAM)
        if program is None:
            raise UnavailableError("FLUIDSYNTH_NOT_FOUND", f"{PROGRAM} is not on the PATH: apt install fluidsynth")
        self.path = path
        self._program = program

    def play(self, midi: bytes, rng: Generator) -> Sound:
        """Play a MIDI file in a hall of random size.

        Args:
            midi: Content of the file.
            rng: Draws the hall.

        Returns:
            Stereo sound, float32 (2, samples) at 44 100 Hz; the last notes ring out.

        Raises:
            UnavailableError: FLUIDSYNTH_FAILED, with what it said.
        """
        hall = {
            "room-size": rng.uniform(0.1, 0.95),
            "damp": rng.uniform(0.0, 0.8),
            "width": rng.uniform(0.2, 1.0),
            "level": rng.uniform(0.2, 1.0),
        }
        options = [option for name, value in hall.items() for option in ("-o", f"synth.reverb.{name}={value:.3f}")]
        with tempfile.TemporaryDirectory() as folder:
            song, sound = Path(folder) / "song.mid", Path(folder) / "song.wav"
            song.write_bytes(midi)
            # The gain leaves room: a full band would clip the 16 bits of the file.
            command = [self._program, "-ni", "-q", "-T", "wav", "-F", str(sound), "-r", str(SAMPLE_RATE), "-g", "0.3",
                       "-o", "synth.dynamic-sample-loading=1", *options, str(self.path), str(song)]  # fmt: skip
            done = subprocess.run(command, capture_output=True, timeout=_LIMIT_S, check=False)  # noqa: S603
            if done.returncode != 0 or not sound.is_file():
                said = done.stderr.decode(errors="replace").strip()[-300:]
                raise UnavailableError("FLUIDSYNTH_FAILED", f"{PROGRAM} ended with {done.returncode}: {said}")
            waveform, _ = soundfile.read(sound, dtype="float32", always_2d=True)
        return Sound(np.ascontiguousarray(waveform.T), SAMPLE_RATE)
