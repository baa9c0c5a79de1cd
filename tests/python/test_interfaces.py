"""How scripts/interfaces compares what goabi says of an interface with the sources."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from load_script import load  # noqa: E402

interfaces = load("interfaces")


def test_types_without_a_name_are_the_same_by_their_methods():
    said = "interface { C() <-chan time.Time; Reset(time.Duration) bool; x509.stop(interface { M() }) }"
    assert interfaces.same_type(said, "interface{C() <-chan time.Time; Reset(d time.Duration) bool; stop(interface{M()})}")
    assert not interfaces.same_type(said, "interface{C() <-chan time.Time; Reset(d time.Duration) bool}")
    assert interfaces.same_type(said, "interface{a.Resolver; b.Resolver}")  # what these have is elsewhere
    assert not interfaces.same_type(said, "io.Reader")


def test_type_arguments_are_not_compared():
    assert interfaces.same_type("antlr.Comparator[*github.com/a/b.State]", "antlr.Comparator[T]")
    assert not interfaces.same_type("antlr.Comparator[*github.com/a/b.State]", "antlr.Collectable[T]")
    assert not interfaces.same({"type": "io.Reader", "method": "Read"}, ["io.Reader", "Write", "0"])
    assert interfaces.same({"type": "io.Reader", "method": "Read"}, ["io.Reader", "Read", "0"])
