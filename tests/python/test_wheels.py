"""What `scripts/package wheels` does to a wheel that maturin made: two builds are the same bytes."""

import base64
import csv
import hashlib
import io
import json
import pathlib
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
