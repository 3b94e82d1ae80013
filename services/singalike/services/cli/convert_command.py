"""`singalike convert`: a song in a person's own voice, from the command line."""

import hashlib
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from singalike.errors import SingalikeError
from singalike.services.cli.convert_wish import AUTO, Wish, read_key
from singalike.services.cli.enrol_command import STATEMENT
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.cli.stopping import EXIT_INTERRUPTED, stop_signals
from singalike.services.conversion_records import Tenant
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.services.conversion.parts import ConversionParts
    from singalike.services.conversion.perform import PerformTools
    from singalike.services.conversion_records import StoredConversion, StoredTarget

ONCE = "Singalike may learn my voice and sing this song with it; nothing of my voice is kept afterwards."

LENT_FOR = timedelta(days=1)
"""A voice that is lent for one song is forgotten when the song is written, and at this age whatever came between."""

TENANT = Tenant()


@click.command()
@click.argument("song")
@click.option("--voice", "voices", multiple=True, required=True, metavar="ID|FILE", help="Who sings; FILE may repeat.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=".ogg, .flac, .wav, .mp3.")
@click.option(
    "--key",
    callback=read_key,
    default=AUTO,
    show_default=True,
    metavar="N|auto|octaves",
    help="Semitones; what fits the voice; or whole octaves for the voice alone.",
)
@click.option("--engine", default="", metavar="NAME", help="Which engine sings.")
@click.option("--subject", default="self", show_default=True, help="Whose voice FILE is, as you name them.")
@click.option("--consent", type=click.Choice(["self"]), default=None, help="self: the owner of the voice agrees.")
@click.option("--keep", is_flag=True, help="Keep the voice of FILE for other songs.")
@click.option("--channel", type=click.Choice(["mix", "left", "right"]), default=None, help="Of the song.")
@click.option("--a-cappella", is_flag=True, help="The song is a voice alone.")
@click.option("--detach", is_flag=True, help="Leave the work to a worker.")
@click.option("--retrieval-share", type=click.FloatRange(0, 1), default=None, help="See docs/conversion.md.")
@click.option("--protect", type=click.FloatRange(0, 1), default=None, help="See docs/conversion.md.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of all randomness.")
@click.option("--device", default=None, help="Torch device: auto, cpu, cuda.")
@data_dir_option
@json_option
def command(device: str | None, data_dir: Path | None, as_json: bool, consent: str | None, **typed: Any) -> int:
    """Sing SONG in the voice of a person who agrees, and write it to a file.

    SONG is a file or the id of a track. With --voice FILE, recordings of 10 seconds of voice or more, that voice is
    learnt for this song, and forgotten when it is written unless --keep is given. What is stopped by Ctrl-C goes on
    when the same command is given again; a voice that is lent is forgotten a day later all the same.
    """
    wish = Wish(is_agreed=consent is not None, **typed)
    wish.check()
    if wish.takes and not wish.is_agreed:
        statement = STATEMENT if wish.keep else ONCE
        click.confirm(f"{wish.subject}: {statement} Do you agree?", abort=True, err=True)
    settings = read_settings(data_dir=data_dir, device=device)
    with stop_signals() as stopping:
        return _convert(wish, settings, stopping, as_json=as_json)


def _convert(wish: Wish, settings: Settings, stopping: threading.Event, *, as_json: bool) -> int:
    from singalike.services import bootstrap
    from singalike.services.adapters.sql_catalogue import utc_now
    from singalike.services.conversion.convert_here import find_song_here, forget_voice, may_go_on
    from singalike.services.conversion.sweeper import Sweeper

    with ExitStack() as closing:
        parts = bootstrap.open_conversion_parts(settings, closing)
        tools = bootstrap.build_perform_tools(settings, parts, closing)
        files = bootstrap.open_song_files(settings)
        closing.callback(files.close)
        # Where no server or worker sweeps, this command does.
        Sweeper(parts, utc_now, lambda _tenant: 0).erase_outdated()
        track_id, file = find_song_here(
            wish.song, tools.catalogue, files.find_song_file, channel=wish.channel, a_cappella=wish.a_cappella
        )
        target = _target(wish, settings, parts)
        try:
            files.add_song_file(file)
            conversion = _ordered(wish, settings, parts, target, track_id, file.content_sha256)
            if wish.detach:
                return _leave(parts, conversion, as_json=as_json)
            status = _convert_here(wish, parts, tools, conversion, stopping, as_json=as_json)
        except SingalikeError as error:
            if not (wish.is_kept or may_go_on(error)):
                forget_voice(parts, TENANT, target.voice_id, file.content_sha256)
            raise
        if not (wish.is_kept or status):
            forget_voice(parts, TENANT, target.voice_id, file.content_sha256)
        return status


def _ordered(
    wish: Wish, settings: Settings, parts: "ConversionParts", target: "StoredTarget", track_id: str, content: str
) -> "StoredConversion":
    from singalike.services import bootstrap
    from singalike.services.conversion.convert_here import choose_engine, order_song

    engine = choose_engine(wish.engine, target, bootstrap.build_engines(settings).names)
    return order_song(parts, TENANT, wish.order(settings, track_id, content, target.voice_id, engine), wish.out)


def _leave(parts: "ConversionParts", conversion: "StoredConversion", *, as_json: bool) -> int:
    from singalike.services.cli.convert_progress import print_queued

    parts.jobs.enqueue(conversion.conversion_id, TENANT.name, conversion.order.priority, conversion.number)
    print_queued(conversion, as_json=as_json)
    return 0


def _convert_here(
    wish: Wish,
    parts: "ConversionParts",
    tools: "PerformTools",
    conversion: "StoredConversion",
    stopping: threading.Event,
    *,
    as_json: bool,
) -> int:
    from singalike.services.cli.convert_progress import StageWatch, print_converted
    from singalike.services.conversion.convert_here import HereConverter, performing, save_song
    from singalike.services.conversion.still_wanted import LetGoError
    from singalike.services.conversion.supervisor import new_executor_id

    executor_id = new_executor_id()
    with StageWatch(perf_counter) as watch:
        try:
            perform = performing(tools, executor_id, watch.show)
            done = HereConverter(parts, perform, executor_id, stopping, watch.show).convert(conversion)
        except LetGoError:
            click.echo("stopped: the same command goes on from the last finished piece", err=True)
            return EXIT_INTERRUPTED
    save_song(parts.folder.find_song(done.conversion_id), wish.out)
    print_converted(done, wish, watch, as_json=as_json)
    return 0


def _target(wish: Wish, settings: Settings, parts: "ConversionParts") -> "StoredTarget":
    """Find the voice, or learn it; learnt from the same recordings before, it is found again."""
    if not wish.takes:
        return parts.targets.get_target(TENANT.name, wish.voices[0])
    from singalike.services.cli.enrol_command import opened_enroller
    from singalike.services.conversion.convert_here import digest_of
    from singalike.services.conversion.enrolment import Enrolment, VoiceRecording
    from singalike.services.recordings import read_recording
    from singalike.services.records import Consent

    most = settings.max_upload_mb * 2**20
    audio = [read_recording(take, most) for take in wish.takes]
    now, statement = datetime.now(UTC), STATEMENT if wish.keep else ONCE
    content = digest_of([hashlib.sha256(each).hexdigest() for each in audio], wish.engine, wish.subject, statement)
    enrolment = Enrolment(
        TENANT.name,
        Consent(wish.subject, statement, now),
        tuple(VoiceRecording(partial(bytes, each)) for each in audio),
        expire_time=None if wish.keep else now + LENT_FOR,
        engines=(wish.engine,) if wish.engine else (),
        request_id=f"here-{content}",
        content=content,
    )
    known = parts.targets.find_target_request(TENANT.name, enrolment.request_id, content)
    if known is not None and (wish.keep or known.engines):
        return known
    if known is not None:
        parts.targets.remove_target(TENANT.name, known.voice_id)  # lent, and lapsed since
    with opened_enroller(settings) as enroller:
        return enroller.enrol_declared(enrolment)
