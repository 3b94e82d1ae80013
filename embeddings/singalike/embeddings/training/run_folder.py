"""The folder of a training run: what it is, how far it is, and its best network; whole at any moment."""

import fcntl
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from singalike.errors import CapacityError, WrongStateError
from singalike.whole_files import FULL_DISK, PART_SUFFIX, whole_file

RUN, STATE, BEST, LOCK = "run.json", "state.safetensors", "best.safetensors", "lock"
_FACTS = "facts"


@dataclass(frozen=True, eq=False)
class Saved:
    """Tensors with what is known about them.

    Attributes:
        tensors: By name, on the CPU.
        facts: JSON values.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


class RunFolder:
    """Keeps one run. A file appears whole or not at all, so a process may be killed at any moment.

    Args:
        path: Created when the run begins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out of the folder while the block lasts; a killed process lets go of it.

        Raises:
            WrongStateError: RUN_IN_USE.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WrongStateError(
                    "RUN_IN_USE", f"another process trains in {self.path}: wait for it, or name another run folder"
                ) from error
            yield

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Write down what run this is, or make sure that it is the same run.

        Args:
            identity: Name, settings, preset and seed, JSON values.

        Raises:
            WrongStateError: RUN_DIFFERS, naming each setting that is another than at the beginning.
        """
        text = json.dumps(dict(identity), indent=2, sort_keys=True) + "\n"
        file = self.path / RUN
        if not file.exists():
            write_whole(file, text.encode())
            return
        begun, wanted = _flat(json.loads(file.read_text("utf-8"))), _flat(json.loads(text))
        other = sorted(name for name in begun.keys() | wanted.keys() if begun.get(name) != wanted.get(name))
        if other:
            listed = ", ".join(f"{name} {_shown(begun, name)}, not {_shown(wanted, name)}" for name in other)
            raise WrongStateError(
                "RUN_DIFFERS",
                f"the run in {self.path} was begun with {listed}: use the same settings, or another run folder",
            )

    def save(self, name: str, saved: Saved) -> None:
        """Write tensors and facts as one file, over the previous one."""
        tensors = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in saved.tensors.items()}
        write_whole(self.path / name, save(tensors, {_FACTS: json.dumps(dict(saved.facts))}))

    def load(self, name: str) -> Saved | None:
        """Read what `save` wrote; None when there is nothing.

        Raises:
            WrongStateError: RUN_DAMAGED, the file is not what was written.
        """
        file = self.path / name
        if not file.exists():
            return None
        content = file.read_bytes()
        try:
            tensors = load(content)
            # A safetensors file begins with the length of its JSON header, 8 bytes, little endian.
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
            facts = json.loads(header["__metadata__"][_FACTS])
        except (SafetensorError, ValueError, KeyError) as error:
            raise WrongStateError(
                "RUN_DAMAGED", f"{file} is damaged: delete {self.path} to begin again, or bring the file back"
            ) from error
        return Saved(tensors, facts)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that it has the old content or the new one, whatever happens meanwhile.

    Raises:
        CapacityError: DISK_FULL.
    """
    try:
        # One process owns a run: under one name, what a kill leaves of a large state is written over by the next.
        with whole_file(file, file.with_name(file.name + PART_SUFFIX)) as part:
            part.write_bytes(content)
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise CapacityError("DISK_FULL", f"no space is left for {file}: free some, the same command goes on") from error


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an archive for `numpy.load` as `write_whole` does, in a folder that is created when absent.

    Raises:
        CapacityError: DISK_FULL.
    """
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, content.getvalue())


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """Name nested settings by their path: {"loop": {"steps": 1}} is {"loop.steps": 1}."""
    if not isinstance(values, dict):
        return {prefix: values}
    return {
        path: value
        for name, inner in values.items()
        for path, value in _flat(inner, f"{prefix}.{name}" if prefix else name).items()
    }


def _shown(settings: Mapping[str, Any], name: str) -> str:
    return json.dumps(settings[name]) if name in settings else "(absent)"
