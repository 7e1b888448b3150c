"""Many connections from a process of its own; `python -m bench.serving.load KIND PORT BODY CLIENTS SECONDS CORES`."""

import http.client
import json
import os
import sys
import threading
import time
from pathlib import Path

BOUNDARY = "regraft-bench"
PATHS = {"regraft": "/v1/solar/predict", "litserve": "/predict", "bentoml": "/predict", "mlflow": "/invocations"}
FIELDS = {"litserve": "request", "bentoml": "images"}


def request_of(kind: str, content: bytes) -> tuple[bytes, str]:
    """The body of a request for one sample, and its content type."""
    if kind == "mlflow":
        return content, "application/json"
    if kind == "regraft":
        return content, "application/octet-stream"
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{FIELDS[kind]}"; filename="a.png"\r\n'
    body = head.encode() + b"Content-Type: image/png\r\n\r\n" + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={BOUNDARY}"


def load(kind: str, port: int, content: bytes, clients: int, seconds: float) -> dict[str, float]:
    """Answers a second, the middle and the 99th percentile of the time of one in ms, and how many failed."""
    body, content_type = request_of(kind, content)
    until, took, failed = time.perf_counter() + seconds, list[float](), [0]

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not took or time.perf_counter() < until:
            begun = time.perf_counter()
            connection.request("POST", PATHS[kind], body, {"Content-Type": content_type})
            answer = connection.getresponse()
            answer.read()
            failed[0] += answer.status != 200
            took.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    return {
        "value": (len(took) - failed[0]) / (time.perf_counter() - begun),
        "p50_ms": 1000 * took[len(took) // 2],
        "p99_ms": 1000 * took[min(len(took) - 1, int(0.99 * len(took)))],
        "failed": float(failed[0]),
    }


def main() -> None:
    """Prints what it found as JSON."""
    kind, port, path, clients, seconds, cores = sys.argv[1:]
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    content = Path(path).read_bytes()
    load(kind, int(port), content, int(clients), 2.0)  # warm
    sys.stdout.write(json.dumps(load(kind, int(port), content, int(clients), float(seconds))))


if __name__ == "__main__":
    main()
