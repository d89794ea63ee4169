"""Sealed bytes: authenticated encryption that is bound to the place where the bytes belong.

Format 1: one byte ``0x01``, a random 96-bit nonce, AES-256-GCM ciphertext with its 128-bit tag
(NIST SP 800-38D).  The context is authenticated and not stored: bytes moved to another stream,
offset, generation or organization do not open.
"""

from __future__ import annotations

import os
import struct
from typing import Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from session_replay.errors import Tampered

FORMAT = 1
NONCE_BYTES = 12
OVERHEAD_BYTES = 1 + NONCE_BYTES + 16

Kind = Literal[
    "organization-key", "session-key", "chunk", "summary", "attachment", "text", "name", "path", "saved-filter"
]


class Context(NamedTuple):
    """What sealed bytes are and where they belong; all of it is authenticated.

    Attributes:
        kind: What the plaintext is.
        organization: Number of the organization.
        subject: Id of the stream, session or name kind that the bytes belong to.
        generation: Of the stream; 0 where there is none.
        start: First raw byte (or line, for a summary) that is covered; 0 where there is none.
        end: One past the last.
        key_version: Version of the organization key at the top of the chain.
    """

    kind: Kind
    organization: int
    subject: str
    generation: int = 0
    start: int = 0
    end: int = 0
    key_version: int = 1

    def encode(self) -> bytes:
        """Unambiguous bytes: each text with its length before it, numbers as 64-bit big-endian."""
        kind, subject = self.kind.encode(), self.subject.encode()
        return b"".join(
            (
                b"session-replay",
                struct.pack(">BH", FORMAT, len(kind)),
                kind,
                struct.pack(">QH", self.organization, len(subject)),
                subject,
                struct.pack(">QQQQ", self.generation, self.start, self.end, self.key_version),
            )
        )


def seal(key: bytes, context: Context, plaintext: bytes) -> bytes:
    """Encrypt ``plaintext`` under a 32-byte key, bound to ``context``."""
    nonce = os.urandom(NONCE_BYTES)
    return b"\x01" + nonce + AESGCM(key).encrypt(nonce, plaintext, context.encode())


def unseal(key: bytes, context: Context, sealed: bytes) -> bytes:
    """Open what ``seal`` made.

    Raises:
        Tampered: The bytes were changed, cut, moved to another place, or sealed under another key.
    """
    if len(sealed) < OVERHEAD_BYTES or sealed[0] != FORMAT:
        raise Tampered(f"sealed {context.kind} has an unknown format or is cut short")
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, context.encode())
    except InvalidTag:
        raise Tampered(f"sealed {context.kind} of {context.subject} does not authenticate") from None
