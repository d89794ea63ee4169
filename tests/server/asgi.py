"""Requests as a server hands them to the application: what a real connection does at its own pace, step by step."""

from server.conftest import API_KEY

GET = {"type": "http.request", "body": b"", "more_body": False}


def scope(path, query="", **headers):
    """A signed-in GET."""
    named = {"host": "127.0.0.1:8420", "authorization": f"Bearer {API_KEY}"} | headers
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8420),
    }
