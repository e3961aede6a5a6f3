"""Shared libraries as a loader needs them: without symbols and debugging information."""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_ELF_64_LITTLE: Final = b"\x7fELF\x02\x01"
# Where the header has the place of the section headers, and their number and names.
_SECTIONS, _SECTION_COUNTS = 40, 60
# Segments, entries of the dynamic section, and how a symbol is bound.
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _HASH, _STRINGS, _SYMBOLS, _GNU_HASH = 1, 4, 5, 6, 0x6FFFFEF5
_WEAK: Final = 2


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


def detach(folder: Path, unused: Mapping[str, str]) -> None:
    """Delete libraries below ``folder`` that are linked and never called, and let what links them
    load without.

    ``unused``: how the file names begin, and how their symbols do.
    """
    for file in [found for found in folder.rglob("*.so*") if found.is_file()]:
        if file.name.startswith(tuple(unused)):
            file.unlink()
            continue
        data = bytearray(file.read_bytes())
        for library, prefix in unused.items():
            detached(data, library, prefix)
        if data != file.read_bytes():
            file.unlink()
            file.write_bytes(data)


def detached(data: bytearray, library: str, prefix: str) -> None:
    """Take libraries from the list of what an ELF file of 64 bits needs.

    A loader ends at a symbol that it cannot find, unless it is weak: then its address is 0. So
    whatever calls one after all ends its process, and a test has to see that nothing does.
    """
    if not data.startswith(_ELF_64_LITTLE):
        return
    segments = [*_segments(data)]
    dynamic = [(offset, size) for kind, offset, _, size in segments if kind == _DYNAMIC]
    if not dynamic:
        return
    ((start, size),) = dynamic
    entries = [*struct.iter_unpack("<QQ", data[start : start + size])]
    where = dict(entries)
    strings = _offset(segments, where[_STRINGS])

    def text(at: int) -> str:
        end = data.index(0, strings + at)
        return data[strings + at : end].decode()

    kept = [e for e in entries if not (e[0] == _NEEDED and text(e[1]).startswith(library))]
    if kept == entries:
        return
    kept += [(0, 0)] * (len(entries) - len(kept))
    data[start : start + size] = b"".join(struct.pack("<QQ", *entry) for entry in kept)
    symbols = _offset(segments, where[_SYMBOLS])
    for at in range(symbols, symbols + 24 * _unresolved(data, segments, where), 24):
        name, info, _, section = struct.unpack_from("<IBBH", data, at)
        if section == 0 and text(name).startswith(prefix):
            data[at + 4] = _WEAK << 4 | info & 0xF


def _segments(data: bytearray) -> Iterator[tuple[int, int, int, int]]:
    """Kind, place in the file, address, and length in the file."""
    (headers,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(headers, headers + size * count, size):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        yield kind, offset, address, length


def _offset(segments: list[tuple[int, int, int, int]], address: int) -> int:
    """Where in the file lies what is loaded to ``address``."""
    for kind, offset, start, length in segments:
        if kind == _LOAD and start <= address < start + length:
            return offset + address - start
    raise ValueError(f"no segment has the address {address:#x}")


def _unresolved(
    data: bytearray, segments: list[tuple[int, int, int, int]], where: Mapping[int, int]
) -> int:
    """How many symbols to look at: the GNU table of hashes begins behind those of others."""
    if _GNU_HASH in where:
        (count,) = struct.unpack_from("<I", data, _offset(segments, where[_GNU_HASH]) + 4)
    else:
        (count,) = struct.unpack_from("<I", data, _offset(segments, where[_HASH]) + 4)
    return int(count)
