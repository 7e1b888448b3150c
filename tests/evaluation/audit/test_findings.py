"""Findings: which samples, and what to do about them."""

from evaluation.audit.findings import linked_groups


def test_linked_groups__counts_pairs(found):
    """Groups that share more than one finding are named."""
    finding = found.sections[0].findings[0]
    assert linked_groups([finding] * 3) == "Groups that share most: group-0 and other (3)."
    assert linked_groups([finding]) == ""
