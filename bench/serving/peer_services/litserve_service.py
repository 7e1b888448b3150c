"""A LitServe service; `python litserve_service.py MODEL SIZE PORT`."""

import sys
from typing import Any

import litserve
import numpy as np
import onnxruntime
from fastapi import UploadFile
from PIL import Image

MODEL, SIZE, PORT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class Cells(litserve.LitAPI):  # type: ignore[misc]  # untyped here: installed for the bench alone
    """Probabilities of one image."""

    def setup(self, device: str) -> None:
        """Opens the model on one thread."""
        del device
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    def decode_request(self, request: UploadFile) -> Any:
        """The form's field `request` is the image."""
        image = Image.open(request.file).convert("L").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        return np.asarray(image)[..., None]

    def batch(self, inputs: list[Any]) -> Any:
        """Images [N, size, size, 1]."""
        return np.stack(inputs)

    def predict(self, x: Any) -> Any:
        """Probabilities [N, K]."""
        return self.session.run(None, {self.name: x})[0]

    def unbatch(self, output: Any) -> list[Any]:
        """One row each."""
        return list(output)

    def encode_response(self, output: Any) -> dict[str, list[float]]:
        """As JSON."""
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    api = Cells(max_batch_size=32, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=PORT, host="127.0.0.1", generate_client_file=False)
