"""The whole judgement of one model, as numbers and as figures."""
