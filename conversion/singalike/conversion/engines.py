"""Finding engines by name, among the installed packages; each is loaded once."""

import importlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from singalike.conversion.engine import EngineInfo, VoiceEngine
from singalike.embeddings.ears.port import Fetch, refuse_to_fetch
from singalike.errors import InvalidInputError, SingalikeError, WrongStateError, noted

GROUP = "singalike.voice_engines"
DEFAULT = "world-retrieval"


class LoadEngine(Protocol):
    """What an entry point of the group `singalike.voice_engines` names."""

    def __call__(self, weights: Path | None, device: str, fetch: Fetch, /) -> VoiceEngine:
        """Load an engine.

        Args:
            weights: The folder of its weights; None where there is none.
            device: A torch device, for instance "cpu" or "cuda:0".
            fetch: Brings files of a hub that the weights' manifest names.

        Raises:
            WrongStateError: ENGINE_WEIGHTS_MISSING, it says which; WEIGHTS_DAMAGED; ENGINE_NOT_INSTALLED, it needs
                another package.
        """
        ...


def installed_engines() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed engines, by name, without importing any."""
    importlib.invalidate_caches()
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


@dataclass(frozen=True, eq=False)
class InstalledEngines:
    """The engines of this machine; threads may share it.

    Attributes:
        weights: Folder with a folder of weights, named like the engine, for each engine that needs some; None: there
            is none.
        device: Where torch computes.
        fetch: Brings files of a hub; by default nothing is downloaded.
        default: Name of the engine that sings where nobody names one.
        points: The entry points to choose from.
    """

    weights: Path | None = None
    device: str = "cpu"
    fetch: Fetch = refuse_to_fetch
    default: str = DEFAULT
    points: Mapping[str, EntryPoint] = field(default_factory=installed_engines)
    _loaded: dict[str, VoiceEngine] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all that are installed, the default first; those without their weights cannot sing."""
        return tuple(sorted(self.points, key=lambda name: (name != self.default, name)))

    def get(self, name: str = "") -> VoiceEngine:
        """Return an engine; the first call loads it.

        Args:
            name: As it is installed; empty: the default.

        Raises:
            InvalidInputError: ENGINE_UNKNOWN, none of this name is installed.
            WrongStateError: ENGINE_NOT_INSTALLED, it needs another package; ENGINE_WEIGHTS_MISSING; WEIGHTS_DAMAGED.
        """
        wanted = name or self.default
        if wanted not in self.points:
            message = (
                f"no engine {wanted!r} is installed: choose one of {', '.join(self.names)}, or install its package"
            )
            raise InvalidInputError("ENGINE_UNKNOWN", message)
        with self._lock:
            if wanted not in self._loaded:
                self._loaded[wanted] = self._load(wanted)
            return self._loaded[wanted]

    def ready(self) -> tuple[EngineInfo, ...]:
        """Return what is known of every engine that can sing here, the default first; loads them."""
        infos = []
        for name in self.names:
            try:
                infos.append(self.get(name).info)
            except SingalikeError:  # an engine that lacks something is no choice; `get` says what it lacks
                continue
        return tuple(infos)

    def _load(self, name: str) -> VoiceEngine:
        try:
            load: LoadEngine = self.points[name].load()
        except (ImportError, AttributeError) as error:
            message = f"the engine {name!r} is installed but cannot be imported: install it again"
            raise noted(WrongStateError("ENGINE_NOT_INSTALLED", message), str(error)) from error
        folder = self.weights / name if self.weights is not None else None
        return load(folder if folder is not None and folder.is_dir() else None, self.device, self.fetch)
