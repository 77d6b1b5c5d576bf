"""Protocol buffers, as far as the tests need them: messages are dictionaries, and a schema says which number and type each member has.

https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: name -> (number, type): `int`, `bool`, `str`, `bytes`, the name of a message, or one of these in a list, for repeated members.
Schema = Mapping[str, Mapping[str, tuple[int, Any]]]

_VARINT, _LENGTH = 0, 2


def encode(schema: Schema, message: str, value: Mapping[str, Any]) -> bytes:
    """The bytes of a message."""
    result = b""
    for name, content in value.items():
        number, kind = schema[message][name]
        for one in content if isinstance(kind, list) else [content]:
            result += _member(schema, number, kind[0] if isinstance(kind, list) else kind, one)
    return result


def _member(schema: Schema, number: int, kind: Any, value: Any) -> bytes:
    if kind in (int, bool):
        # A negative number is one of 64 bits.
        return _varint(number << 3 | _VARINT) + _varint(int(value) & (1 << 64) - 1)
    data = value.encode() if kind is str else value if kind is bytes else encode(schema, kind, value)
    return _varint(number << 3 | _LENGTH) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    result = b""
    while value > 0x7F:
        result += bytes([value & 0x7F | 0x80])
        value >>= 7
    return result + bytes([value])


def decode(schema: Schema, message: str, data: bytes) -> dict[str, Any]:
    """A message from its bytes. Members that the schema does not have are passed over; those that the message has not are what is empty of their type."""
    names = {number: (name, kind) for name, (number, kind) in schema[message].items()}
    result: dict[str, Any] = {name: _empty(kind) for name, (_, kind) in schema[message].items()}
    for number, raw in _members(data):
        if number not in names:
            continue
        name, kind = names[number]
        one = kind[0] if isinstance(kind, list) else kind
        value = _value(schema, one, raw)
        if isinstance(kind, list):
            result[name].append(value)
        else:
            result[name] = value
    return result


def _empty(kind: Any) -> Any:
    return [] if isinstance(kind, list) else {} if isinstance(kind, str) else kind()


def _value(schema: Schema, kind: Any, raw: int | bytes) -> Any:
    if isinstance(raw, int):
        return raw != 0 if kind is bool else raw - (1 << 64) if raw >= 1 << 63 else raw
    return raw.decode() if kind is str else raw if kind is bytes else decode(schema, kind, raw)


def _members(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == _VARINT:
            yield key >> 3, varint()
        elif key & 7 == _LENGTH:
            length = varint()
            yield key >> 3, data[at : at + length]
            at += length
        else:
            # Fixed 64 and 32 bits, which the tests do not look at.
            at += {1: 8, 5: 4}[key & 7]
