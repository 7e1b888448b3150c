"""A decision is good for what it was about."""

from dataclasses import replace

import pytest

from registry.errors import GateError
from registry.gate.config import ApprovalConfig, GateConfig
from registry.ledger.binding import package_sha256, refuse_unbound, rule_sha256
from registry.ledger.records import Decided

DECIDED = Decided("e", 1, None, {"1": "a", "2": "b"}, "rule", "test")
PRESENT = {"rule": "rule", "test_set": "test", "evidence": "e", "champion": "1"}


def test_refuse_unbound__as_it_was():
    """Nothing is said where everything is as it was judged."""
    refuse_unbound("photos v2", DECIDED, PRESENT, {"1": "a", "2": "b"})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"evidence": "f"}, "the recorded decision is another than the one that was made"),
        ({"champion": "7"}, "the recorded decision is another than the one that was made"),
        ({"rule": "laxer"}, "`gate:` in the domain's YAML has changed"),
        ({"test_set": "other"}, "the test set has changed"),
    ],
)
def test_refuse_unbound__what_differs(changed, told):
    """One line names what differs, and the remedy."""
    with pytest.raises(GateError, match=f"^photos v2: since it was judged {told}; `regraft evaluate` it again$"):
        refuse_unbound("photos v2", DECIDED, PRESENT | changed, {"1": "a", "2": "b"})


def test_refuse_unbound__another_package():
    """The package of the champion counts as well as that of the challenger."""
    with pytest.raises(GateError, match="a package has changed"):
        refuse_unbound("photos v2", DECIDED, PRESENT, {"1": "a", "2": "x"})
    with pytest.raises(GateError, match="a package has changed"):
        refuse_unbound("photos v2", replace(DECIDED, packages={"1": "x", "2": "b"}), PRESENT, {"1": "a", "2": "b"})


def test_rule_sha256__without_approvers():
    """Another floor is another rule, other approvers are not."""
    plain = GateConfig(floor=0.5)
    assert rule_sha256(plain) == rule_sha256(plain.model_copy(update={"approval": ApprovalConfig(approvers=("Ada",))}))
    assert rule_sha256(plain) != rule_sha256(GateConfig(floor=0.6))


def test_rule_sha256__of_a_release_with_a_further_field():
    """What a section does not say has no part in its name, so that an upgrade with a new default leaves it."""

    class Later(GateConfig):
        """The section of a later release."""

        further: float = 0.5

    assert rule_sha256(Later(floor=0.5)) == rule_sha256(GateConfig(floor=0.5, level=0.95))
    assert rule_sha256(Later(floor=0.5, further=0.4)) != rule_sha256(GateConfig(floor=0.5))


def test_package_sha256__of_the_manifest(tmp_path):
    """The manifest names every file, so its digest names the package."""
    (tmp_path / "manifest.json").write_text("{}")
    first = package_sha256(tmp_path)
    (tmp_path / "manifest.json").write_text('{"model.onnx": "x"}')
    assert len(first) == 64
    assert package_sha256(tmp_path) != first
