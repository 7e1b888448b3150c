"""The network that is trained and shipped: a backbone in stages, heads, and its ONNX form."""
