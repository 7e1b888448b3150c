"""How well the champion does on its present traffic: by the labels that came back, and by an estimate without any."""
