"""Seeded damage to the files of a folder, as disks, copies and people do it."""

import random
from collections.abc import Callable
from pathlib import Path


def damage(folder: Path, seed: int) -> str:
    """Flip a bit, cut, remove, empty or overwrite one file; says what was done. A damage always changes something."""
    rng = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 0)
    victim = rng.choice(files)
    name, hurt = rng.choice(sorted(DAMAGES.items()))
    hurt(victim, rng)
    return f"{name} {victim.relative_to(folder)}"


def _flip(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        offset = rng.randrange(path.stat().st_size)
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << rng.randrange(8))]))


def _cut(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(rng.randrange(path.stat().st_size))


def _overwrite(path: Path, rng: random.Random) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(rng.randrange(size))
        file.write(rng.randbytes(min(4096, size)) + b"\x01")


def _remove(path: Path, _rng: random.Random) -> None:
    path.unlink()


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "flip": _flip,
    "cut": _cut,
    "overwrite": _overwrite,
    "remove": _remove,
}
