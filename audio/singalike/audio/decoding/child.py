"""The process in which strangers' bytes are decoded: small, limited, and worth nothing to whoever takes it over.

It is started as `python -m singalike.audio.decoding.child FD LIMITS` and answers on the socket FD. A request is one
byte with three descriptors: the recording, and one for each channel of the sound. The answer is one line of JSON.
"""

import errno
import io
import json
import math
import os
import resource
import signal
import socket
import sys
from typing import BinaryIO

import numpy as np

from singalike.audio.decoding.compressed import open_compressed
from singalike.audio.decoding.limits import DecodeLimits
from singalike.audio.decoding.refusals import Refusal, refusal
from singalike.audio.decoding.sniffing import Container, id3_length, sniff
from singalike.audio.decoding.stream import SoundStream, drain
from singalike.audio.decoding.wav import open_wav
from singalike.audio.sound import Waveform
from singalike.errors import SingalikeError

READY = b"ready\n"
REQUEST = b"d"
DESCRIPTORS = 3
SNIFF_BYTES = 16 * 1024
OPEN_FILES = 64


def open_stream(file: BinaryIO, size: int) -> SoundStream:
    """Sniff a recording and open it with the reader of its format.

    Raises:
        InvalidInputError: UNKNOWN_FORMAT, or what the reader refuses.
    """
    head = file.read(10)
    file.seek(0)
    container = sniff(file.read(id3_length(head) + SNIFF_BYTES))
    if container is None:
        raise refusal(Refusal.UNKNOWN_FORMAT)
    if container is Container.WAV:
        return open_wav(file, size)
    return open_compressed(file, size, container)


def decode_into(recording: int, channels: list[int], limits: DecodeLimits) -> dict[str, int]:
    """Decode one recording between descriptors.

    Args:
        recording: Descriptor of the encoded bytes.
        channels: Descriptors that take the float32 samples of each channel.
        limits: What the recording may be.

    Returns:
        sample_rate, channels and samples.

    Raises:
        InvalidInputError: With one of the reasons of docs/refusals.md.
    """

    def write(block: Waveform) -> None:
        for descriptor, row in zip(channels, block, strict=False):
            _write_all(descriptor, row.view(np.uint8).data)

    with io.FileIO(recording, closefd=False) as file:
        size = os.fstat(recording).st_size
        stream = open_stream(io.BufferedReader(file), size)
        samples = drain(stream, limits, write)
    return {"sample_rate": stream.sample_rate, "channels": stream.channels, "samples": samples}


def _write_all(descriptor: int, content: memoryview) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def answer(descriptors: list[int], limits: DecodeLimits) -> dict[str, object]:
    """Decode and say what became of it; running out of memory is told as DECODER_LIMIT."""
    try:
        return dict(decode_into(descriptors[0], descriptors[1:], limits))
    except SingalikeError as error:
        return {"reason": error.reason, "message": error.message}
    except (MemoryError, OSError) as error:
        allowed_bytes = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        is_short_of_file = isinstance(error, OSError) and error.errno == errno.EFBIG
        if is_short_of_file and allowed_bytes < channel_bytes(limits):
            spent = refusal(Refusal.DECODER_FILE_LIMIT, limit=allowed_bytes)
        else:
            spent = refusal(Refusal.DECODER_LIMIT)
        return {"reason": spent.reason, "message": spent.message}


def limit_process(limits: DecodeLimits) -> None:
    """Give up what decoding does not need: memory, core dumps, descriptors, file size."""
    allowed = {
        resource.RLIMIT_AS: limits.address_space_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: channel_bytes(limits),
    }
    for kind, wanted in allowed.items():
        # Whoever started us may allow less (ulimit): most recordings fit all the same.
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


def channel_bytes(limits: DecodeLimits) -> int:
    """Size of one channel of the longest sound at the highest rate, as float32."""
    return math.ceil((limits.max_duration_s + 1.0) * limits.max_sample_rate * 4)


def allow_cpu(limits: DecodeLimits) -> None:
    """Move the processor limit to `cpu_s` from now; the kernel kills at it, whatever native code is doing."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = math.ceil(usage.ru_utime + usage.ru_stime)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (spent_s + limits.cpu_s, hard))


def serve(connection: socket.socket, limits: DecodeLimits) -> None:
    """Answer requests until the parent hangs up."""
    connection.sendall(READY)
    while True:
        request, descriptors, _, _ = socket.recv_fds(connection, 1, DESCRIPTORS)
        if request != REQUEST or len(descriptors) != DESCRIPTORS:
            return
        allow_cpu(limits)
        reply = answer(descriptors, limits)
        for descriptor in descriptors:
            os.close(descriptor)
        connection.sendall(json.dumps(reply).encode() + b"\n")


def main(descriptor: str, limits: str) -> None:
    """Run the child on the socket with this number."""
    # Ctrl-C goes to the whole terminal group; the parent decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allowed = DecodeLimits(**json.loads(limits))
    limit_process(allowed)
    with socket.socket(fileno=int(descriptor)) as connection:
        try:
            serve(connection, allowed)
        except (BrokenPipeError, ConnectionResetError):
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
