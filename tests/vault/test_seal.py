import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from session_replay.errors import Tampered
from session_replay.vault.seal import OVERHEAD_BYTES, Context, seal, unseal

KEY = bytes(range(32))
NUMBERS = st.integers(0, 2**63 - 1)
CONTEXTS = st.builds(
    Context,
    kind=st.sampled_from(["chunk", "summary", "text", "name", "path"]),
    organization=NUMBERS,
    subject=st.text(st.characters(codec="utf-8"), max_size=40),
    generation=NUMBERS,
    start=NUMBERS,
    end=NUMBERS,
    key_version=NUMBERS,
)


@given(CONTEXTS, st.binary(max_size=200))
def test_what_was_sealed_opens_in_its_place(context, plaintext):
    sealed = seal(KEY, context, plaintext)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert unseal(KEY, context, sealed) == plaintext


def test_every_changed_bit_and_every_cut_is_refused():
    context = Context("chunk", 1, "stream", 0, 0, 12)
    sealed = seal(KEY, context, b"twelve bytes")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            unseal(KEY, context, bytes(changed))
    for size in range(len(sealed)):
        with pytest.raises(Tampered):
            unseal(KEY, context, sealed[:size])
    with pytest.raises(Tampered):
        unseal(KEY, context, sealed + b"\0")


@given(CONTEXTS, CONTEXTS)
def test_another_place_is_refused_and_encodes_otherwise(here, there):
    assert (here.encode() == there.encode()) == (here == there)
    sealed = seal(KEY, here, b"here")
    for field in Context._fields:
        moved = here._replace(**{field: getattr(there, field)})
        if moved != here:
            with pytest.raises(Tampered):
                unseal(KEY, moved, sealed)


def test_another_key_is_refused():
    with pytest.raises(Tampered):
        unseal(bytes(32), Context("text", 1, "s"), seal(KEY, Context("text", 1, "s"), b"words"))


def test_nonces_differ():
    context = Context("text", 1, "s")
    assert len({seal(KEY, context, b"")[1:13] for _ in range(1000)}) == 1000


def test_the_stored_format_is_the_documented_one():
    """docs/format.md: 0x01, nonce of 12 bytes, AES-256-GCM with the context as associated data."""
    associated = b"session-replay" + b"".join(
        (
            bytes([1]),
            struct.pack(">H", 5) + b"chunk",
            struct.pack(">Q", 7),
            struct.pack(">H", 3) + "é1".encode(),
            struct.pack(">QQQQ", 2, 100, 200, 3),
        )
    )
    context = Context("chunk", 7, "é1", 2, 100, 200, 3)
    nonce = bytes(12)
    assert unseal(KEY, context, b"\x01" + nonce + AESGCM(KEY).encrypt(nonce, b"raw", associated)) == b"raw"
    sealed = seal(KEY, context, b"raw")
    assert sealed[0] == 1
    assert AESGCM(KEY).decrypt(sealed[1:13], sealed[13:], associated) == b"raw"
