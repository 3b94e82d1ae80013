"""What work takes: time, and memory at its highest."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from singalike.audio.sound import Sound
from singalike.conversion.evaluation.contenders import Effort

_PROCESS = Path("/proc/self")
_FORGET_PEAK = "5"


@dataclass(frozen=True)
class ProcessMeter:
    """Measures work of this process, one piece at a time.

    Attributes:
        clock: Seconds; the processor's where it does the work, those on the wall where a GPU does.
    """

    clock: Callable[[], float] = time.process_time

    def __call__(self, work: Callable[[], Sound]) -> tuple[Sound, Effort]:
        """Do the work and say what it took."""
        before = _start()
        started = self.clock()
        sound = work()
        spent_s = self.clock() - started
        return sound, Effort(spent_s, _mib("VmHWM") - before)


def _start() -> float:
    """Let the system forget the highest memory so far, and return what is in use, in MiB; NaN where it cannot."""
    try:
        (_PROCESS / "clear_refs").write_text(_FORGET_PEAK)
    except OSError:
        return float("nan")
    return _mib("VmRSS")


def _mib(name: str) -> float:
    """Read a line of what Linux tells about this process."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", (_PROCESS / "status").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return int(found[1]) / 1024.0 if found else float("nan")
