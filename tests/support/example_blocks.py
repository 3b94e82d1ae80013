"""The examples of a page: its blocks of Python, and the commands of its console blocks."""

import re
import shlex
from pathlib import Path

BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def python_blocks(page: Path) -> list[str]:
    """Return the code of the page's Python blocks, in order."""
    return [code for language, code in BLOCK.findall(page.read_text("utf-8")) if language == "python"]


def commands(page: Path) -> list[list[str]]:
    """Return the words of each command behind a `$` in the page's console blocks, in order; `#` begins a comment."""
    consoles = [code for language, code in BLOCK.findall(page.read_text("utf-8")) if language == "console"]
    lines = [line for code in consoles for line in re.sub(r"\\\n\s*", "", code).splitlines()]
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]
