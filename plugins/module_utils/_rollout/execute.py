# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The effects on the account: upload a wave, share traffic, put planes back. Many Workers at once.

A sweep never stops half-way: it collects every error and answers what was done and what was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from .._cloudflare.client import Client
from .._cloudflare.errors import ApiError, ValidationError
from .._cloudflare.models import Deployment, Script
from .._cloudflare.upload import Module, Upload
from .decide import deployed_by
from .fleet import Release
from .moves import Move
from .plan import CREATE, UPDATE, Account, Decision, Reading, Wave
from .register import NAMESPACE, UNNAMED, parse, prefix
from .standing import doubtful, expected

_THREADS = 32
_FEW = 4  # at once; more of them only where none of these ends within a moment
_MOMENT = 0.01  # seconds
_DOCUMENT_KEY = "config"
_SECRET_TYPES = ("secret_text", "secret_key")

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sweep(Generic[T, R]):
    """The outcome of one operation on many things."""

    done: tuple[tuple[T, R], ...] = ()
    failed: tuple[tuple[T, Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """What an upload needs besides the wave. ``secrets`` maps Workers to names and values."""

    release: Release
    modules: Mapping[str, tuple[Module, ...]] = field(repr=False)
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)
    rollout: str


def each(items: Iterable[T], function: Callable[[T], R], threads: int = _THREADS) -> Sweep[T, R]:
    """Call ``function`` on every item, concurrently, whatever happens to the others."""
    found = list(items)
    if not found:
        return Sweep()

    def guarded(item: T) -> tuple[R | None, Exception | None]:
        try:
            return function(item), None
        except Exception as error:
            return None, error

    with ThreadPoolExecutor(min(threads, len(found))) as pool:
        outcomes = list(zip(found, _gradually(pool, guarded, found), strict=True))
    done = tuple((item, value) for item, (value, error) in outcomes if error is None)
    return Sweep(done, tuple((item, error) for item, (_value, error) in outcomes if error))  # type: ignore[arg-type]


def _gradually(pool: ThreadPoolExecutor, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """The results in order. Every connection costs both sides, and an API that answers at once needs few."""
    futures: list[Future[R]] = []
    busy: set[Future[R]] = set()
    for item in items:
        futures.append(pool.submit(function, item))
        busy.add(futures[-1])
        if len(busy) >= _FEW:
            busy = wait(busy, timeout=_MOMENT, return_when=FIRST_COMPLETED).not_done
    return [future.result() for future in futures]


def read_account(client: Client, topology: str) -> tuple[Account, str | None]:
    """Read what concerns all Workers at once, and the id of the register's namespace if there is one."""
    with ThreadPoolExecutor(3) as pool:
        scripts, domains = pool.submit(client.workers.list), pool.submit(client.workers.domains)
        namespaces = {item.title: item.id for item in client.kv.namespaces()}
        home = namespaces.get(NAMESPACE)
        register = parse(client.kv.keys(home, prefix(topology)), topology) if home else {}
        account = Account(
            {item.name: item for item in scripts.result()},
            {item.hostname: item.service for item in domains.result()},
            namespaces,
            register,
        )
    return account, home


def read_suspects(client: Client, scripts: Sequence[str]) -> dict[str, Reading]:
    """Read Workers one by one: two calls each. The first error is raised."""
    sweep = each(scripts, lambda script: _reading(client, script))
    for _script, error in sweep.failed:
        raise error
    return dict(sweep.done)


def strangers(
    client: Client, moves: Iterable[Move], listed: Mapping[str, Script] | None = None
) -> dict[str, str]:
    """Which of these Workers somebody else has deployed meanwhile, and who.

    One call, unless the Workers were ``listed`` just now, and one more for each suspect.
    """
    scripts = {item.name: item for item in client.workers.list()} if listed is None else listed
    suspects_ = [move for move in moves if doubtful(move, scripts.get(move.script))]
    sweep = each(
        suspects_, lambda move: client.workers.active(move.script) if move.script in scripts else None
    )
    for _move, error in sweep.failed:
        raise error
    return _foreign(sweep)


def strangers_one_by_one(
    client: Client, moves: Sequence[Move]
) -> tuple[dict[str, str], dict[str, Exception]]:
    """The same of what may have to be undone; where the list fails every Worker is read.

    Answers also the Workers that could not be read, and why: an undo goes on without them.
    """
    try:
        return strangers(client, moves), {}
    except ApiError:
        sweep = each(moves, lambda move: client.workers.active(move.script))
        return _foreign(sweep), {move.script: error for move, error in sweep.failed}


def _foreign(sweep: Sweep[Move, Deployment | None]) -> dict[str, str]:
    return {
        move.script: deployed_by(active) if active else "it was deleted"
        for move, active in sweep.done
        if not expected(move, active)
    }


def given_away(client: Client, wave: Wave) -> dict[str, str]:
    """This wave's hostnames that lead to another Worker since the plan looked, and to which; one call."""
    due = {item.unit.hostname: item.unit.script for item in wave.decisions if item.hostname}
    owners = {item.hostname: item.service for item in client.workers.domains()} if due else {}
    return {name: owners[name] for name, script in due.items() if owners.get(name, script) != script}


def upload(client: Client, wave: Wave, job: Job, begun: dict[str, Move]) -> tuple[tuple[str, Exception], ...]:
    """Bring a wave's code, documents and hostnames up; candidates of existing Workers get no traffic.

    What goes ahead of the wave, and the wave's first upload, go alone: what the platform refuses is refused
    before the second plane is touched. Documents and hostnames follow when all code is there.

    ``begun`` holds the moves and is brought up to date. They are marked before an effect: after an error
    they say what may have happened, and not less. Answers the errors by Worker.
    """
    namespaces = {item.unit.script: item.namespace_id for item in (*wave.ahead, *wave.decisions)}
    uploads = [
        item
        for item in wave.decisions
        if item.action in (CREATE, UPDATE) and not begun[item.unit.script].candidate
    ]

    def mark(move: Move) -> None:
        begun[move.script] = move

    def code(item: Decision) -> Move:
        unit = item.unit
        if unit.namespace and not namespaces[unit.script]:
            namespaces[unit.script] = client.kv.create(unit.namespace).id
        package = _package(item, job, namespaces[unit.script])
        if item.action == UPDATE and not wave.direct:
            version = client.workers.upload_version(unit.script, package)
            move = begun[unit.script]
            return replace(move, candidate=version.id, seen=version.created_on or move.seen)
        return _put(client, begun[unit.script], package, mark)

    def rest(item: Decision) -> Move:
        script = item.unit.script
        return _finish(client, item, begun[script], namespaces[script], mark)

    errors: list[tuple[Decision, Exception]] = []
    for batch in (wave.ahead, uploads[:1], uploads[1:]):
        sweep = each(batch, code)
        begun |= {item.unit.script: move for item, move in sweep.done}
        errors += sweep.failed
        if errors:
            break
    if not errors:
        ended = each([item for item in wave.decisions if item.document or item.hostname], rest)
        begun |= {item.unit.script: move for item, move in ended.done}
        errors += ended.failed
    return tuple((item.unit.script, error) for item, error in errors)


def share(client: Client, moves: Sequence[Move], percentage: int, message: str) -> Sweep[Move, Move]:
    """Give the candidates a percentage; at 100 the running version leaves the deployment.

    Where a killed rollout had taken it out, it comes back, with its own secrets, which takes force.
    """

    def deploy(move: Move) -> Move:
        versions = [(str(move.candidate), float(percentage))]
        if percentage < 100 and move.running:
            versions.append((move.running, 100.0 - percentage))
        back = dict(versions).keys() - dict(move.versions).keys() - {move.candidate}
        made = client.workers.deploy(move.script, versions, message=message, force=bool(back))
        return replace(move, share=percentage, versions=tuple(versions), seen=made.created_on or move.seen)

    return each(moves, deploy)


def put_back(
    client: Client, targets: Mapping[str, str], message: str, force: bool = False
) -> Sweep[tuple[str, str], object]:
    """Give each Worker's traffic to one version again; one call each."""
    return each(
        targets.items(),
        lambda pair: client.workers.deploy(pair[0], [(pair[1], 100.0)], message=message, force=force),
    )


def _reading(client: Client, script: str) -> Reading:
    active = client.workers.active(script)
    version = active.sole_version if active else None
    return Reading(active, client.workers.version(script, version) if version else None)


def _put(client: Client, move: Move, package: Upload, mark: Callable[[Move], None]) -> Move:
    """Upload and deploy at once. Unless the platform refused it, it may have happened."""
    deployed = replace(move, share=100)
    mark(deployed)
    try:
        made = client.workers.put(move.script, package)
    except ValidationError:
        mark(move)
        raise
    # The answer to a PUT may leave out the version; asking costs one call.
    version_id = made.version_id or _sole(client.workers.active(move.script))
    versions = ((version_id, 100.0),) if version_id else ()
    return replace(deployed, candidate=version_id, versions=versions, seen=made.modified_on or move.seen)


def _sole(active: Deployment | None) -> str | None:
    return active.sole_version if active else None


def _finish(
    client: Client, item: Decision, move: Move, namespace_id: str | None, mark: Callable[[Move], None]
) -> Move:
    unit = item.unit
    if item.document and unit.document is not None and namespace_id:
        sha256 = unit.document_sha256
        # An unknown document is written again by the next rollout.
        move = replace(move, document="", document_written=True)
        mark(move)
        client.kv.put(namespace_id, _DOCUMENT_KEY, unit.document.encode(), metadata={"sha256": sha256})
        move = replace(move, document=sha256)
        mark(move)
    if item.hostname:
        client.workers.put_domain(unit.hostname, unit.script, unit.zone)
    return move


def _package(item: Decision, job: Job, namespace_id: str | None) -> Upload:
    unit, release = item.unit, job.release
    return Upload(
        main_module=release.bundle(unit.kind).main,
        modules=job.modules[unit.kind],
        bindings=(
            *(_binding(binding, namespace_id) for binding in unit.bindings),
            *(_inherited(name, item.running) for name in item.carried if name != UNNAMED),
        ),
        compatibility_date=release.compatibility_date,
        compatibility_flags=release.compatibility_flags,
        placement=unit.placement,
        message=f"{release.label} rollout {job.rollout}",
        tag=unit.tag,
        keep_bindings=_SECRET_TYPES if UNNAMED in item.carried else (),
        secrets=job.secrets.get(unit.script, {}),
    )


def _inherited(name: str, running: str | None) -> dict[str, object]:
    """A secret as the running version has it; without a version, as the newest upload has it."""
    base: dict[str, object] = {"name": name, "type": "inherit"}
    return base | ({"version_id": running} if running else {})


def _binding(binding: Mapping[str, object], namespace_id: str | None) -> dict[str, object]:
    if binding["type"] != "kv_namespace":
        return dict(binding)
    return {"name": binding["name"], "type": "kv_namespace", "namespace_id": namespace_id}


__all__ = [
    "Job",
    "Sweep",
    "each",
    "given_away",
    "put_back",
    "read_account",
    "read_suspects",
    "share",
    "strangers",
    "strangers_one_by_one",
    "upload",
]
