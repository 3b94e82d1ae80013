"""Which workers have died, judged by whether their counts still grow."""

from collections.abc import Mapping
from dataclasses import dataclass

DEAD_AFTER_S = 12.0
"""Six beats: what a busy disk delays is not buried, and a conversion moves well within 30 s."""

LONGEST_LOOK_S = 5.0
"""What one look may add to a silence: whoever was suspended has not heard anybody be silent."""

BEAT_S = 2.0


@dataclass(frozen=True)
class _Heard:
    count: int | None
    silent_s: float = 0.0


class SilentWorkers:
    """Remembers when it last heard of each worker, by the clock of the one who listens: no two clocks are compared.

    Args:
        dead_after_s: Silence after which a worker counts as dead, in seconds.
    """

    def __init__(self, dead_after_s: float = DEAD_AFTER_S) -> None:
        self._dead_after_s = dead_after_s
        self._heard: dict[str, _Heard] = {}
        self._last_look_s: float | None = None

    def listen(self, beats: Mapping[str, int], named: frozenset[str], now_s: float) -> frozenset[str]:
        """Look once.

        Args:
            beats: Counts of all workers that are known to live or to have lived.
            named: Workers that something is ascribed to; one without a count is as silent as one whose count stands.
            now_s: A clock that only grows, in seconds.

        Returns:
            Those who are dead.
        """
        passed_s = 0.0 if self._last_look_s is None else min(now_s - self._last_look_s, LONGEST_LOOK_S)
        self._last_look_s = now_s
        self._heard = {
            executor_id: self._hear(executor_id, beats.get(executor_id), passed_s)
            for executor_id in named | beats.keys()
        }
        return frozenset(name for name, heard in self._heard.items() if heard.silent_s >= self._dead_after_s)

    def _hear(self, executor_id: str, count: int | None, passed_s: float) -> _Heard:
        before = self._heard.get(executor_id)
        if before is None or before.count != count:
            return _Heard(count)
        return _Heard(count, before.silent_s + passed_s)
