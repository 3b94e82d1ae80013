"""Sing a song that was listened to with another voice, and put everything together again."""

from dataclasses import dataclass

from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, ConvertOptions, TargetVoice, VoiceEngine
from singalike.conversion.key_shift import shift_key
from singalike.conversion.mixing import remix
from singalike.conversion.piece_store import PieceStore
from singalike.conversion.song.listening import HeardSong
from singalike.conversion.song.stages import Report, Stage, watch_of


@dataclass(frozen=True)
class SongKey:
    """By how much a song is moved.

    Attributes:
        voice: Semitones added to what is sung.
        accompaniment: Semitones added to the rest, backing voices with it. The two differ by whole octaves or the song
            falls apart.
    """

    voice: float = 0.0
    accompaniment: float = 0.0


@dataclass(frozen=True, eq=False)
class Singer:
    """Who sings.

    Attributes:
        engine: Converts.
        voice: What it has learnt of the target.
        retrieval_share, protect, seed: As in `ConvertOptions`.
        device: Where torch computes.
    """

    engine: VoiceEngine
    voice: TargetVoice
    retrieval_share: float | None = None
    protect: float | None = None
    seed: int = 0
    device: str = "cpu"

    def options(self, key_shift: float) -> ConvertOptions:
        """Return what the engine is asked for."""
        return ConvertOptions(key_shift, self.retrieval_share, self.protect, self.seed)


def sing_song(heard: HeardSong, singer: Singer, key: SongKey, pieces: PieceStore, report: Report) -> Sound:
    """Make the mix of a converted song.

    The same song, singer and key give the same samples, whether pieces were found in the store or not.

    Args:
        heard: What `listen_to_song` made of the song.
        singer: Who sings.
        key: Where to.
        pieces: Keeps what the engine has finished.
        report: Told of the stages "shifting", "converting" and "mixing".

    Returns:
        As long as the song, with its rate and channels; may swing beyond full scale: `finishing.finish` it.

    Raises:
        InvalidInputError, WrongStateError: As `VoiceEngine.convert`.
    """
    report(Stage.SHIFTING, 0.0)
    accompaniment = shift_key(heard.accompaniment, key.accompaniment, watch_of(report, Stage.SHIFTING))
    converted = singer.engine.convert(
        heard.lead, singer.voice, singer.options(key.voice), _context(singer, heard, pieces, report)
    )
    report(Stage.MIXING, 0.0)
    return remix(converted.vocal, heard.lead, accompaniment)


def _context(singer: Singer, heard: HeardSong, pieces: PieceStore, report: Report) -> ConversionContext:
    done = 0.0

    def progress(share: float) -> None:
        nonlocal done
        done = share
        report(Stage.CONVERTING, share)

    return ConversionContext(
        progress=progress,
        check_cancelled=lambda: report(Stage.CONVERTING, done),
        device=singer.device,
        seed=singer.seed,
        pieces=pieces,
        pitch=heard.pitch,
    )
