# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all action plugins that work on the controller, so that no secret reaches a target.

A subclass gives its options (``spec``, ``constraints``) and :meth:`ControllerAction.work`. The base validates
and makes sure that no secret is in a result.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._redact import Redactor

display = Display()
_LONG = 2000


class Refusal(Exception):
    """A task can't go on. ``text`` says why and what to do; ``fields`` go into the failed result."""

    def __init__(self, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.fields = fields


class ControllerAction(ActionBase):
    """Runs one operation on the controller; see the module's docstring.

    ``spec`` is the argument_spec, ``constraints`` holds ``required_if`` and the like. Set
    ``_supports_check_mode = False`` where check mode makes no sense. What is in ``so_far`` becomes a part of
    the result when the work fails half-way; set its ``changed`` with the first write.
    """

    shared: ClassVar[dict[str, dict[str, Any]]] = {}
    spec: ClassVar[dict[str, dict[str, Any]]] = {}
    constraints: ClassVar[dict[str, Any]] = {}
    #: Errors whose text is made for people.
    speaking: ClassVar[tuple[type[Exception], ...]] = ()
    _requires_connection = False
    _supports_async = False

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        """Do the work and answer the result. May raise :class:`Refusal` and what is in ``speaking``."""
        raise NotImplementedError

    def missing(self) -> str:
        """Which library is missing, with the remedy, or nothing."""
        return ""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the options, run the operation, and turn every failure into a clean result."""
        self._vars = task_vars or {}
        result = super().run(None, task_vars)
        if self.missing():
            return result | {"failed": True, "msg": self.missing()}
        spec = self.shared | self.spec
        given = self._given(spec)
        self._redactor = Redactor(hidden(spec, given))
        args, problem = self.validated(spec, given)
        problem = no_mapping(spec, given) or problem
        if problem:
            return result | {"failed": True, "msg": self.clean(problem)}
        self._redactor = Redactor(hidden(spec, args))
        return result | self._guarded(args)

    @property
    def check(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self._task.check_mode)

    def say(self, text: str) -> None:
        """Show a line of progress while the task runs."""
        display.display(self.clean(text))

    def clean(self, text: str, limit: int = _LONG) -> str:
        """Answer ``text`` on one line without any secret of this task."""
        return self._redactor.clean(text, limit)

    def hide(self, *secrets: str) -> None:
        """Keep more texts out of what this task says, which only its work came to know."""
        self._redactor = self._redactor.with_more(secrets)

    def validated(self, spec: dict[str, dict[str, Any]], given: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Answer the completed options and, when they are wrong, why. The reason may hold secrets."""
        outcome = ArgumentSpecValidator(spec, **self.constraints).validate(given)
        return outcome.validated_parameters, "; ".join(map(_said, outcome.errors.errors))

    def _guarded(self, args: dict[str, Any]) -> dict[str, Any]:
        self.so_far: dict[str, Any] = {"changed": False}
        try:
            return {"changed": False} | self.work(args)
        except Refusal as error:
            return self._failed(str(error), error.fields)
        except self.speaking as error:
            return self._failed(str(error), {})
        except Exception as error:
            return self._failed(_defect(error), {})

    def _failed(self, text: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        scrubbed: dict[str, Any] = self._redactor.scrub(self.so_far | dict(fields))
        return scrubbed | {"failed": True, "msg": self.clean(text)}

    def _given(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The task's options as plain values, completed from the ``environment`` of the task or play."""
        given = {str(name): plain(value) for name, value in self._task.args.items()}
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        for name, entry in spec.items():
            for variable in entry.get("fallback", (None, []))[1]:
                if given.get(name) is None and variable in environment:
                    given[name] = plain(environment[variable])
        return given


def _said(error: Exception) -> str:
    """What is wrong with the options; Ansible begins with the bare name of one that it does not know."""
    return f"There is no option {error}" if isinstance(error, UnsupportedError) else str(error)


def _defect(error: Exception) -> str:
    """An error that nobody foresaw, with its place for a bug report."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__} in {place.name}, line {place.lineno}: {error}"
    return f"This is a defect of the collection, please report it: {text}"


def no_mapping(spec: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Which option with secrets is a text, or nothing. Ansible makes a mapping of one with an = in it."""
    found = [
        name
        for name, entry in spec.items()
        if entry.get("no_log") and entry.get("type") == "dict" and isinstance(given.get(name), str)
    ]
    return f"{found[0]} is a text and not a mapping. It is not shown, as it may be a secret." if found else ""


def hidden(spec: Mapping[str, Any], args: Mapping[str, Any]) -> list[str]:
    """Every text below an option that is marked no_log."""
    found: list[str] = []
    for name, entry in spec.items():
        value = args.get(name)
        if entry.get("no_log"):
            found += texts(value)
        elif entry.get("options"):
            inner = value if isinstance(value, list) else [value]
            found += [
                text for item in inner if isinstance(item, Mapping) for text in hidden(entry["options"], item)
            ]
    return found


def texts(value: object) -> Iterator[str]:
    """Every text in a value; names of a mapping are no secrets."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def plain(value: Any) -> Any:
    """The same value in Python's own types: Ansible's tagged and vaulted ones stay behind."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else str(value)
