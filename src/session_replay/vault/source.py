"""Where the key at the top of the chain comes from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from session_replay.vault.keys import KeyEncryptionKey


class KeySource(NamedTuple):
    """Where the key-encryption key comes from.

    Attributes:
        given: A key from the environment; then no file is read or made.
        file: An explicit key file, or None for ``folder``/<data id>.key.
        folder: The user's configuration folder for keys.
        may_make: Whether a new installation may make its own key file.
    """

    folder: Path
    given: KeyEncryptionKey | None = None
    file: Path | None = None
    may_make: bool = True

    def path(self, data_id: str) -> Path:
        """The key file of an installation."""
        return self.file or self.folder / f"{data_id}.key"
