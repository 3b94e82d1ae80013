"""A pool of decoding children behind one call."""

import queue
import threading
from types import TracebackType
from typing import Self

from singalike.audio.decoding.limits import DecodeLimits
from singalike.audio.decoding.process import DecoderProcess
from singalike.audio.decoding.refusals import Refusal, refusal
from singalike.audio.decoding.sniffing import sniff
from singalike.audio.sound import Sound

DEFAULT_LIMITS = DecodeLimits()


class GuardedDecoder:
    """Decode recordings from strangers in children that may die; safe to call from many threads.

    The children start with the decoder and stay warm. One that crashes, hangs or spends too much is killed and
    replaced, and only the recording that did it is refused.

    Args:
        processes: Number of children, so of recordings decoded at the same time.
        limits: What recordings may be and cost.
    """

    def __init__(self, processes: int = 2, limits: DecodeLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._closed = threading.Event()
        self._processes = processes
        self._started: dict[int, DecoderProcess] = {}
        self._idle: queue.LifoQueue[DecoderProcess | None] = queue.LifoQueue()
        for _ in range(processes):
            self._idle.put(self._start())

    def decode(self, audio: bytes) -> Sound:
        """Decode a recording.

        Args:
            audio: An encoded recording: WAV, RF64, FLAC, Ogg (Vorbis, Opus, FLAC), MP3, M4A (AAC, ALAC) or raw AAC.

        Returns:
            Sound with one or two channels at the recording's own rate, finite and not silent.

        Raises:
            InvalidInputError, CapacityError: The recording is refused; the reasons stand in docs/refusals.md.
            UnavailableError: DECODER_UNAVAILABLE.
            WrongStateError: DECODER_CLOSED.
        """
        self._refuse_early(audio)
        process = self._take()
        try:
            return process.decode(audio)
        finally:
            self._give_back(process)

    def close(self) -> None:
        """End all children; calls that are under way finish first."""
        if not self._closed.is_set():
            self._closed.set()
            for _ in range(self._processes):
                process = self._idle.get()
                if process:
                    self._end(process)

    @property
    def idle_processes(self) -> int:
        """Number of children that wait for a recording."""
        return self._idle.qsize()

    def process_ids(self) -> tuple[int, ...]:
        """Return the ids of the living children, for those who watch over memory."""
        return tuple(self._started)

    def __enter__(self) -> Self:
        """Return the decoder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the decoder."""
        self.close()

    def _refuse_early(self, audio: bytes) -> None:
        """Refuse what needs no decoder to be refused."""
        if not audio:
            raise refusal(Refusal.EMPTY)
        if len(audio) > self._limits.max_bytes:
            raise refusal(Refusal.TOO_LARGE, size=len(audio), limit=self._limits.max_bytes)
        if sniff(audio) is None:
            raise refusal(Refusal.UNKNOWN_FORMAT)

    def _take(self) -> DecoderProcess:
        if self._closed.is_set():
            raise refusal(Refusal.DECODER_CLOSED)
        try:
            process = self._idle.get(timeout=self._limits.wait_s)
        except queue.Empty:
            raise refusal(Refusal.DECODER_BUSY, limit_s=f"{self._limits.wait_s:g}") from None
        if process and process.alive:
            return process
        # It died while idle: the system was short of memory, say.
        replacement = self._replace(process)
        if replacement is None:
            self._idle.put(None)
            raise refusal(Refusal.DECODER_UNAVAILABLE)
        return replacement

    def _give_back(self, process: DecoderProcess) -> None:
        self._idle.put(process if process.alive else self._replace(process))

    def _replace(self, process: DecoderProcess | None) -> DecoderProcess | None:
        """Clear a dead child away and start another; None when the system has no room for one now."""
        if process:
            self._end(process)
        try:
            return self._start()
        except OSError:
            return None

    def _start(self) -> DecoderProcess:
        process = DecoderProcess(self._limits)
        self._started[process.pid] = process
        return process

    def _end(self, process: DecoderProcess) -> None:
        self._started.pop(process.pid, None)
        process.close()
