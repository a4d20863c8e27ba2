# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening sockets, and a small HTTP client for those of the state directory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
from pathlib import Path

from .binary import RuntimeUnavailable

__all__ = ["Folder", "call", "listen_tcp"]

BACKLOG = 512


class Folder:
    """A directory for one process, its sockets reached by a descriptor: socket paths hold 107 bytes only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise RuntimeUnavailable(f"another embedded edge uses {path}: stop it or name another") from None

    def close(self) -> None:
        os.close(self._fd)

    def listen(self, name: str) -> socket.socket:
        """Listen at `name`, in place of whatever a killed process left there; only this user may connect."""
        self.remove(name)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(self.short(name))
        (self.path / name).chmod(0o600)
        listening.listen(BACKLOG)
        return listening

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def short(self, name: str) -> str:
        return f"/proc/self/fd/{self._fd}/{name}"


def listen_tcp(port: int) -> socket.socket:
    """Listen on loopback only. The socket outlives workerd: during a restart callers wait in its queue."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
        raise RuntimeUnavailable(
            f"port {port} of 127.0.0.1 {why}: choose another one for deployed Workers"
        ) from None
    listening.listen(BACKLOG)
    return listening


async def call(path: str, method: str, body: bytes = b"") -> bytes:
    """Send one request over the socket at `path`; return the body of its answer or raise OSError."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        lines = (f"{method} / HTTP/1.1", "Host: control", "Connection: close", f"Content-Length: {len(body)}")
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    top, found, rest = answer.partition(b"\r\n\r\n")
    if not found or b" 200 " not in top.split(b"\r\n")[0]:
        raise ConnectionError(f"workerd answered {top[:100]!r}")
    return rest
