"""`singalike enrol`: let engines learn a person's voice, with their consent, and draw phrases to read aloud."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from singalike.services.cli.listener_store import read_time
from singalike.services.cli.options import data_dir_option, json_option, recording_options
from singalike.services.cli.target_voices import print_target
from singalike.services.conversion_records import DEFAULT_TENANT
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.services.conversion.enrol import TargetEnroller
    from singalike.services.conversion.enrolment import VoiceRecording

STATEMENT = "Singalike may keep what it learns of my voice, not its sound, and sing with it, until I take this back."

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class TakesGroup(click.Group):
    """A group for which whatever is not the name of a command is a take."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put the name of the command in front where it was left out."""
        named = bool(args) and (args[0] in self.commands or args[0] in {"-h", "--help"})
        return super().parse_args(context, args if named or not args else ["takes", *args])


@click.group(cls=TakesGroup)
def command() -> None:
    """Enrol a voice to sing with: singalike enrol TAKES... --subject NAME.

    TAKES are recordings of one person singing, 30 seconds or more together. What is learnt is kept, the sound is not.
    With --read-back the person shows that they agree by reading a phrase from `singalike enrol phrase`; otherwise they
    are asked here, and the record says that consent was declared. All options: singalike enrol takes --help.
    """


@command.command(name="takes")
@click.argument("takes", nargs=-1, required=True, type=FILE)
@click.option("--subject", required=True, help="Whose voice it is, as you name them.")
@click.option("--read-back", type=FILE, default=None, help="Recording of the phrase read aloud.")
@click.option("--phrase-id", default="", help="Which phrase was read.")
@click.option(
    "--consent",
    type=click.Choice(["self"]),
    default=None,
    help="self: the owner of the voice agrees; without it they are asked.",
)
@click.option("--expires", default="", metavar="TIME", help="Until when, ISO 8601; default: until it is revoked.")
@click.option("--engine", "engines", multiple=True, metavar="NAME", help="That shall learn the voice; repeatable.")
@recording_options
@data_dir_option
@json_option
def takes_command(
    takes: tuple[Path, ...],
    subject: str,
    read_back: Path | None,
    phrase_id: str,
    consent: str | None,
    expires: str,
    engines: tuple[str, ...],
    data_dir: Path | None,
    as_json: bool,
    **heard: Any,
) -> None:
    """Let engines learn the voice of TAKES, with its owner's consent; prints the id of the voice.

    Without a word between, `singalike enrol TAKES...` does the same.
    """
    if (read_back is None) != (not phrase_id):
        raise click.UsageError("--read-back FILE and --phrase-id ID belong together: see singalike enrol phrase")
    if consent is None:
        click.confirm(f"{subject}: {STATEMENT} Do you agree?", abort=True, err=True)
    from singalike.services.conversion.enrolment import Enrolment
    from singalike.services.records import Consent

    settings = read_settings(data_dir=data_dir, device=heard["device"])
    enrolment = Enrolment(
        DEFAULT_TENANT,
        Consent(subject, STATEMENT, datetime.now(UTC)),
        tuple(_recording(take, settings, heard) for take in takes),
        None if read_back is None else _recording(read_back, settings, heard),
        phrase_id,
        read_time("--expires", expires),
        engines,
    )
    with opened_enroller(settings) as enroller:
        target = enroller.enrol_declared(enrolment) if read_back is None else enroller.enrol(enrolment)
    print_target(target, as_json=as_json)


@command.command(name="phrase")
@click.option("--language", type=click.Choice(["en", "ko"]), default="en", show_default=True, help="Of the phrase.")
@data_dir_option
@json_option
def phrase_command(language: str, data_dir: Path | None, as_json: bool) -> None:
    """Draw a phrase for the owner of a voice to read aloud; it is good for one enrolment, for some minutes."""
    from random import SystemRandom

    from singalike.services import bootstrap
    from singalike.services.conversion.consent_phrases import create_phrase

    settings = read_settings(data_dir=data_dir)
    targets = bootstrap.open_targets(settings)
    try:
        drawn = create_phrase(
            targets, DEFAULT_TENANT, language, SystemRandom(), datetime.now(UTC), phrase_s=settings.phrase_s
        )
    finally:
        targets.close()
    if as_json:
        said = {"phrase_id": drawn.phrase_id, "text": drawn.text, "expire_time": drawn.expire_time.isoformat()}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    click.echo(drawn.text)
    click.echo(
        f"\nRead it aloud, record it, and before {drawn.expire_time.astimezone():%H:%M:%S}:\n"
        f"  singalike enrol TAKES... --subject NAME --read-back FILE --phrase-id {drawn.phrase_id}",
        err=True,
    )


def _recording(path: Path, settings: Settings, heard: dict[str, Any]) -> "VoiceRecording":
    from singalike.services.conversion.enrolment import VoiceRecording
    from singalike.services.recordings import read_recording

    most = settings.max_upload_mb * 2**20
    return VoiceRecording(lambda: read_recording(path, most), heard["channel"], not heard["mixture"])


@contextmanager
def opened_enroller(settings: Settings) -> "Iterator[TargetEnroller]":
    """Load the ear and open everything that an enrolment needs; closed after the block."""
    from singalike.services import bootstrap
    from singalike.services.view_keeper import ViewKeeper

    ear = bootstrap.load_encoder(settings)
    engines = bootstrap.build_engines(settings)
    catalogue = bootstrap.open_catalogue(settings)
    targets = bootstrap.open_targets(settings)
    try:
        with bootstrap.build_decoder(settings) as decoder:
            views = ViewKeeper(catalogue, ear.model_version)
            yield bootstrap.build_enroller(settings, ear, decoder, engines, targets, views)
    finally:
        targets.close()
        catalogue.close()
