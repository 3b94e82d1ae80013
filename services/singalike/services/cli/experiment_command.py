"""`singalike experiment`: who gets which preset, what came of it, and what another preset would have come to."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.errors import InvalidInputError
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.recsys.experiments import Experiment
    from singalike.recsys.replay import Share
    from singalike.services.adapters.sql_catalogue import SqlCatalogue
    from singalike.services.listeners.experiment_report import ExperimentReport
    from singalike.services.recommender.recommend import Recommender

file_option = click.option(
    "--experiment",
    "experiment_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="JSON file of the experiment; default SINGALIKE_EXPERIMENT.",
)


@click.group()
def command() -> None:
    """Try presets on listeners: assign arms, report, and replay what was shown under another preset."""


@command.command()
@click.argument("listeners", metavar="LISTENER...", nargs=-1, required=True)
@file_option
@json_option
def assign(listeners: tuple[str, ...], experiment_file: Path | None, as_json: bool) -> None:
    """Say which arm each LISTENER is in; nothing is stored, the same listener is always in the same one."""
    from singalike.recsys.experiments import assign_arm
    from singalike.recsys.presets import load_presets
    from singalike.services.recommender.showing import check_experiment

    settings = read_settings(experiment=experiment_file)
    experiment = check_experiment(_experiment(settings), load_presets(settings.presets))
    if experiment.interleave and not as_json:
        click.echo(f"{experiment.name} is interleaved: everybody is shown one list out of all arms")
        return
    arms = {listener: assign_arm(experiment, listener) for listener in listeners}
    if as_json:
        click.echo(json.dumps({listener: asdict(arm) for listener, arm in arms.items()}, ensure_ascii=False))
        return
    for listener, arm in arms.items():
        click.echo(f"{listener}: {arm.name} ({arm.preset})")


@command.command()
@file_option
@data_dir_option
@json_option
def report(experiment_file: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Say what came of the experiment so far: lists, listeners, successes with their 95 % interval."""
    from singalike.services import bootstrap
    from singalike.services.listeners.experiment_report import report_experiment

    settings = read_settings(data_dir=data_dir, experiment=experiment_file)
    experiment = _experiment(settings)
    with closing(bootstrap.open_catalogue(settings)) as catalogue, closing(bootstrap.open_feedback(settings)) as store:
        found = report_experiment(experiment, store, _singers_of_tracks(catalogue), datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    for line in _report_lines(found):
        click.echo(line)


@command.command()
@click.argument("preset")
@click.option(
    "--voices",
    "voices_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="CSV with the columns listener_id and voice_id: the enrolled voice of each listener.",
)
@click.option("--depth", type=click.IntRange(1, 100), default=5, show_default=True, help="Items that have to agree.")
@file_option
@data_dir_option
@json_option
def replay(
    preset: str,
    voices_file: Path,
    depth: int,
    experiment_file: Path | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Say what PRESET would have come to on the lists that were shown, by voice alone.

    Lists count where PRESET would have shown the same first items. Taste and popularity stay out: both were learnt
    from the choices that are to be foretold.
    """
    from singalike.services import bootstrap
    from singalike.services.recommender.experiment_replay import read_voices, replay_preset

    settings = read_settings(data_dir=data_dir, experiment=experiment_file)
    experiment = bootstrap.load_experiment(settings)
    voices = read_voices(voices_file)
    with _stranger_to_all(settings) as (recommender, catalogue), closing(bootstrap.open_feedback(settings)) as store:
        wanted = recommender.presets.find(preset)
        found = replay_preset(wanted, recommender, catalogue, store, voices, experiment, datetime.now(UTC), depth)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    figures = found.figures
    click.echo(f"{figures.lists} lists, {found.without_voice} more of listeners without an enrolled voice")
    if figures.matched.cases:
        click.echo(f"shown alike by {wanted.label}: {_share(figures.matched)} came to something")
    else:
        click.echo(f"shown alike by {wanted.label}: no list; a --depth below {depth} asks for less")
    if figures.by_probability is not None:
        click.echo(f"weighted by the probability of having been shown: {figures.by_probability:.1%}")
    click.echo(f"choices that would have been offered too: {_share(figures.kept_choices)}")


@contextmanager
def _stranger_to_all(settings: Settings) -> Iterator[tuple["Recommender", "SqlCatalogue"]]:
    """Open a recommender that knows no listeners."""
    from singalike.recsys.presets import load_presets
    from singalike.services import bootstrap
    from singalike.services.index_follower import IndexFollower
    from singalike.services.recommender.recommend import Recommender

    ear = bootstrap.load_encoder(settings)
    exact = settings.model_copy(update={"index": "exact"})
    with ExitStack() as parts:
        catalogue = parts.enter_context(closing(bootstrap.open_catalogue(settings)))
        index = parts.enter_context(closing(bootstrap.open_index(exact, ear.timbre_dim, ear.style_dim)))
        IndexFollower(catalogue, index, ear.model_version).start()
        yield Recommender(catalogue, index, ear.model_version, None, load_presets(settings.presets)), catalogue


def _experiment(settings: Settings) -> "Experiment":
    from singalike.services import bootstrap

    experiment = bootstrap.load_experiment(settings)
    if experiment is None:
        raise InvalidInputError("NO_EXPERIMENT", "no experiment runs: name its file with --experiment")
    return experiment


def _singers_of_tracks(catalogue: "SqlCatalogue") -> dict[str, str]:
    singers: dict[str, str] = {}
    token: str | None = None
    while token != "":
        page = catalogue.list_tracks(1000, token or "")
        singers |= {track.track_id: track.singer_id for track in page.items}
        token = page.next_page_token
    return singers


def _report_lines(found: "ExperimentReport") -> Iterator[str]:
    yield f"experiment {found.name}"
    for arm in found.arms:
        yield (
            f"  {arm.arm.name} ({arm.arm.preset}, {arm.arm.share:.0%}): {arm.exposures} lists to {arm.listeners} "
            f"listeners; {_share(arm.success)} came to something; {arm.interleaving_wins} interleaved lists won"
        )
    yield f"  {found.ties} interleaved lists tied"


def _share(share: "Share") -> str:
    if share.rate is None or share.low is None or share.high is None:
        return "none of 0"
    return f"{share.successes} of {share.cases} ({share.rate:.1%}, {share.low:.1%} to {share.high:.1%})"
