"""`singalike voices`: enrol a person's voice with their consent, look at it, take the consent back, erase it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.errors import NotFoundError, WrongStateError
from singalike.services.cli.catalogue_pages import opened_catalogue
from singalike.services.cli.listener_store import print_removal
from singalike.services.cli.options import data_dir_option, json_option, recording_options
from singalike.services.cli.target_voices import print_target, tenant_option
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.services.conversion.conversions import TargetVoices
    from singalike.services.conversion_records import StoredTarget
    from singalike.services.records import StoredVoice

STATEMENT = "Singalike may keep the vectors of my voice, not its sound, until I have them erased."


@click.group()
def command() -> None:
    """Enrol a voice with its owner's consent, show what is kept of it, take the consent back, erase it.

    An enrolled voice can stand for a recording: `singalike recommend --seed voice:ID`. Voices that songs are sung with
    are enrolled by `singalike enrol`; they are shown, revoked and erased here.
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
@tenant_option
@data_dir_option
@json_option
def show(voice_id: str, tenant: str, data_dir: Path | None, as_json: bool) -> None:
    """Say what is kept of VOICE, and of one to sing with the record of its consent."""
    with _opened_voices(data_dir) as voices:
        target = _find_target(voices, tenant, voice_id)
    if target is not None:
        print_target(target, as_json=as_json)
        return
    with opened_catalogue(data_dir) as (catalogue, _):
        voice = catalogue.get_voice(voice_id)
    _print(voice, as_json=as_json)


@command.command(name="revoke")
@click.argument("voice_id", metavar="VOICE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option
@data_dir_option
@json_option
def revoke(voice_id: str, yes: bool, tenant: str, data_dir: Path | None, as_json: bool) -> None:
    """Take back the consent to sing with VOICE: all that was learnt and sung is erased, the record stays."""
    with _opened_voices(data_dir) as voices:
        target = voices.get(tenant, voice_id)
        if not yes:
            question = f"Take back the consent of {target.consent.subject} and erase what was learnt and sung?"
            click.confirm(question, abort=True, err=True)
        left = voices.revoke(tenant, voice_id)
    print_target(left, as_json=as_json)


@command.command(name="erase")
@click.argument("voice_id", metavar="VOICE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option
@data_dir_option
@json_option
def erase(voice_id: str, yes: bool, tenant: str, data_dir: Path | None, as_json: bool) -> None:
    """Erase VOICE, the record of its consent and what was sung with it, from every file."""
    with _opened_voices(data_dir) as voices, opened_catalogue(data_dir) as (catalogue, _):
        target = _find_target(voices, tenant, voice_id)
        if target is None:
            catalogue.get_voice(voice_id)
        if not yes:
            click.confirm(f"Erase {voice_id} and the record of its consent?", abort=True, err=True)
        if target is None:
            catalogue.remove_voice(voice_id)
        else:
            voices.delete(tenant, voice_id)
    print_removal(voice_id, as_json=as_json)


@contextmanager
def _opened_voices(data_dir: Path | None) -> "Iterator[TargetVoices]":
    """Open what is kept of voices to sing with; jobs of what is erased are forgotten by whoever hands them out."""
    from singalike.services import bootstrap
    from singalike.services.conversion.conversions import Leftovers, TargetVoices

    settings = read_settings(data_dir=data_dir)
    targets = bootstrap.open_targets(settings)
    try:
        leftovers = Leftovers(None, bootstrap.open_conversion_folder(settings))
        yield TargetVoices(targets, leftovers, lambda: datetime.now(UTC))
    finally:
        targets.close()


def _find_target(voices: "TargetVoices", tenant: str, voice_id: str) -> "StoredTarget | None":
    """Return a voice to sing with; None where it is for recommendations only, or not there."""
    try:
        return voices.get(tenant, voice_id)
    except (NotFoundError, WrongStateError):
        return None


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
