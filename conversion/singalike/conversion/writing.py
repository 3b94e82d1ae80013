"""Write finished songs: in blocks, tagged as made by machine, and whole or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch, nobody_watches
from singalike.conversion.ogg_serial import set_serial
from singalike.errors import CapacityError, UnavailableError, noted
from singalike.whole_files import is_full_disk, told_of_file_limit, whole_file

BLOCK = 4096
"""libsndfile 1.2.2 crashes on one long buffer of Vorbis."""

OGG_LEVEL = 0.4
"""Quality 6 of Vorbis: about 190 kbit/s in stereo at 44.1 kHz."""

MP3_BIT_RATE = 192_000
MP3_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


class SoundFormat(StrEnum):
    """A file format for finished songs; the value is also the suffix."""

    OGG = "ogg"
    FLAC = "flac"
    WAV = "wav"
    MP3 = "mp3"


@dataclass(frozen=True)
class MadeBy:
    """What a finished song says about itself.

    Attributes:
        engine: Name and version of the engine that sang, for instance "world-retrieval 1".
        version: Of Singalike.
        title: Of the song; empty when unknown.
        artist: Of the song whose voice was replaced; empty when unknown.
    """

    engine: str
    version: str
    title: str = ""
    artist: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """Names and values of the tags, without empty ones."""
        statement = (
            f"AI-generated: the singing was converted into another voice by engine {self.engine} of Singalike "
            f"{self.version}. Digital source type: compositeWithTrainedAlgorithmicMedia."
        )
        said = {"title": self.title, "artist": self.artist, "comment": statement}
        return {name: value for name, value in said.items() if value} | {"software": f"Singalike {self.version}"}


def write_sound(
    path: Path, sound: Sound, made_by: MadeBy, sound_format: SoundFormat, watch: Watch = nobody_watches
) -> None:
    """Write a song with its tags; the same song makes the same bytes.

    The file appears under its name when it is whole and on the disk, and replaces what was there in one step. Meanwhile
    it lies beside it under a name that ends in `singalike.whole_files.PART_SUFFIX`.

    Args:
        path: Where; the suffix does not matter.
        sound: One or two channels. Beyond full scale it is clipped: limit it first.
        made_by: What the tags say.
        sound_format: FLAC holds 24 bits, WAV 16. MP3 knows few rates: others are resampled to the next higher.
        watch: Sees how far the work is, and may stop it: then nothing was written.

    Raises:
        CapacityError: DISK_FULL.
        UnavailableError: OUTPUT_NOT_WRITTEN, noting where, and what the system said.
    """
    try:
        with whole_file(path) as part:
            _WRITERS[sound_format](part, sound, made_by.tags, watch)
    # An assertion is what soundfile answers a short write with.
    except (OSError, RuntimeError, AssertionError) as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: BaseException) -> CapacityError | UnavailableError:
    folder = path.parent
    if is_full_disk(error, folder):
        return noted(CapacityError("DISK_FULL", "The song's disk is full; free some room and ask again."), str(folder))
    why = told_of_file_limit(error) or "see that its folder is there and can be"
    message = f"{path.name} could not be written; {why}."
    return noted(UnavailableError("OUTPUT_NOT_WRITTEN", message), f"{path}: {error}")


def _blocks(sound: Sound, watch: Watch) -> Iterator[Waveform]:
    for first in range(0, sound.waveform.shape[-1], BLOCK):
        yield np.clip(sound.waveform[:, first : first + BLOCK], -1.0, 1.0)
        watch(min(first + BLOCK, sound.waveform.shape[-1]) / sound.waveform.shape[-1])


def _write_by_libsndfile(part: Path, sound: Sound, tags: dict[str, str], watch: Watch, **how: Any) -> None:
    with soundfile.SoundFile(part, "w", sound.sample_rate, sound.channels, **how) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        for block in _blocks(sound, watch):
            file.write(block.T)


def _write_ogg(part: Path, sound: Sound, tags: dict[str, str], watch: Watch) -> None:
    _write_by_libsndfile(part, sound, tags, watch, format="OGG", subtype="VORBIS", compression_level=OGG_LEVEL)
    set_serial(part)


def _write_flac(part: Path, sound: Sound, tags: dict[str, str], watch: Watch) -> None:
    _write_by_libsndfile(part, sound, tags, watch, format="FLAC", subtype="PCM_24")


def _write_wav(part: Path, sound: Sound, tags: dict[str, str], watch: Watch) -> None:
    _write_by_libsndfile(part, sound, tags, watch, format="WAV", subtype="PCM_16")


def _write_mp3(part: Path, sound: Sound, tags: dict[str, str], watch: Watch) -> None:
    """Encode by FFmpeg: libsndfile writes tags of MP3 in Latin-1, which has no Hangul."""
    import av

    rate = next((rate for rate in MP3_RATES if rate >= sound.sample_rate), MP3_RATES[-1])
    try:
        with av.open(str(part), "w", format="mp3") as output:
            output.metadata.update(tags)
            _encode_mp3(output, resample(sound, rate), watch)
    except av.FFmpegError as error:
        raise OSError(str(error)) from error


def _encode_mp3(output: Any, sound: Sound, watch: Watch) -> None:
    import av

    layout = "stereo" if sound.channels > 1 else "mono"
    stream = output.add_stream(
        "libmp3lame", rate=sound.sample_rate, layout=layout, format="fltp", bit_rate=MP3_BIT_RATE
    )
    for number, block in enumerate(_blocks(sound, watch)):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = (
            sound.sample_rate,
            number * BLOCK,
            Fraction(1, sound.sample_rate),
        )
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


_WRITERS: dict[SoundFormat, Callable[[Path, Sound, dict[str, str], Watch], None]] = {
    SoundFormat.OGG: _write_ogg,
    SoundFormat.FLAC: _write_flac,
    SoundFormat.WAV: _write_wav,
    SoundFormat.MP3: _write_mp3,
}
