"""Engines are found by name among the installed packages, and loaded once."""

import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from singalike.conversion.engine import VoiceEngine
from singalike.conversion.engines import GROUP, InstalledEngines, installed_engines
from singalike.conversion.world_retrieval.loading import load as load_world
from singalike.errors import InvalidInputError, WrongStateError
from singalike.services.bootstrap import build_engines
from singalike.services.settings import Settings

THIS = "tests.unit.test_engines"
calls: list[tuple[Path | None, str]] = []


def load_here(weights: Path | None, device: str, _fetch: object) -> VoiceEngine:
    """What an entry point of another package names."""
    calls.append((weights, device))
    return load_world()


def load_without_weights(_weights: Path | None, _device: str, _fetch: object) -> VoiceEngine:
    """An engine that lacks its weights."""
    raise WrongStateError("ENGINE_WEIGHTS_MISSING", "put other.safetensors there")


def points(**objects: str) -> dict[str, EntryPoint]:
    """Entry points by name, as if packages had declared them."""
    return {name: EntryPoint(name, f"{THIS}:{value}", GROUP) for name, value in objects.items()}


def test_the_engines_that_the_project_declares_are_installed() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]

    found = {name: point.value for name, point in installed_engines().items()}

    assert found.items() >= project["entry-points"][GROUP].items()


def test_the_default_engine_comes_first_and_sings_where_nobody_names_one() -> None:
    engines = build_engines(Settings())

    assert engines.names[0] == "world-retrieval"
    assert engines.get().info.name == "world-retrieval"
    assert engines.ready()[0].name == "world-retrieval"


def test_an_engine_is_loaded_once_with_the_folder_of_its_own_weights(tmp_path: Path) -> None:
    calls.clear()
    (tmp_path / "other").mkdir()
    engines = InstalledEngines(tmp_path, "cpu", default="other", points=points(other="load_here", bare="load_here"))

    first, again, bare = engines.get("other"), engines.get(), engines.get("bare")

    assert first is again
    assert bare is not first
    assert calls == [(tmp_path / "other", "cpu"), (None, "cpu")]


def test_an_unknown_engine_is_refused_with_the_names_that_there_are() -> None:
    engines = InstalledEngines(default="b", points=points(a="load_here", b="load_here"))

    with pytest.raises(InvalidInputError, match="choose one of b, a") as refused:
        engines.get("autotune")

    assert refused.value.reason == "ENGINE_UNKNOWN"


def test_an_engine_that_cannot_sing_here_is_no_choice_and_says_why_when_named() -> None:
    engines = InstalledEngines(default="a", points=points(a="load_here", bare="load_without_weights", broken="absent"))

    assert [info.name for info in engines.ready()] == ["world-retrieval"]
    for name, reason in {"bare": "ENGINE_WEIGHTS_MISSING", "broken": "ENGINE_NOT_INSTALLED"}.items():
        with pytest.raises(WrongStateError) as refused:
            engines.get(name)
        assert refused.value.reason == reason


@pytest.mark.parametrize("settings", [{"conversion_engine": "autotune"}, {"engine_weights": Path("/nowhere/at/all")}])
def test_a_wrong_setting_stops_the_start_with_its_name(settings: dict[str, str | Path]) -> None:
    (name,) = settings

    with pytest.raises(InvalidInputError, match=re.escape(f"SINGALIKE_{name.upper()}")) as refused:
        build_engines(Settings.model_validate(settings))

    assert refused.value.reason == "BAD_SETTING"
