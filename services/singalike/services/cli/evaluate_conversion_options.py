"""What `singalike evaluate conversion` takes beside the options of all topics, and what it makes of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from singalike.services.settings import Settings

if TYPE_CHECKING:
    from singalike.conversion.evaluation.topic import ConversionSubject

Command = TypeVar("Command", bound=Callable[..., object])

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class ConversionChoice:
    """What was chosen on the command line.

    Attributes:
        pairs: A person's own pairs.
        engines: Names; none: all that can sing here.
        key_shift: Semitones; None: to where the target sings.
        utmos: Weights of UTMOS.
    """

    pairs: Path | None
    engines: tuple[str, ...]
    key_shift: float | None
    utmos: Path | None


_OPTIONS = (
    click.option(
        "--utmos", type=_FILE, help="For conversion: utmos_scripted.pt of utmos-pytorch, which predicts opinions."
    ),
    click.option(
        "--to-range",
        is_flag=True,
        help="For conversion: move every source by whole semitones to where the target sings.",
    ),
    click.option(
        "--key-shift",
        type=click.FloatRange(-24.0, 24.0),
        default=0.0,
        show_default=True,
        help="For conversion: semitones that every source is moved by.",
    ),
    click.option(
        "--engine",
        "engines",
        multiple=True,
        metavar="NAME",
        help="For conversion: judge this engine; may be repeated. Without it all that can sing here.",
    ),
    click.option(
        "--pairs",
        type=_FILE,
        help="For conversion: CSV with the columns source, takes (parted by ;), held_out; perhaps name, set, "
        "key_shift.",
    ),
)


def conversion_options(command: Command) -> Command:
    """Add `--pairs`, `--engine`, `--key-shift`, `--to-range` and `--utmos`, passed on as one `conversion`."""

    def chosen(
        *,
        pairs: Path | None,
        engines: tuple[str, ...],
        key_shift: float,
        to_range: bool,
        utmos: Path | None,
        **others: Any,
    ) -> object:
        shift = None if to_range else key_shift
        return command(conversion=ConversionChoice(pairs, engines, shift, utmos), **others)

    chosen.__doc__ = command.__doc__
    chosen.__dict__.update(command.__dict__)
    changed: Any = chosen
    for option in _OPTIONS:
        changed = option(changed)
    return changed  # type: ignore[no-any-return]


def open_subject(settings: Settings, choice: ConversionChoice, *, pictures: bool) -> "ConversionSubject":
    """Load engines, baselines and judges.

    Args:
        settings: Where weights lie, which device computes.
        choice: What was chosen.
        pictures: Whether a report will show some.

    Raises:
        InvalidInputError: ENGINE_UNKNOWN.
        WrongStateError: ENGINE_WEIGHTS_MISSING, of an engine that was named; WEIGHTS_DAMAGED.
    """
    from singalike.conversion.confirmed_pitch import ConfirmedPitch
    from singalike.conversion.evaluation.contenders import baselines, contenders
    from singalike.conversion.evaluation.topic import ConversionSubject
    from singalike.conversion.world_retrieval.analysis import HOP_S
    from singalike.conversion.world_retrieval.loading import load_as_written
    from singalike.conversion.world_retrieval.pitch import VoicePitch
    from singalike.embeddings.encoder import choose_device
    from singalike.services import bootstrap
    from singalike.services.adapters.utmos import load_utmos
    from singalike.services.effort import ProcessMeter

    engines, device = bootstrap.build_engines(settings), choose_device(settings.device)
    pitch = VoicePitch.load(device)
    judge = ConfirmedPitch(pitch.head)
    names = choice.engines or tuple(info.name for info in engines.ready())
    return ConversionSubject(
        contenders=contenders([engines.get(name) for name in names], baselines(load_as_written(), pitch), device),
        track=partial(judge.track, hop_s=HOP_S),
        meter=ProcessMeter(time.process_time if device == "cpu" else time.perf_counter),
        own_pairs=choice.pairs,
        key_shift=choice.key_shift,
        naturalness=None if choice.utmos is None else load_utmos(choice.utmos, device),
        pictures=pictures,
    )
