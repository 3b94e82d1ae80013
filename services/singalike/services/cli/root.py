"""The command group: finds commands lazily and turns errors into one line and an exit status."""

import importlib
import json
import sys
from typing import Any, NoReturn

import click

from singalike.errors import InvalidInputError, NotFoundError, SingalikeError, for_operators

COMMANDS = {
    "convert": "Sing a song in the voice of a person who agrees.",
    "conversions": "List, watch, stop, erase and save songs that are sung in somebody's voice.",
    "demo": "Synthesise a catalogue and a voice, recommend, convert a song: the whole path in one go.",
    "embed": "Turn recordings into vectors.",
    "enrol": "Let engines learn a voice to sing with, with its owner's consent.",
    "evaluate": "Measure the ear on recordings that it has not heard, beside baselines.",
    "exclusions": "Keep, list and take back what a listener never wants to see.",
    "experiment": "Assign listeners to presets, report what came of it, replay what was shown.",
    "export": "Write the ear's models as ONNX or TorchScript.",
    "feedback": "Record, list, delete and import what listeners did.",
    "identify": "Say with what probability a voice is each singer's.",
    "ingest": "Take recordings into the catalogue.",
    "listeners": "Erase everything that is kept of a listener.",
    "map": "Draw the singers of the catalogue on a map.",
    "presets": "List the weights that rankings go by.",
    "recommend": "Find singers and songs for a voice.",
    "serve": "Start the gRPC services.",
    "singers": "List and remove singers.",
    "tracks": "List and remove tracks.",
    "train": "Train the shipped models again.",
    "voices": "Enrol a voice with its owner's consent, show it, take the consent back, erase it.",
    "watermark": "Find out whether a recording was made by this Singalike.",
    "worker": "Work on conversions, one at a time.",
    "why": "Say why a singer is, or is not, suggested for a voice.",
}
"""Each command lives in `singalike.services.cli.<name>_command` as `command`; the help line stands here so that
`singalike --help` imports none of them."""

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return all names, without importing."""
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the command of this name."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"singalike.services.cli.{name}_command").command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="singalike")
def group() -> None:
    """Find the singers you sound like and the songs that fit your voice."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors of the domain become one line on stderr and exit status 1 or 2."""
    try:
        sys.exit(group.main(args=arguments, prog_name="singalike", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UnicodeEncodeError:
        # Paths may hold any bytes; a database may not, and is the first to say so of an id.
        if _is_text(arguments or sys.argv):
            raise
        _fail(InvalidInputError("BAD_ARGUMENT", "an argument is no text in UTF-8: write it again"), arguments)
    except SingalikeError as error:
        _fail(error, arguments)


def _fail(error: SingalikeError, arguments: list[str] | None) -> NoReturn:
    click.echo(_error_line(error, as_json="--json" in (arguments or sys.argv)), err=True)
    sys.exit(EXIT_BAD_INPUT if isinstance(error, InvalidInputError | NotFoundError) else EXIT_FAILED)


def _is_text(arguments: list[str]) -> bool:
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError:
        return False
    return True


def _error_line(error: SingalikeError, *, as_json: bool) -> str:
    if not as_json:
        return f"singalike: {for_operators(error)} [{error.reason}]"
    fields: dict[str, Any] = {"error": {"reason": error.reason, "message": for_operators(error)}}
    return json.dumps(fields, ensure_ascii=False)
