"""How often the gate is wrong and how often it helps, by simulation on real predictions."""
