"""One message over a byte stream: a JSON header and files. Read with limits: the other end may be anybody.

Layout: two big-endian uint64 (length of the header, length of all files), the header, the files in the order of
``header["files"]``, a list of [name, size].
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

PREFIX = struct.Struct(">QQ")


class Garbled(ValueError):
    """What came is no message, or too large a one."""


def packed(header: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    head = json.dumps({**header, "files": [[name, len(data)] for name, data in files.items()]}).encode()
    return b"".join((PREFIX.pack(len(head), sum(map(len, files.values()))), head, *files.values()))


def unpacked(read: Callable[[int], bytes], *, max_header: int, max_files: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read one message; `read(n)` gives exactly n bytes. Raises Garbled for everything that is not one."""
    size, total = PREFIX.unpack(read(PREFIX.size))
    if size > max_header or total > max_files:
        raise Garbled(f"a message of {size} + {total} bytes; {max_header} + {max_files} are allowed")
    try:
        header = json.loads(read(size))
        listed = [(str(name), int(length)) for name, length in header.pop("files")]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise Garbled(f"no readable header: {type(error).__name__}") from error
    if any(length < 0 for _, length in listed) or sum(length for _, length in listed) != total:
        raise Garbled("the sizes of the files do not add up")
    return header, {name: read(length) for name, length in listed}
