"""Ed25519 signatures of a package's manifest.

Shipped inside every model that MLflow stores (see `manifest`), so it imports nothing of Regraft and raises ValueErrors.
No message names a key's content or where it lies: a key pasted in place of its path would be shown otherwise.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


def sign(content: bytes, key: str) -> str:
    """Signature of `content`, base64, by the private key in the PEM file `key`.

    Raises:
        ValueError: the file holds no readable ed25519 private key.
    """
    rule = "REGRAFT_SIGNING_KEY names no ed25519 private key without passphrase in a readable PEM file"
    try:
        private = load_pem_private_key(Path(key).read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{rule}; make one with `openssl genpkey -algorithm ed25519`") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError(f"{rule}; make one with `openssl genpkey -algorithm ed25519`")  # noqa: TRY004 - it is a value
    return b64encode(private.sign(content)).decode("ascii")


def check_signature(content: bytes, signature: bytes, keys: Sequence[str]) -> None:
    """Accepts a base64 signature of `content` by any of the public keys in the PEM files `keys`.

    Raises:
        ValueError: a file holds no ed25519 public key, or none of the keys made the signature.
    """
    try:
        given = b64decode(signature, validate=True)
    except binascii.Error:
        given = b""
    public = [_public_key(key) for key in keys]
    if not any(_made_by(key, content, given) for key in public):
        raise ValueError(
            f"its signature was made by none of the {len(keys)} keys of REGRAFT_VERIFY_KEY, or its manifest was altered"
        )


def _public_key(key: str) -> Ed25519PublicKey:
    rule = (
        "REGRAFT_VERIFY_KEY names no ed25519 public key in a readable PEM file; write one with `openssl pkey -pubout`"
    )
    try:
        public = load_pem_public_key(Path(key).read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise ValueError(rule) from None
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError(rule)  # noqa: TRY004 - it is a value
    return public


def _made_by(key: Ed25519PublicKey, content: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
