"""The options of commands that ask for suggestions, and what they come to."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from singalike.recsys.seeds import Seed
    from singalike.services.recommender.recommend_options import RecommendOptions

Command = TypeVar("Command", bound=Callable[..., object])

FIELD_OF_OPTION = {
    "excluded_singers": "excluded_singer_ids",
    "excluded_tracks": "excluded_track_ids",
    "excluded_genres": "excluded_genres",
    "excluded_languages": "excluded_languages",
    "unlike": "unlike_singer_ids",
    "genres": "genres",
    "languages": "languages",
    "voice_genders": "voice_genders",
    "signals_off": "signals_off",
}
"""Repeatable options by the field of `RecommendOptions` that they fill."""

OPTIONS = (
    click.option("--k", type=click.IntRange(1, 100), default=10, show_default=True, help="Size of a page."),
    click.option(
        "--timbre-style",
        type=click.FloatRange(0.0, 1.0),
        default=0.5,
        show_default=True,
        help="Dial: 0 listens to timbre alone, 1 to style alone.",
    ),
    click.option("--listener", default="", metavar="ID", help="Who asks: brings in what they liked and excluded."),
    click.option(
        "--seed",
        "seeds",
        multiple=True,
        metavar="KIND:ID[:WEIGHT]",
        help="More like this singer, track or enrolled voice (weight up to 1), or less (down to -1); repeatable.",
    ),
    click.option(
        "--relation",
        type=click.Choice(["similar", "duet-partner", "dissimilar"]),
        default="similar",
        show_default=True,
        help="What the singers are to the voice.",
    ),
    click.option("--unlike", multiple=True, metavar="ID", help="Nothing like this singer; repeatable."),
    click.option("--exclude-singer", "excluded_singers", multiple=True, metavar="ID", help="Never; repeatable."),
    click.option("--exclude-track", "excluded_tracks", multiple=True, metavar="ID", help="Never; repeatable."),
    click.option("--exclude-genre", "excluded_genres", multiple=True, metavar="WORD", help="Never; repeatable."),
    click.option("--exclude-language", "excluded_languages", multiple=True, metavar="WORD", help="Never; repeatable."),
    click.option("--genre", "genres", multiple=True, metavar="WORD", help="Only this genre; repeatable."),
    click.option("--language", "languages", multiple=True, metavar="WORD", help="Only this language; repeatable."),
    click.option(
        "--voice-gender", "voice_genders", multiple=True, type=click.Choice(["female", "male"]), help="Only these."
    ),
    click.option(
        "--mode",
        type=click.Choice(["easy", "comfortable", "stretch"]),
        default="comfortable",
        show_default=True,
        help="Which songs and keys are looked for.",
    ),
    click.option("--original-key", is_flag=True, help="Keep songs in the key that they are in."),
    click.option(
        "--songs-per-singer",
        type=click.IntRange(1, 100),
        default=1,
        show_default=True,
        help="Songs of one singer on a page before all others had theirs.",
    ),
    click.option(
        "--diversity",
        type=click.FloatRange(0.0, 1.0),
        default=0.2,
        show_default=True,
        help="Dial: 0 takes the best scores, 1 what is most different.",
    ),
    click.option("--preset", default="", metavar="NAME[@VERSION]", help="Weights by name; see singalike presets list."),
    click.option(
        "--weight",
        "weights",
        multiple=True,
        metavar="SIGNAL=NUMBER",
        help="Your own weights, of signals that `singalike presets show` names; repeatable.",
    ),
    click.option("--without", "signals_off", multiple=True, metavar="SIGNAL", help="Switch a signal off; repeatable."),
    click.option("--lang", type=click.Choice(["en", "ko"]), default="en", show_default=True, help="Of the sentences."),
    click.option("--even-if-unsure", is_flag=True, help="Name singers even when too little was heard."),
    click.option("--random-seed", type=int, default=0, help="Orders equal scores."),
)


def suggestion_options(command: Command) -> Command:
    """Add every option of `RecommendOptions`; `options_from` reads what they bring."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def options_from(given: Mapping[str, Any]) -> "RecommendOptions":
    """Make options of what click read.

    Raises:
        click.BadParameter: A seed or a weight that is not written as it should be.
    """
    from singalike.services.recommender.recommend_options import RecommendOptions

    return RecommendOptions(
        k=given["k"],
        timbre_style=given["timbre_style"],
        listener_id=given["listener"],
        seeds=tuple(_seed(text) for text in given["seeds"]),
        relation=given["relation"].replace("-", "_"),
        singing_mode=given["mode"],
        original_key=given["original_key"],
        songs_per_singer=given["songs_per_singer"],
        diversity=given["diversity"],
        preset=given["preset"],
        weights=dict(_weight(text) for text in given["weights"]),
        language_code=given["lang"],
        even_if_unsure=given["even_if_unsure"],
        random_seed=given["random_seed"],
        **{field: frozenset(given[option]) for option, field in FIELD_OF_OPTION.items()},
    )


def _seed(text: str) -> "Seed":
    from singalike.recsys.seeds import SEED_KINDS, Seed

    kind, _, rest = text.partition(":")
    name, _, weight = rest.partition(":")
    if kind not in SEED_KINDS or not name:
        raise click.BadParameter(f"{text!r}: write {'|'.join(SEED_KINDS)}:ID or KIND:ID:WEIGHT", param_hint="--seed")
    return Seed(kind, name, _number(weight or "1", "--seed"))


def _weight(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name, _number(number, "--weight")


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number", param_hint=option) from None
