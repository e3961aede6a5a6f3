"""Shared libraries as a loader needs them: without symbols and debugging information."""

import struct
from pathlib import Path
from typing import Final

_ELF_64_LITTLE: Final = b"\x7fELF\x02\x01"
# Where the header has the place of the section headers, and their number and names.
_SECTIONS, _SECTION_COUNTS = 40, 60


def trim(folder: Path) -> None:
    """Cut the shared libraries below ``folder`` behind what a loader maps into memory.

    Each becomes a file of its own: an installer may have linked it to its cache.
    """
    for file in folder.rglob("*.so*"):
        if file.is_file():
            data = file.read_bytes()
            file.unlink()
            file.write_bytes(mapped(data))


def mapped(data: bytes) -> bytes:
    """An ELF file of 64 bits up to the end of its last segment; other files as they are.

    A loader reads program headers alone. What lies behind all segments is for linkers and
    debuggers, as are the section headers: `strip` leaves the same segments, but it must know the
    target's architecture. https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.intro.html
    """
    if not data.startswith(_ELF_64_LITTLE):
        return data
    (headers,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    end = headers + size * count
    for at in range(headers, end, size):
        # Of a segment: where it begins in the file, and how long it is there.
        offset, length = struct.unpack_from("<Q16xQ", data, at + 8)
        end = max(end, offset + length)
    cut = bytearray(data[:end])
    struct.pack_into("<Q", cut, _SECTIONS, 0)
    struct.pack_into("<HH", cut, _SECTION_COUNTS, 0, 0)
    return bytes(cut)
