"""What is compared in the table: engines, and baselines that show what their figures are worth."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, ConvertOptions, VoiceEngine
from singalike.conversion.evaluation.pairs import Pair
from singalike.conversion.world_retrieval.analysis import RATE
from singalike.conversion.world_retrieval.as_written import AsWritten
from singalike.conversion.world_retrieval.pitch import VoicePitch
from singalike.conversion.world_retrieval.rendering import sung_by_world, vocoded
from singalike.conversion.world_retrieval.world_engine import WorldEngine

SOURCE, COPY, AFFINE = "untouched source", "copy synthesis", "affine only"
AS_WRITTEN, OUR_ANALYSIS = "world-retrieval-as-written", "as written, our analysis"
SHORTEST_S = 1.0
"""Of voice to learn a target from: half a sentence is all that some pairs have."""

_BASELINE_VERSION = "1"


@dataclass(frozen=True)
class Effort:
    """What a conversion took.

    Attributes:
        spent_s: Seconds.
        peak_mib: Memory that came with it, at its highest, in MiB; NaN where the system does not tell.
    """

    spent_s: float
    peak_mib: float


class Meter(Protocol):
    """Measures work."""

    def __call__(self, work: Callable[[], Sound], /) -> tuple[Sound, Effort]:
        """Do the work and say what it took."""
        ...


@dataclass(frozen=True, eq=False)
class Contender:
    """One line of the table.

    Attributes:
        name: Of the engine or the baseline.
        version: Of what it makes, whatever decides that.
        baseline: Whether it stands there only for comparison.
        prepare: Learns the target of a pair and returns the work that is measured: the conversion.
    """

    name: str
    version: str
    baseline: bool
    prepare: Callable[[Pair, int], Callable[[], Sound]]


def contender_of(
    engine: VoiceEngine,
    options: ConvertOptions = ConvertOptions(),  # noqa: B008 - a frozen value
    *,
    name: str = "",
    baseline: bool = False,
    device: str = "cpu",
) -> Contender:
    """Enrol and convert with an engine; only the conversion is measured.

    Args:
        engine: Any; those of this package learn from less voice than a person has to give.
        options: Of every conversion; the key shift is that of the pair.
        name: In the table; empty: that of the engine.
        baseline: Whether it stands there only for comparison.
        device: Where torch computes.
    """
    if isinstance(engine, WorldEngine):
        engine = engine.content_with(SHORTEST_S)

    def prepare(pair: Pair, seed: int) -> Callable[[], Sound]:
        context = ConversionContext(seed=seed, device=device)
        voice = engine.enrol(pair.takes, context)
        chosen = replace(options, seed=seed, key_shift=pair.key_shift)
        return lambda: engine.convert(pair.source, voice, chosen, context).vocal

    return Contender(name or engine.info.name, f"{engine.info}-{options}", baseline, prepare)


def baselines(as_written: WorldEngine, pitch: VoicePitch) -> Sequence[Contender]:
    """Return what engines are compared with.

    Args:
        as_written: The specification's engine.
        pitch: Our own analysis, which the last of them has instead of the specification's.
    """
    ours = WorldEngine(AsWritten(SHORTEST_S), pitch, sung_by_world)
    return [
        Contender(SOURCE, _BASELINE_VERSION, True, lambda pair, _seed: lambda: pair.source),
        Contender(COPY, _BASELINE_VERSION, True, lambda pair, _seed: lambda: _copied(ours, pair)),
        contender_of(ours, ConvertOptions(retrieval_share=0.0), name=AFFINE, baseline=True),
        contender_of(as_written, name=AS_WRITTEN, baseline=True),
        contender_of(ours, name=OUR_ANALYSIS, baseline=True),
    ]


def contenders(engines: Iterable[VoiceEngine], lines: Sequence[Contender], device: str = "cpu") -> Sequence[Contender]:
    """Put engines behind their baselines, each name once.

    Args:
        engines: Those that can sing here.
        lines: The baselines.
        device: Where torch computes.
    """
    known = {line.name for line in lines}
    return [*lines, *(contender_of(one, device=device) for one in engines if one.info.name not in known)]


def _copied(engine: WorldEngine, pair: Pair) -> Sound:
    """Take the source apart with WORLD and put it together again."""
    frames = engine.analyse(pair.source)
    return Sound(vocoded(pair.source, frames, frames.cepstra, pair.key_shift)[None], RATE)
