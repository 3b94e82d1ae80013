"""The end of the demo: the song that fits best, sung in the voice of the person who asked."""

import shutil
from pathlib import Path

from numpy.random import default_rng

from singalike.recsys.suggestions import SongSuggestion
from singalike.services.demo.hidden import HiddenVoice, record
from singalike.services.demo.services import run_command

TAKE_S = 35.0
"""What the person sings for the engine to learn from."""


def convert_song(data_dir: Path, song: SongSuggestion, hidden: HiddenVoice, seed: int, out: Path) -> str:
    """Have a song of the catalogue sung in a hidden voice, by the commands that a person would type.

    Args:
        data_dir: Of the demo.
        song: Which, and in what key.
        hidden: Who shall sing.
        seed: Of what they sing for the engine.
        out: Where the song goes; its folder is made.

    Returns:
        What the commands print: what was done, and the mark that is found in the file.

    Raises:
        UnavailableError: COMMAND_FAILED.
    """
    take = data_dir / "take.wav"
    take.write_bytes(HiddenVoice(hidden.voice, record(hidden.voice, default_rng((seed, 1)), TAKE_S)).audio)
    out.parent.mkdir(parents=True, exist_ok=True)
    made = data_dir / out.name
    where = ("--data-dir", str(data_dir))
    key = str(song.key_shift_semitones)
    asked = ("convert", song.track_id, "--voice", str(take), "--key", key, "--consent", "self", "--out", str(made))
    said = run_command(*asked, *where)
    found = run_command("watermark", "detect", str(made), *where)
    shutil.copyfile(made, out)
    return f"{said}\n{found}".replace(str(made), str(out))
