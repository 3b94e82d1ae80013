"""`singalike voices`: enrol a person's voice with their consent, look at it, erase it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.cli.catalogue_pages import opened_catalogue
from singalike.services.cli.listener_store import print_removal
from singalike.services.cli.options import data_dir_option, json_option, recording_options
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.services.records import StoredVoice

STATEMENT = "Singalike may keep the vectors of my voice, not its sound, until I have them erased."


@click.group()
def command() -> None:
    """Enrol a voice with its owner's consent, show what is kept of it, erase it.

    An enrolled voice can stand for a recording: `singalike recommend --seed voice:ID`.
    """


@command.command(name="enrol")
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--subject", required=True, help="Whose voice it is, as you name them.")
@click.option(
    "--consent",
    type=click.Choice(["self"]),
    default=None,
    help="self: the owner of the voice agrees; without it they are asked.",
)
@recording_options
@data_dir_option
@json_option
def enrol(
    recording: Path,
    subject: str,
    consent: str | None,
    channel: str,
    mixture: bool,
    device: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Keep the vectors of the voice in RECORDING; the sound is not kept. Prints the id of the voice."""
    if consent is None:
        click.confirm(f"{subject}: {STATEMENT} Do you agree?", abort=True, err=True)
    from singalike.services import bootstrap
    from singalike.services.listen import listen_to_file
    from singalike.services.records import Consent

    settings = read_settings(data_dir=data_dir, device=device)
    ear = bootstrap.load_encoder(settings)
    profile = listen_to_file(recording, settings, ear, channel=channel, mixture=mixture)
    with opened_catalogue(data_dir) as (catalogue, _):
        voice = catalogue.add_voice(profile, Consent(subject, STATEMENT, datetime.now(UTC)))
    _print(voice, as_json=as_json)


@command.command(name="show")
@click.argument("voice_id", metavar="VOICE")
@data_dir_option
@json_option
def show(voice_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Say what is kept of VOICE."""
    with opened_catalogue(data_dir) as (catalogue, _):
        voice = catalogue.get_voice(voice_id)
    _print(voice, as_json=as_json)


@command.command(name="erase")
@click.argument("voice_id", metavar="VOICE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def erase(voice_id: str, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Erase VOICE and the record of its consent, from every file."""
    with opened_catalogue(data_dir) as (catalogue, _):
        catalogue.get_voice(voice_id)
        if not yes:
            click.confirm(f"Erase {voice_id} and the record of its consent?", abort=True, err=True)
        catalogue.remove_voice(voice_id)
    print_removal(voice_id, as_json=as_json)


def _print(voice: "StoredVoice", *, as_json: bool) -> None:
    from singalike.recsys.suggestions import VoiceSummary
    from singalike.services.cli.suggestions_json import voice_to_json

    said = {
        "voice_id": voice.voice_id,
        "model_version": voice.profile.model_version,
        "create_time": voice.create_time.isoformat(),
        "consent_time": voice.consent.time.isoformat(),
        "voice": voice_to_json(VoiceSummary.of(voice.profile)),
    }
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, allow_nan=False))
        return
    click.echo(f"{voice.voice_id}  enrolled {voice.create_time:%Y-%m-%d}, sounds {voice.profile.voice_gender}")
