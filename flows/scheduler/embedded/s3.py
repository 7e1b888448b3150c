"""An S3 server for one project (SeaweedFS): `python -m flows.scheduler.embedded.s3`.

Address and keys are those of AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. What it stores is encrypted
by the key of WEED_S3_SSE_KEK. It needs the three ports after its own and those 10,000 above, all on this machine alone.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from settings.machine import load_settings

BUCKET = "regraft"
PATIENCE = 120.0  # seconds
_ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}


def main() -> int:
    """Runs the server until it is told to end."""
    port = urlsplit(os.environ["AWS_ENDPOINT_URL"]).port or 8333
    folder = load_settings().home / "s3"
    folder.mkdir(exist_ok=True, mode=0o700)
    with subprocess.Popen(command(folder, port)) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        make_bucket(server)
        return server.wait()


def command(folder: Path, port: int) -> list[str]:
    """How the server starts: on this machine alone, without a word to its makers."""
    ports = {"s3.port": port, "master.port": port + 1, "volume.port": port + 2, "filer.port": port + 3}
    unused = {"s3.port.iceberg": 0, "s3.port.lance": 0, "master.telemetry": "false"}
    sizes = {"master.volumeSizeLimitMB": 1024, "volume.max": 0, "volume.preStopSeconds": 1}  # 0: as the disk allows
    options = {"dir": folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", **ports, **unused, **sizes}
    weed = str(Path(sys.executable).parent / "weed")
    return [weed, "server", "-s3", *(f"-{name}={value}" for name, value in options.items())]


def make_bucket(server: "subprocess.Popen[bytes]") -> None:
    """Makes the bucket, whose objects are encrypted, as soon as the server takes it."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client("s3", region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            client.create_bucket(Bucket=BUCKET)
        except client.exceptions.BucketAlreadyExists:
            return
        except (BotoCoreError, ClientError):  # it starts
            time.sleep(0.5)
            continue
        client.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=_ENCRYPTED)
        return


if __name__ == "__main__":
    sys.exit(main())
