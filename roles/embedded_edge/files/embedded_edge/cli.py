# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m embedded_edge serve`: starts the embedded edge, or says in one line why it cannot."""

from __future__ import annotations

import argparse
import asyncio
import errno
import fcntl
import logging
import os
import re
import socket
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from .api.auth import SCOPES
from .environment import read_env, variables, write_env, write_token
from .server import LOOPBACK, Runs, listen, serve
from .source import StoreSource
from .store import StateError, Store

ZONE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DEFAULT_ZONE = "edge.localhost"


class CannotStart(Exception):
    """Why the embedded edge does not start, and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; 0 after a clean stop, 1 when it could not start, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    os.umask(0o077)
    try:
        _serve(options)
    except CannotStart as error:
        print(f"embedded edge: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="embedded_edge", description="Cloudflare's REST API and the deployed Workers, on loopback."
    )
    command = parser.add_subparsers(dest="command", required=True).add_parser(
        "serve", help="serve until SIGTERM"
    )
    command.add_argument("--dir", type=Path, required=True, help="folder of the state, made when missing")
    command.add_argument("--api-port", type=_port, default=8787, help="port of the API, 0 for any")
    command.add_argument(
        "--http-port", type=_port, default=8788, help="port of the deployed Workers, 0 for any"
    )
    command.add_argument(
        "--zone", type=_zone, action="append", help=f"a zone of the account ({DEFAULT_ZONE})"
    )
    command.add_argument("--workerd", help="the workerd program")
    command.add_argument("--no-runtime", action="store_true", help="serve the API only")
    command.add_argument(
        "--env-file", type=Path, help="where to write the variables for clients (DIR/edge.env)"
    )
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535 is expected")
    return int(text)


def _zone(text: str) -> str:
    if not ZONE.fullmatch(text.lower()) or len(text) > 253:
        raise argparse.ArgumentTypeError(f"{text!r} is no zone: a DNS name such as example.com is expected")
    return text.lower()


def _serve(options: argparse.Namespace) -> None:
    folder: Path = options.dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _exclusive(folder / "lock"):
            _serve_in(folder, options)
    except (OSError, sqlite3.Error) as error:
        raise CannotStart(_explained(error, folder)) from error


def _serve_in(folder: Path, options: argparse.Namespace) -> None:
    listener = _listen(options.api_port)
    try:
        store = Store(folder / "state.sqlite")
    except StateError as error:
        raise CannotStart(str(error)) from error
    try:
        _prepare(store, options.zone or [DEFAULT_ZONE], options.env_file or folder / "edge.env", listener)
        asyncio.run(_run(store, folder, options, listener))
    finally:
        listener.close()
        store.close()


def _prepare(store: Store, zones: Sequence[str], env_file: Path, listener: socket.socket) -> None:
    """Bring zones and token up to date and write the files for clients."""
    for zone in zones:
        store.accounts.add_zone(zone)
    known = read_env(env_file).get("CLOUDFLARE_API_TOKEN", "")
    found = store.accounts.token(known) if known else None
    # A token of an older edge lacks the permissions that came since.
    token = known if found and found.scopes >= SCOPES else store.accounts.add_main_token(SCOPES)
    write_env(env_file, variables(token, store.accounts.id, listener.getsockname()[1]))
    write_token(env_file.with_suffix(".token"), token)
    store.kv.sweep()


async def _run(store: Store, folder: Path, options: argparse.Namespace, listener: socket.socket) -> None:
    from .runtime import NoRuntime, Runtime, RuntimeUnavailable

    source = StoreSource(store)
    runtime: Runs = (
        NoRuntime() if options.no_runtime else Runtime(source, folder, options.http_port, options.workerd)
    )
    try:
        await serve(store, runtime, listener, folder / "ready.json")
    except RuntimeUnavailable as error:
        raise CannotStart(str(error)) from error


def _listen(port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        taken = error.errno == errno.EADDRINUSE
        why = "is taken by another program" if taken else "may not be used by this user"
        remedy = "stop that program, or choose another port" if taken else "choose another port"
        raise CannotStart(f"port {port} of {LOOPBACK} {why}: {remedy} with --api-port") from error


def _exclusive(path: Path) -> IO[str]:
    """Lock a folder against a second embedded edge."""
    file = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise CannotStart(
            f"{path.parent} is in use by an embedded edge that runs: stop it, or choose another --dir"
        ) from error
    return file


def _explained(error: OSError | sqlite3.Error, folder: Path) -> str:
    full = getattr(error, "errno", None) == errno.ENOSPC or "is full" in str(error)
    if full:
        return f"the disk under {folder} is full: free some space, or choose another --dir"
    reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    place = getattr(error, "filename", None) or folder
    return f"{place} cannot be used ({reason}): make it writable for this user, or choose another --dir"
