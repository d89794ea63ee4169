"""Where things lie on this machine, and what the environment says about them."""

from __future__ import annotations

import os
from pathlib import Path

from session_replay.errors import InvalidRequest, KeyWrong
from session_replay.vault.keys import KeyEncryptionKey, parse_key
from session_replay.vault.source import KeySource

API_KEY_CHARS_MIN = 32


def data_folder(given: Path | None) -> Path:
    """The data folder: as given, else the user's own for this product."""
    if given:
        return given.expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("session-replay", appauthor=False)


def key_source() -> KeySource:
    """Where the key comes from: SESSION_REPLAY_KEY (the key itself), SESSION_REPLAY_KEY_FILE, or the user's folder.

    Raises:
        KeyWrong: SESSION_REPLAY_KEY is no key.
    """
    from platformdirs import user_config_path

    given = os.environ.get("SESSION_REPLAY_KEY")
    file = os.environ.get("SESSION_REPLAY_KEY_FILE")
    return KeySource(
        folder=user_config_path("session-replay", appauthor=False),
        given=_given_key(given) if given else None,
        file=Path(file).expanduser().absolute() if file else None,
        # The container image sets this: a key made inside it would be lost with it.
        may_make="SESSION_REPLAY_CONTAINER" not in os.environ,
    )


def _given_key(text: str) -> KeyEncryptionKey:
    try:
        return parse_key(text)
    except KeyWrong as error:
        raise KeyWrong(f"SESSION_REPLAY_KEY is no key: {error}") from error


def database_url() -> str | None:
    """SESSION_REPLAY_DATABASE: a PostgreSQL URL in the place of the data folder's own catalogue."""
    return os.environ.get("SESSION_REPLAY_DATABASE") or None


def api_key() -> str | None:
    """SESSION_REPLAY_API_KEY: a key of the operator's own that may do everything.

    Raises:
        InvalidRequest: It is too short to be a secret.
    """
    key = os.environ.get("SESSION_REPLAY_API_KEY")
    if key and len(key) < API_KEY_CHARS_MIN:
        raise InvalidRequest(f"SESSION_REPLAY_API_KEY must have {API_KEY_CHARS_MIN} or more characters")
    return key or None


def opens_browser() -> bool:
    """Whether the first address may be opened in a browser."""
    return "SESSION_REPLAY_NO_BROWSER" not in os.environ
