"""The controller: what follows from a check, as a pure function of what was found, what came before and the policy."""
