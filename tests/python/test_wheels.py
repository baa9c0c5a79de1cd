"""What `scripts/package wheels` does to a wheel that maturin made: two builds are the same bytes."""

import base64
import csv
import hashlib
import io
import json
import pathlib
import struct
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BILL = "goabi-0.dist-info/sboms/goabi.cyclonedx.json"
RECORD = "goabi-0.dist-info/RECORD"


@pytest.fixture(scope="module")
def settle(script):
    return script("package_wheels").settle


def line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def wheel(path, serial, stamp, folder, version="1"):
    """A wheel whose bill of materials was made at that time, in that folder."""
    bill = {"serialNumber": f"urn:uuid:{serial}", "metadata": {"timestamp": stamp, "component": {"bom-ref": f"path+{folder}/rust-core"}}, "version": version}
    files = {"goabi/__init__.py": b"", BILL: json.dumps(bill).encode()}
    files[RECORD] = ("".join(line(name, data) for name, data in files.items()) + f"{RECORD},,\n").encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def test_two_builds_are_the_same_bytes(settle, tmp_path):
    one = wheel(tmp_path / "1.whl", "fc8cd0e9-8a68-4935-86f9-a8d3ce19d005", "2026-11-30T00:22:48Z", ROOT.as_uri())
    two = wheel(tmp_path / "2.whl", "11111111-8a68-4935-86f9-a8d3ce19d005", "2027-11-30T00:22:48Z", ROOT.as_uri())
    other = wheel(tmp_path / "3.whl", "fc8cd0e9-8a68-4935-86f9-a8d3ce19d005", "2026-11-30T00:22:48Z", ROOT.as_uri(), "2")
    for path in (one, two, other):
        settle(path, 1_700_000_000)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()
    bills = [json.loads(zipfile.ZipFile(path).read(BILL)) for path in (one, other)]
    assert bills[0]["serialNumber"] != bills[1]["serialNumber"]
    assert bills[0]["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert bills[0]["metadata"]["component"]["bom-ref"] == "path+file:///goabi/rust-core"


def test_the_record_is_right(settle, tmp_path):
    path = wheel(tmp_path / "1.whl", "fc8cd0e9-8a68-4935-86f9-a8d3ce19d005", "2026-11-30T00:22:48Z", ROOT.as_uri())
    settle(path, 0)
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.reader(io.StringIO(archive.read(RECORD).decode())))
        assert [row[0] for row in rows] == archive.namelist()
        for name, digest, size in rows[:-1]:
            assert line(name, archive.read(name)) == f"{name},{digest},{size}\n"


def mach_o(number, contents):
    """A Mach-O file with that number, and a signature over its two pages."""
    page, directory = 1 << 12, 20
    commands = struct.pack("<II16s", 0x1B, 24, number) + struct.pack("<IIII", 0x1D, 16, 2 * page, 0)
    data = bytearray(struct.pack("<IIIIIIII", 0xFEEDFACF, 0, 0, 2, 2, len(commands), 0, 0) + commands)
    data += contents.ljust(2 * page - len(data), b"\0")
    data += struct.pack(">IIIII", 0xFADE0CC0, 0, 1, 0, directory)
    data += struct.pack(">IIIIIIIIIBBBB", 0xFADE0C02, 0, 0, 0, 44, 0, 0, 2, 2 * page, 32, 2, 0, 12).ljust(44, b"\0") + bytes(64)
    return bytes(data)


def test_programs_for_macos_have_a_number_that_follows_from_their_contents(script):
    macho = script("package_wheels").macho
    one, two, other = (macho.settled(mach_o(number, contents)) for number, contents in ((b"1" * 16, b"a"), (b"2" * 16, b"a"), (b"1" * 16, b"b")))
    assert one == two == macho.settled(one)
    assert one[40:56] not in (other[40:56], b"1" * 16, b"2" * 16)
    assert macho.signature_fits(one)
    assert not macho.signature_fits(one.replace(b"a", b"c", 1))
    assert not macho.signature_fits(mach_o(b"1" * 16, b"a"))
