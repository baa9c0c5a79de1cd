"""What `scripts/package check` sees in programs for five systems, and that `scripts/package all` leaves what it says, without its builds."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from test_wheels import BILL, wheel

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Go's system, Ghidra's name of the platform, and what is not so of a program that Go links: it starts on newer systems only, and
#: at a fixed place.
PLATFORMS = {
    "linux-amd64": ("linux_x86_64", {"is position independent"}),
    "linux-arm64": ("linux_arm_64", {"is position independent"}),
    "darwin-amd64": ("mac_x86_64", {"starts on macOS 10.12"}),
    "darwin-arm64": ("mac_arm_64", {"starts on macOS 11.0"}),
    "windows-amd64": ("win_x86_64", set()),
}


@pytest.fixture(scope="module")
def check(script):
    return script("package_check")


def wrong(claims):
    return {claim for claim, holds in claims if not holds}


@pytest.mark.parametrize("system", PLATFORMS)
def test_what_is_wrong_with_a_program_is_seen(check, go_build, system):
    platform, expected = PLATFORMS[system]
    given = lambda data: check.wheels.settled("goabi", data, 0)
    stripped, full = (given(go_build("tiny", system, stripped).read_bytes()) for stripped in (True, False))
    assert wrong(check.native(stripped, platform)) == expected
    assert wrong(check.native(full, platform)) == expected | {"has no symbols"}
    for other in check.PLATFORMS.keys() - {platform}:
        assert f"is for {other}" in wrong(check.native(stripped, other))
    assert wrong(check.native(given(stripped + bytes(ROOT)), platform)) == expected | {"names no place of this machine"}


def test_a_newer_c_library_is_seen(check):
    """As `ls` of this machine needs a newer one."""
    if sys.platform != "linux":
        pytest.skip("needs a program of Linux")
    data = pathlib.Path(shutil.which("ls")).resolve().read_bytes()
    assert "needs no glibc after 2.17" in wrong(check.native(data, "linux_x86_64"))


def test_a_number_by_chance_is_seen(check, go_build):
    data = go_build("tiny", "darwin-amd64").read_bytes()
    assert "has a number that follows from its contents" in wrong(check.native(data, "mac_x86_64"))


def test_a_signature_of_other_bytes_is_seen(check, go_build):
    data = bytearray(go_build("tiny", "darwin-arm64").read_bytes())
    data[0x1234] ^= 1
    assert "has a signature that fits" in wrong(check.native(bytes(data), "mac_arm_64"))


def test_everything_is_summed_and_listed(script, check, tmp_path, monkeypatch, capsys):
    """With a wheel and a program that are there already instead of the builds."""
    if not shutil.which("javac") and "CI" not in os.environ:
        pytest.skip("needs a JDK")
    all_of, out = script("package_all"), tmp_path / "out"

    def make(target, folder):
        platform = all_of.wheels.TARGETS[target][0]
        program = folder / f"goabi-{platform}"
        program.write_bytes(platform.encode())
        tag = check.PLATFORMS[platform][1]
        return made_wheel(folder / f"goabi-{all_of.ida.version()}-cp39-abi3-{tag}.whl", f"for {platform}"), program

    monkeypatch.setattr(all_of.wheels, "make", make)
    targets = ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"]
    monkeypatch.setattr(sys, "argv", ["all", "-o", str(out), *(f"--target={target}" for target in targets)])
    all_of.main()
    printed = capsys.readouterr().out
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], check=True, cwd=out, capture_output=True)
    assert not wrong(check.sums(out))
    assert all(path.name in printed for path in out.iterdir() if path.name != "SHA256SUMS")
    chart = json.loads((ROOT / "scripts/report_libraries.d/package.json").read_text())["dependencies"]["chart.js"]
    lines = (out / "third-party.txt").read_text().splitlines()
    assert {"for linux_x86_64 3: none stated", "for mac_arm_64 3: none stated", "one 1.2: MIT", f"chart.js {chart}: MIT"} <= set(lines)
    assert not any("esbuild" in line for line in lines)
    [bill] = (json.loads(path.read_text()) for path in out.glob("*.cdx.json"))
    assert bill["dependencies"] == [{"ref": "goabi", "dependsOn": ["for linux_x86_64", "for mac_arm_64", "one"]}]
    [ghidra] = out.glob("ghidra_*.zip")
    with zipfile.ZipFile(ghidra) as archive:
        assert archive.read("goabi/os/mac_arm_64/goabi") == b"mac_arm_64"
    (out / "third-party.txt").write_text("else\n")
    assert wrong(check.sums(out)) == {"SHA256SUMS: third-party.txt"}


def made_wheel(path, part):
    """A wheel with a bill of two parts, one of which is that one and states no licence."""
    wheel(path, "0", "", "")
    parts = [{"name": "one", "version": "1.2", "licenses": [{"license": {"id": "MIT"}}]}, {"name": part, "version": "3"}]
    parts = [{"bom-ref": row["name"], **row} for row in parts]
    needs = [{"ref": "goabi", "dependsOn": [row["name"] for row in parts]}]
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[BILL] = json.dumps({**json.loads(files[BILL]), "components": parts, "dependencies": needs}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_an_unknown_package_is_a_usage_error():
    done = subprocess.run([ROOT / "scripts/package", "everything"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("usage: scripts/package ")
