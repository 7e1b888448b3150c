"""How well harm and drift are told, on real shifts whose truth is known."""
