"""A spec from the disk is the spec that was read: same system, same answer, same messages; and never an old one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from checker import spec as spec_files
from checker import spec_cache
from checker.assembly import generate
from checker.fingerprint import fingerprint
from checker.source import SourceError, fail
from checker.spec_file import SpecFile
from checker.system import Layout

ROOT = Path(__file__).parent.parent
SPECS = [
    "specs/txn.yaml",
    "specs/claims/restart_demo.yaml",
    "specs/textbook/two_phase_commit_3.yaml",
    "specs/broken/read_uncommitted.yaml",
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    return tmp_path / "cache" / "checker"


def read_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on, the specs that are read from their files."""
    read: list[str] = []
    load = spec_files.load

    def counted(path: str, overrides: tuple[str, ...] = ()) -> SpecFile:
        read.append(path)
        return load(path, overrides)

    monkeypatch.setattr(spec_files, "load", counted)
    return read


def described(loaded: spec_cache.Loaded) -> list[object]:
    spec, built = loaded
    layout = Layout(built.system)
    properties = [(one.name, one.kind, one.arguments, one.function.qualified) for one in built.system.properties]
    return [
        fingerprint(built, layout), layout.names, properties, spec.settings, spec.expect, spec.origins,
        spec.document.text, spec.place("model"), spec.module, [group.kind for group in built.system.groups],
    ]  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
def test_the_second_time_nothing_is_read_and_everything_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_once(monkeypatch)
    first = spec_cache.load(name)

    second = spec_cache.load(name)

    assert read == [name]
    assert second.built is not first.built
    assert described(second) == described(first)
    # Its bodies mean the same, derived predicates included.
    first_code, second_code = [generate(one.built, Layout(one.built.system)) for one in (first, second)]
    assert second_code == first_code


def test_another_setting_is_another_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_once(monkeypatch)
    name = "specs/textbook/two_phase_commit_3.yaml"

    assert spec_cache.load(name).spec.constants["rms"] == 3
    assert spec_cache.load(name, ("constants.rms=2",)).spec.constants["rms"] == 2
    assert read == [name, name]


MODEL = """
from typing import Annotated
from checker.lang import UpTo, Volatile, action, actor, predicate, require

@actor
class Counter:
    at: Volatile[Annotated[int, UpTo(5)]] = 0

    @action
    def count(self) -> None:
        require(self.at < {limit})
        self.at += 1

@predicate
def small(counter: Counter) -> bool:
    return counter.at < 4
"""
SPEC = "title: x\nmodel: {model}\nactors: {{counter: {{is: Counter}}}}\ncheck: {{always: [small]}}\ndeadlock: allow\n"


def in_its_own_directory(directory: Path, model: str, *, limit: int) -> str:
    """Printed by a process whose models stand there: verdict and whether the spec was read."""
    (directory / "model").mkdir(parents=True, exist_ok=True)
    (directory / "model" / "__init__.py").write_text("")
    (directory / "model" / "counting.py").write_text(MODEL.format(limit=limit))
    (directory / "own.py").write_text(MODEL.format(limit=limit))
    (directory / "x.yaml").write_text(SPEC.format(model=model))
    code = (
        f"import sys; sys.path[:0] = [{str(directory)!r}, {str(ROOT)!r}]\n"
        "import checker; found = checker.check('x.yaml').verdict; print(found, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_model_that_changed_is_read_again(tmp_path: Path) -> None:
    assert in_its_own_directory(tmp_path, "counting", limit=3) == "holds True"
    assert in_its_own_directory(tmp_path, "counting", limit=3) == "holds False"
    assert in_its_own_directory(tmp_path, "counting", limit=5) == "violated True"


def test_a_model_in_a_file_of_its_own_is_always_read(tmp_path: Path) -> None:
    """It may import anything, so nothing says when it is another one."""
    assert in_its_own_directory(tmp_path, "./own.py", limit=3) == "holds True"
    assert in_its_own_directory(tmp_path, "./own.py", limit=3) == "holds True"


def test_a_file_that_cannot_be_read_beside_the_models_only_costs_time(tmp_path: Path) -> None:
    """Emacs locks a file with a symbolic link to nowhere."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / ".#counting.py").symlink_to("somebody@somewhere")

    assert in_its_own_directory(tmp_path, "counting", limit=3) == "holds True"
    assert in_its_own_directory(tmp_path, "counting", limit=3) == "holds True"


def test_a_spec_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text((ROOT / SPECS[2]).read_text()))
    writer.start()

    assert spec_cache.load(str(pipe)).spec.constants["rms"] == 3
    writer.join()


def test_a_wrong_spec_is_wrong_every_time(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("title: x\nmodel: textbook.two_phase_commit\nactor: {}\n")
    messages = []
    for _ in range(2):
        with pytest.raises(SourceError) as error:
            spec_cache.load(str(path))
        messages.append(str(error.value))

    assert messages[0] == messages[1]
    assert "wrong.yaml:3" in messages[0]
    assert not list(own_cache.glob("*.bin"))


def test_what_cannot_be_unpickled_is_read_from_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with the right checksum: the checker may have been another one."""
    name = SPECS[2]
    spec_cache.load(name)
    monkeypatch.setattr(spec_cache.pickle, "loads", lambda _: 1 // 0)
    read = read_once(monkeypatch)

    assert spec_cache.load(name).spec.title
    assert read == [name]


def test_places_of_a_spec_from_the_disk_show_its_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text((ROOT / SPECS[2]).read_text())
    spec_cache.load(str(path))
    spec = spec_cache.load(str(path)).spec

    assert "model: textbook.two_phase_commit" in str(fail("slug", "a message", spec.place("model")))
