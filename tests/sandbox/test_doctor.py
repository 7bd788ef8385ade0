"""The doctor tells what holds from what does not, for root and for an ordinary user."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.sandbox import doctor, launch
from grading.sandbox.layers import LAYER, REQUIRED
from grading.sandbox.paths import COURSE, GRADING

EXAMINE = """
import json, os
from grading.sandbox import attempts, launch
from grading.sandbox.client import Sandbox
found = {}
for level in {"landlock", launch.best()}:
    with Sandbox(level, prove=False) as sandbox:
        escapes = [finding.attempt for finding in attempts.quick(sandbox.worker) if not finding.held]
        found[level] = [sandbox.isolation, escapes]
print(json.dumps([os.getuid(), found]))
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What a machine has is found out once a process; here machines change."""
    yield
    for found in (launch.layers, launch.bwrap_works):
        found.cache_clear()


def as_ordinary_user() -> list[str]:
    """What in front of a command runs it as nobody in particular, who can read the course though it lie below /root."""
    if os.geteuid() != 0:
        return []
    become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    needed = [*map(Path, (sys.prefix, sys.base_prefix)), COURSE, GRADING]
    above = {folder for path in needed for folder in path.parents}
    shut = [folder for folder in above if not folder.stat().st_mode & stat.S_IXOTH]
    if not shut:
        return become
    if not launch.bwrap_works():  # then the user has one power, to look into every folder
        return [*become, "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    opened = [word for folder in sorted(shut) for word in ("--perms", "0755", "--tmpfs", str(folder))]
    between = sorted(
        folder for folder in above if any(folder.is_relative_to(s) for s in shut) and folder not in shut
    )
    opened += [word for folder in between for word in ("--perms", "0755", "--dir", str(folder))]
    opened += [
        word
        for path in needed
        if any(path.is_relative_to(folder) for folder in shut)
        for word in ("--ro-bind", str(path), str(path))
    ]
    return ["bwrap", "--dev-bind", "/", "/", *opened, "--cap-add", "ALL", "--", *become]


def test_nothing_escapes_from_an_ordinary_users_sandbox():
    program = [*as_ordinary_user(), sys.executable, "-B", "-c", EXAMINE]
    environment = {**os.environ, "HOME": "/tmp", "TMPDIR": "/tmp"}
    ran = subprocess.run(program, env=environment, cwd="/", capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    uid, found = json.loads(ran.stdout)
    assert uid != 0
    assert "landlock" in found
    for held, escapes in found.values():
        assert escapes == []
        assert {*REQUIRED} <= {*held.split("+")}
        assert "uid" not in held


def test_every_layer_is_told_with_what_its_lack_costs(sandbox):
    told = {holding.layer: holding for holding in doctor.holdings(sandbox.level)}
    assert {name for name, holding in told.items() if holding.held} == {*sandbox.isolation.split("+")}
    assert told.keys() == LAYER.keys()
    for name, holding in told.items():
        assert holding.held or (LAYER[name].cost in holding.meaning and LAYER[name].fix in holding.meaning)


@pytest.mark.parametrize(
    ("version", "held", "words"),
    [
        (0, False, "Linux 5.13"),
        (4, True, "device commands (6.10), signals"),
        (6, True, "abstract sockets to others"),
    ],
)
def test_an_old_kernels_landlock_says_what_it_leaves_out(monkeypatch, version, held, words):
    monkeypatch.setattr(doctor.landlock, "version", lambda: version)
    (holding,) = (holding for holding in doctor.holdings("landlock") if holding.layer == "landlock")
    assert holding.held == held
    assert words in holding.meaning
    assert ("to seccomp alone" in holding.meaning) == (version == 4)


@pytest.mark.parametrize(
    ("bounds", "held"), [("echo 8589934592 1024", True), ("echo max max", False), ("exit 1", False)]
)
def test_a_control_group_counts_only_where_its_bounds_can_be_read_back(monkeypatch, tmp_path, bounds, held):
    program = tmp_path / "systemd-run"
    program.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(launch, "BOUNDS", bounds)
    launch.layers.cache_clear()
    layers = launch.layers("landlock")
    assert ("cgroup" in layers) == held
    line = launch.command(3, tmp_path, layers)
    assert (line[0] == str(program) and "MemoryMax=8589934592" in line) == held
