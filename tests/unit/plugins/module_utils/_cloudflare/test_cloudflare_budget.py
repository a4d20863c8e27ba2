# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of a token: never more than the limit in any window, across threads and processes."""

from __future__ import annotations

import random
import stat
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare import budget as module
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.budget import (
    WINDOW,
    Budget,
)

TOKEN = "canary-token-77aa"


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["file", "memory"])
def path(request, tmp_path):
    return tmp_path / "budget" if request.param == "file" else None


def made(clock, path, limit=5):
    return Budget(path, limit=limit, clock=clock, sleep=clock.sleep)


def test_the_calls_of_any_window_stay_within_the_limit(clock, path):
    budget, times = made(clock, path), []
    for step in range(40):
        clock.now += step % 3 * 11.0
        budget.acquire()
        times.append(clock.now)
    counts = [sum(start <= other < start + WINDOW for other in times) for start in times]
    assert max(counts) == 5


def test_below_the_limit_nothing_waits(clock, path):
    budget = made(clock, path, limit=1200)
    assert sum(budget.acquire() for _time in range(1200)) == 0.0
    assert budget.acquire() == WINDOW


def test_a_block_holds_everyone_back(clock, tmp_path):
    one, other = made(clock, tmp_path / "b"), made(clock, tmp_path / "b")
    one.block(42)
    one.block(7)
    assert other.acquire() == 42.0


def test_only_a_long_wait_is_told_and_only_once(clock, path):
    told: list[float] = []
    naps = iter([2.0, 2.0, 60.0, 40.0])
    budget = Budget(path, clock=clock, sleep=lambda _seconds: clock.sleep(next(naps)), notice=told.append)
    budget.block(4)
    budget.acquire()
    budget.block(100)
    budget.acquire()
    assert told == [100.0]


def test_two_budgets_of_one_file_share_it(clock, tmp_path):
    one, other = made(clock, tmp_path / "b"), made(clock, tmp_path / "b")
    assert [budget.acquire() for budget in (one, other, one, other, one)] == [0.0] * 5
    assert other.acquire() == WINDOW


JUNK = {"empty": b"", "short": b"short", "ff": b"\xff" * 20_000, "random": random.Random(1).randbytes(9616)}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_a_damaged_file_delays_but_never_fails(clock, tmp_path, junk):
    (tmp_path / "b").write_bytes(junk)
    budget = made(clock, tmp_path / "b")
    waited = sum(budget.acquire() for _time in range(10))
    assert waited <= 5 * WINDOW


@pytest.mark.parametrize("back", [1, 299, 600, 86_400])
def test_a_clock_set_back_costs_three_windows_at_most(clock, path, back):
    budget = made(clock, path)
    clock.now = 1e6
    budget.block(600)
    budget.acquire()
    for _time in range(4):
        budget.acquire()
    clock.now -= back
    assert budget.acquire() <= 3 * WINDOW


def test_a_folder_that_can_not_be_written_falls_back_to_memory(tmp_path):
    (tmp_path / "file").write_text("")
    assert Budget.for_token(TOKEN, folder=tmp_path / "file" / "sub").acquire() == 0.0


def test_the_file_vanishing_or_turning_unusable_does_not_fail(clock, tmp_path):
    budget = made(clock, tmp_path / "b")
    budget.acquire()
    (tmp_path / "b").unlink()
    (tmp_path / "b").mkdir()
    assert budget.acquire() == 0.0


def test_the_file_is_private_and_does_not_name_the_token(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    Budget.for_token(TOKEN).acquire()
    (file,) = (tmp_path / "adsengineer.orchestrator").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert TOKEN not in str(file)
    assert TOKEN.encode() not in file.read_bytes()


def test_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "target").write_bytes(b"precious")
    budget = Budget.for_token(TOKEN, folder=tmp_path / "cache")
    budget.acquire()
    (link,) = (tmp_path / "cache").iterdir()
    link.unlink()
    link.symlink_to(tmp_path / "target")
    budget.acquire()
    assert (tmp_path / "target").read_bytes() == b"precious"


@pytest.mark.parametrize("limit", [0, -1, 1201])
def test_a_limit_out_of_range_is_refused(limit):
    with pytest.raises(ValueError, match="between 1 and 1200"):
        Budget(limit=limit)


def some(budget):
    for _time in range(10):
        budget.acquire()


def test_threads_share_it(tmp_path):
    clock = Clock()
    budget = Budget(tmp_path / "b", limit=40, clock=clock, sleep=lambda _seconds: pytest.fail("waited"))
    threads = [
        threading.Thread(target=lambda: [budget.acquire() for _time in range(10)]) for _time in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(pytest.fail.Exception, match="waited"):
        budget.acquire()


CHILD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("budget", sys.argv[1])
budget = importlib.util.module_from_spec(spec)
sys.modules["budget"] = budget
spec.loader.exec_module(budget)
from pathlib import Path
class Full(Exception): pass
def full(_seconds): raise Full
shared, count = budget.Budget(Path(sys.argv[2]), limit=600, sleep=full), 0
try:
    while True:
        shared.acquire()
        count += 1
except Full:
    print(count)
"""


def test_two_processes_share_it(tmp_path):
    command = [sys.executable, "-c", CHILD, module.__file__, str(tmp_path / "b")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _time in range(2)]
    counts = [int(child.communicate(timeout=60)[0]) for child in children]
    assert sum(counts) == 600


def test_one_call_costs_little(tmp_path):
    budget = Budget(tmp_path / "b")
    started = time.perf_counter()
    for _time in range(1000):
        budget.acquire()
    assert time.perf_counter() - started < 2.0
