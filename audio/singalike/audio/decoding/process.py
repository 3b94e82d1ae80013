"""The parent's side of one decoding child."""

import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from singalike.audio.decoding.limits import DecodeLimits
from singalike.audio.decoding.refusals import Refusal, refusal, refusal_in_words
from singalike.audio.sound import Sound, Waveform

MODULE = "singalike.audio.decoding.child"
MAX_REPLY_BYTES = 4096
MAX_READ_BYTES = 1 << 30
START_S = 40.0
"""Longest wait for a child that comes up; its first recording has all of its own time after that."""


class DecoderProcess:
    """A child that decodes one recording at a time; after a crash or time-out it is dead and must be replaced.

    Args:
        limits: What recordings may be and cost.
    """

    def __init__(self, limits: DecodeLimits) -> None:
        self._limits = limits
        self._ready = False
        self._timed_out = False
        self._connection, theirs = socket.socketpair()
        with theirs:
            # A fresh interpreter, never a fork: forked children of threaded parents hang. The environment is empty but
            # for the module path, so that no secret of the parent lies in the child.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", MODULE, str(theirs.fileno()), json.dumps(limits.to_dict())],
                pass_fds=[theirs.fileno()],
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child can take another recording."""
        return self._process.poll() is None

    def decode(self, audio: bytes) -> Sound:
        """Decode in the child.

        Args:
            audio: The encoded recording.

        Returns:
            The sound.

        Raises:
            InvalidInputError: The recording is refused or brought the child down.
            CapacityError: DECODER_TIMEOUT; DECODER_FILE_LIMIT.
            UnavailableError: DECODER_UNAVAILABLE, the child never came up.
        """
        self._await_ready()
        with (
            self._deadline(self._limits.wall_s),
            _memory_file(audio) as recording,
            _memory_file() as first,
            _memory_file() as second,
        ):
            reply = self._exchange([recording, first, second])
            return self._sound(reply, (first, second))

    def close(self) -> None:
        """End the child, at once and whatever it is doing."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    @contextmanager
    def _deadline(self, limit_s: float) -> Iterator[None]:
        timer = threading.Timer(limit_s, self._end_for_time)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_for_time(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _await_ready(self) -> None:
        if self._ready:
            return
        with self._deadline(START_S):
            self._ready = self._read_line() == b"ready"
        if not self._ready:
            self._process.kill()
            raise refusal(Refusal.DECODER_UNAVAILABLE)

    def _exchange(self, descriptors: list[int]) -> dict[str, object]:
        try:
            socket.send_fds(self._connection, [b"d"], descriptors)
        except OSError as error:
            raise self._post_mortem() from error
        line = self._read_line()
        try:
            reply = json.loads(line)
        except ValueError as error:
            raise self._post_mortem() from error
        if not isinstance(reply, dict):
            raise self._post_mortem()
        return reply

    def _read_line(self) -> bytes:
        """Read up to the next line end; what comes before it when the child dies is returned without."""
        received = b""
        while not received.endswith(b"\n") and len(received) < MAX_REPLY_BYTES:
            try:
                part = self._connection.recv(MAX_REPLY_BYTES)
            except OSError:
                break
            if not part:
                break
            received += part
        return received.rstrip(b"\n")

    def _post_mortem(self) -> Exception:
        """Say why the child died."""
        self._process.kill()
        status = self._process.wait()
        if self._timed_out:
            return refusal(Refusal.DECODER_TIMEOUT, limit_s=f"{self._limits.wall_s:g}")
        return refusal(Refusal.DECODER_LIMIT if status == -signal.SIGXCPU else Refusal.DECODER_CRASHED)

    def _sound(self, reply: dict[str, object], descriptors: tuple[int, int]) -> Sound:
        """Check what the child says before believing it: it has read bytes from strangers."""
        reason = reply.get("reason")
        if reason in REASONS:
            raise refusal_in_words(Refusal(str(reason)), str(reply.get("message", "")))
        rate, channels, samples = (reply.get(name) for name in ("sample_rate", "channels", "samples"))
        if not (isinstance(rate, int) and isinstance(channels, int) and isinstance(samples, int)):
            raise self._post_mortem()
        held = min(os.fstat(descriptor).st_size for descriptor in descriptors[: max(channels, 1)])
        if rate < 1 or not 1 <= channels <= len(descriptors) or not 1 <= samples <= held // 4:
            raise self._post_mortem()
        waveform = np.empty((channels, samples), np.float32)
        for descriptor, row in zip(descriptors, waveform, strict=False):
            _read_into(descriptor, row)
        return Sound(waveform, rate)


REASONS = frozenset(reason.value for reason in Refusal)


@contextmanager
def _memory_file(content: bytes = b"") -> Iterator[int]:
    """Open a file that lives in memory only, where the system has such files."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("singalike-sound")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        _write_all(descriptor, memoryview(content))
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: memoryview) -> None:
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    except OSError as error:
        if error.errno == errno.EFBIG:
            allowed_bytes = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
            raise refusal(Refusal.DECODER_FILE_LIMIT, limit=allowed_bytes) from error
        raise


def _read_into(descriptor: int, row: Waveform) -> None:
    """Fill an array from the start of a file; reading, not mapping, so that a child cannot pull the ground away."""
    view, at = row.view(np.uint8).data, 0
    while at < len(view):
        count = os.preadv(descriptor, [view[at : at + MAX_READ_BYTES]], at)
        if count == 0:
            raise refusal(Refusal.DECODER_CRASHED)
        at += count
