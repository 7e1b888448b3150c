"""Services as people write them without Regraft, after the examples of LitServe and BentoML, in their own environment.

Both get the package's own ONNX file, decode with Pillow as it does, and batch as ours does: 32 at most, 5 ms.
"""
