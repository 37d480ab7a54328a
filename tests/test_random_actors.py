"""Random models: the reference and the native engine agree on every step, every property and every word of the answer.

100 models belong to every test run. For more: RANDOM_ACTORS=2000 python -m pytest tests/test_random_actors.py, or
-m slow. The reference is the judge; where the two differ, the native engine is wrong, or the language is not defined.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agreement import INITIAL_MAX, Agreement
from hypothesis import HealthCheck, Phase, given, note, settings
from random_actors import Model, models

from checker import checking
from checker.build import build
from checker.options import Options
from checker.source import SourceError
from checker.spec import load
from checker.spec_file import SpecFile
from checker.verdict import Result

MODELS = int(os.environ.get("RANDOM_ACTORS", "100"))
STATES_MAX = 300
REFUSED_MAX = 0.03  # The generator means to write what the front end accepts.


@pytest.fixture(scope="module", autouse=True)
def own_cache() -> Iterator[None]:
    """Code of random models is no use to anyone again."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", folder)
        yield


def answer(spec: SpecFile, options: Options) -> Result:
    """The whole result, but for what differs between runs."""
    return replace(checking.run(spec, options), seconds={}, memory_bytes=0, engine="")


def compare(model: Model, folder: Path, seen: Counter[str]) -> None:
    (folder / "random_model.py").write_text(model.module)
    (folder / "spec.yaml").write_text(model.spec)
    try:
        spec = load(str(folder / "spec.yaml"))
        built = build(spec)
        _ = built.methods
    except SourceError as refused:
        seen["refused"] += 1
        note(str(refused))
        return
    agreement = Agreement(built)
    try:
        complete = agreement.explore(STATES_MAX)
    finally:
        agreement.close()
    seen.update(agreement.seen)
    seen["models"] += 1
    if complete and len(agreement.reference.initial()) <= INITIAL_MAX:
        seen["complete"] += 1
        judged = answer(spec, Options(engine="reference"))
        assert answer(spec, Options(engine="native", workers=1)) == judged
        assert answer(spec, Options(engine="native", workers=2)) == judged
        for one in judged.properties:
            if one.path is not None:
                assert checking.replay(spec, one.path.replay)[0] == one.path


def run(count: int, *, reproducible: bool) -> Counter[str]:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=reproducible,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(models)
    def each(model: Model) -> None:
        note(model.module)
        note(model.spec)
        with tempfile.TemporaryDirectory() as folder:
            compare(model, Path(folder), seen)

    each()
    return seen


def test_engines_agree_on_random_models() -> None:
    seen = run(MODELS, reproducible="RANDOM_ACTORS" not in os.environ)

    print(dict(seen))
    assert seen["refused"] <= REFUSED_MAX * seen["models"]
    assert seen["complete"] >= seen["models"] / 2
    assert seen["states"] >= 5 * seen["models"]


@pytest.mark.slow
def test_engines_agree_on_many_random_models() -> None:
    seen = run(2000, reproducible=False)

    print(dict(seen))
    assert seen["refused"] <= REFUSED_MAX * seen["models"]
