"""What people and auditors read of a version: cards, bill of materials, lineage, stress tests."""
