# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Secrets Store: secrets of the account that Workers read by bindings. No call shows a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .pages import numbered
from .shapes import mapping, optional_text, sequence, text
from .transport import Api, Call, segment

_ROOT = "secrets_store/stores"
#: As the platform's dashboard names the one store of an account.
DEFAULT = "default_secrets_store"
SCOPES = ("workers",)


@dataclass(frozen=True, slots=True)
class Store:
    """A store; an account has one."""

    id: str
    name: str

    @classmethod
    def parse(cls, value: object) -> Store:
        """Read one store, alone or in the list that older releases of the API answer."""
        data = mapping(sequence(value)[0] if isinstance(value, list) and value else value)
        return cls(text(data, "id"), text(data, "name"))


@dataclass(frozen=True, slots=True)
class Stored:
    """A secret as it is listed."""

    id: str
    name: str
    comment: str
    scopes: tuple[str, ...]

    @classmethod
    def parse(cls, value: object) -> Stored:
        """Read one secret."""
        data = mapping(value)
        scopes = tuple(str(scope) for scope in sequence(data.get("scopes") or []))
        return cls(text(data, "id"), text(data, "name"), optional_text(data, "comment") or "", scopes)


@dataclass(frozen=True, slots=True)
class New:
    """A secret to put, which Workers may read."""

    name: str
    value: str = field(repr=False)
    comment: str

    def as_json(self) -> dict[str, object]:
        """The secret as the API takes it."""
        return {"name": self.name, "value": self.value, "comment": self.comment, "scopes": list(SCOPES)}


class SecretsStore:
    """Calls on the Secrets Store of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def stores(self) -> tuple[Store, ...]:
        """The stores of the account."""
        call = Call("Secrets Stores", "GET", _ROOT)
        return tuple(self._api.parsed(call, item, Store.parse) for item in numbered(self._api, call, 100))

    def create_store(self, name: str = DEFAULT) -> Store:
        """Make a store, in an account that has none."""
        call = Call(f"Secrets Store '{name}'", "POST", _ROOT, json={"name": name}, again=False)

        def found() -> Store | None:
            return next((store for store in self.stores() if store.name == name), None)

        return self._api.confirmed(call, Store.parse, found)

    def secrets(self, store: str) -> tuple[Stored, ...]:
        """The secrets of a store; one call for each 100, which is as many as an account may have."""
        call = Call("secrets of the Secrets Store", "GET", f"{_ROOT}/{segment(store)}/secrets")
        return tuple(self._api.parsed(call, item, Stored.parse) for item in numbered(self._api, call, 100))

    def create(self, store: str, secrets: Sequence[New]) -> None:
        """Put new secrets, all of them or none. Raises when a name is taken."""
        call = Call(
            f"secrets {', '.join(item.name for item in secrets[:5])} of the Secrets Store",
            "POST",
            f"{_ROOT}/{segment(store)}/secrets",
            json=[item.as_json() for item in secrets],
            again=False,
            secrets=tuple(item.value for item in secrets),
        )
        self._api.send(call)

    def edit(self, store: str, secret: str, new: New) -> None:
        """Give a secret another value, which Workers read from then on."""
        body = {name: value for name, value in new.as_json().items() if name != "name"}
        self._api.send(self._call(store, secret, new.name, "PATCH", json=body, secrets=(new.value,)))

    def delete(self, store: str, secret: Stored) -> None:
        """Delete a secret; a Worker that is bound to it can't read it any more."""
        self._api.delete(self._call(store, secret.id, secret.name, "DELETE"))

    def _call(
        self,
        store: str,
        secret: str,
        name: str,
        method: str,
        json: object = None,
        secrets: tuple[str, ...] = (),
    ) -> Call:
        path = f"{_ROOT}/{segment(store)}/secrets/{segment(secret)}"
        return Call(f"secret '{name}' of the Secrets Store", method, path, json=json, secrets=secrets)


__all__ = ["DEFAULT", "SCOPES", "New", "SecretsStore", "Store", "Stored"]
