"""Mach-O files of 64 bits, as `scripts/package` makes them: the number that each has (LC_UUID, Apple's loader.h), and the signature
over its pages (LC_CODE_SIGNATURE, cs_blobs.h)."""

import hashlib
import struct
import uuid

MAGIC = 0xFEEDFACF
UUID, CODE_SIGNATURE = 0x1B, 0x1D
CODE_DIRECTORY = 0xFADE0C02
SHA256 = 2


def is_macho(data):
    return len(data) > 32 and struct.unpack_from("<I", data)[0] == MAGIC


def commands(data):
    """Kind and offset of every load command."""
    at = 32
    for _ in range(struct.unpack_from("<I", data, 16)[0]):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, at
        at += size


def settled(data):
    """The same file with a number that follows from its contents, and not from how the linker's threads were scheduled."""
    data = bytearray(data)
    end = min((struct.unpack_from("<I", data, at + 8)[0] for kind, at in commands(data) if kind == CODE_SIGNATURE), default=len(data))
    for at in [at + 8 for kind, at in commands(data) if kind == UUID]:
        data[at : at + 16] = bytes(16)
        data[at : at + 16] = uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(data[:end]).hexdigest()).bytes
    for directory in directories(data):
        sign(data, directory)
    return bytes(data)


def directories(data):
    """Where the code directories of the signature are; none without one."""
    for kind, at in commands(data):
        if kind == CODE_SIGNATURE:
            blob = struct.unpack_from("<I", data, at + 8)[0]
            count = struct.unpack_from(">I", data, blob + 8)[0]
            places = [blob + struct.unpack_from(">II", data, blob + 12 + 8 * n)[1] for n in range(count)]
            yield from (place for place in places if struct.unpack_from(">I", data, place)[0] == CODE_DIRECTORY)


def hashes(data, directory):
    """Place and right value of every page's hash in a code directory."""
    first, _, _, slots, limit, size, kind, _, page = struct.unpack_from(">IIIIIBBBB", data, directory + 16)
    if kind != SHA256 or limit > len(data) or slots != -(-limit >> page):
        raise ValueError("a signature of another kind")
    for n, at in enumerate(range(0, limit, 1 << page)):
        digest = hashlib.sha256(data[at : min(at + (1 << page), limit)]).digest()
        yield directory + first + size * n, digest[:size]


def sign(data, directory):
    """Puts the right hashes into a code directory."""
    for place, digest in list(hashes(data, directory)):
        data[place : place + len(digest)] = digest


def signature_fits(data):
    """Whether there is a signature, and its hashes are those of the pages."""
    found = list(directories(data))
    fits = lambda directory: all(data[place : place + len(digest)] == digest for place, digest in hashes(data, directory))
    try:
        return bool(found) and all(map(fits, found))
    except ValueError:
        return False
