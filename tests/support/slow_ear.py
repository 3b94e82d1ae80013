"""An ear that waits until it is let go, to see what callers meet meanwhile."""

import threading
from collections.abc import Sequence

from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from tests.support.fake_ear import FakeEar
from tests.support.patience import PATIENCE_S


class SlowEar(FakeEar):
    """Works like `FakeEar` once `gate` is open; `heard` counts the recordings that reached it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.started = threading.Event()
        self.heard = 0

    def encode(self, vocals: Sequence[Sound]) -> list[VoiceProfile]:
        """Wait for the gate, then embed."""
        self.started.set()
        assert self.gate.wait(PATIENCE_S)
        self.heard += len(vocals)
        return super().encode(vocals)
