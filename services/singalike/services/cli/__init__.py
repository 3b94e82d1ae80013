"""The command line: `singalike COMMAND`, one file a command, imported when it is called."""

from singalike.services.cli.root import main

__all__ = ["main"]
