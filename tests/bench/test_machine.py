"""The facts that stand beside every measurement."""

from bench.machine import machine_facts


def test_machine_facts__name_what_a_number_depends_on():
    """Processor, cores, memory, versions, date and revision are all there."""
    facts = machine_facts()
    assert {"cpu", "cores", "memory_gib", "torch", "timm", "date", "revision"} <= facts.keys()
    assert facts["cores"] >= 1
    assert facts["memory_gib"] > 0.1
    assert all(str(value).strip() for value in facts.values())
