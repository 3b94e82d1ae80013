"""Requests changed at random: fields filled with strange values, bytes flipped, cut, doubled or invented."""

import random
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NUMBERS = (0, 1, -1, 7, 127, 10**6, 2**31 - 1, -(2**31))
WIDE_NUMBERS = (*NUMBERS, 2**63 - 1, -(2**63))
FLOATS = (0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, float("nan"), float("inf"), float("-inf"))
TEXTS = (
    "",
    "a",
    "x" * 300,
    "' OR 1=1 --",
    "../../etc/passwd",
    "\x00\x07",
    "아이유",
    "🎤" * 50,
    "%s%n",
    "v-" + "0" * 32,
)
BYTES = (b"", b"RIFF", b"ID3\x03", b"fLaC" + bytes(64), b"OggS" + bytes(200), bytes(range(256)) * 8)

VALUES: dict[int, tuple[Any, ...]] = {
    FieldDescriptor.CPPTYPE_INT32: NUMBERS,
    FieldDescriptor.CPPTYPE_UINT32: (0, 1, 7, 2**31, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: WIDE_NUMBERS,
    FieldDescriptor.CPPTYPE_DOUBLE: FLOATS,
    FieldDescriptor.CPPTYPE_FLOAT: FLOATS,
    FieldDescriptor.CPPTYPE_BOOL: (True, False),
    FieldDescriptor.CPPTYPE_ENUM: (0, 1, 2, 99),
    FieldDescriptor.CPPTYPE_STRING: TEXTS,
}


def fuzzed_request(seed: Message, draw: random.Random) -> bytes:
    """Change a sound request; about a third are changed as messages, the others as bytes."""
    message = type(seed)()
    message.CopyFrom(seed)
    for _ in range(draw.choice((0, 0, 1, 1, 2, 5))):
        strange_field(message, draw)
    raw = message.SerializeToString()
    return draw.choice(BYTE_CHANGES)(raw, draw)


def strange_field(message: Any, draw: random.Random, depth: int = 0) -> None:
    """Give one field of a message, or of one below it, a strange value."""
    fields = message.DESCRIPTOR.fields
    if not fields:
        return
    field = draw.choice(fields)
    if draw.random() < 0.15:
        message.ClearField(field.name)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        if depth < 3:
            _strange_message(message, field, draw, depth)
    elif field.is_repeated:
        del getattr(message, field.name)[draw.randrange(4) :]
        getattr(message, field.name).extend(strange_value(field, draw) for _ in range(draw.choice((1, 3, 200))))
    else:
        setattr(message, field.name, strange_value(field, draw))


def _strange_message(message: Any, field: FieldDescriptor, draw: random.Random, depth: int) -> None:
    if not field.is_repeated:
        getattr(message, field.name).SetInParent()
        strange_field(getattr(message, field.name), draw, depth + 1)
        return
    children = getattr(message, field.name)
    if field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        for _ in range(draw.choice((1, 3, 30))):
            children[strange_value(key, draw)] = strange_value(value, draw)
        return
    child = draw.choice(list(children)) if len(children) and draw.random() < 0.5 else children.add()
    strange_field(child, draw, depth + 1)


def strange_value(field: FieldDescriptor, draw: random.Random) -> Any:
    """Draw a value of the field's type that somebody may not have thought of."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return draw.choice(BYTES)
    return draw.choice(VALUES[field.cpp_type])


def _as_it_is(raw: bytes, draw: random.Random) -> bytes:
    return raw


def _flipped(raw: bytes, draw: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(draw.randint(1, 8)):
        if changed:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _cut(raw: bytes, draw: random.Random) -> bytes:
    return raw[: draw.randint(0, len(raw))]


def _doubled(raw: bytes, draw: random.Random) -> bytes:
    return raw + raw[draw.randint(0, len(raw)) :]


def _invented(raw: bytes, draw: random.Random) -> bytes:
    return draw.randbytes(draw.randint(0, 200))


BYTE_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _as_it_is,
    _as_it_is,
    _flipped,
    _flipped,
    _cut,
    _doubled,
    _invented,
)
