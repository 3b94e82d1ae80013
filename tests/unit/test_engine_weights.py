"""Weights of engines: listed with digests, read without running code, refused with what to do."""

import json
import pickle
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from singalike.conversion.engines import InstalledEngines
from singalike.conversion.knn_svc.loading import load
from singalike.conversion.neural.state_dict import without_weight_norm
from singalike.errors import NotFoundError, SingalikeError, WrongStateError, for_operators
from singalike.services.adapters.hub import fetch_folder
from tests.support.tiny_engines import digest, save_content, save_knn_svc, save_renderer, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tiny weights of knn-svc."""
    return save_knn_svc(tmp_path / "knn-svc")


def relist(folder: Path, part: str, **changes: object) -> None:
    """Change what the manifest says of a part."""
    path = folder / "weights.json"
    listed = json.loads(path.read_text("utf-8"))
    listed[part] |= changes
    path.write_text(json.dumps(listed), "utf-8")


def refusal(folder: Path | None) -> SingalikeError:
    """Load and return what is said, which names no place on the server's disk."""
    with pytest.raises(SingalikeError) as refused:
        load(folder)
    assert folder is None or str(folder) not in refused.value.message
    return refused.value


def test_an_engine_of_a_weights_folder_is_found_by_its_name_and_is_one_of_the_choices(folder: Path) -> None:
    engines = InstalledEngines(folder.parent)

    info = engines.get("knn-svc").info

    assert info in engines.ready()
    assert info.weights_licence == "CC0-1.0"
    assert info.version.startswith("1-")


def test_without_weights_it_is_said_what_to_put_where(tmp_path: Path) -> None:
    nowhere, empty = refusal(None), refusal(tmp_path)

    assert nowhere.reason == empty.reason == "ENGINE_WEIGHTS_MISSING"
    assert "weights.json that lists content and renderer into SINGALIKE_ENGINE_WEIGHTS/knn-svc" in nowhere.message
    assert str(tmp_path) not in empty.message
    assert str(tmp_path) in for_operators(empty)


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    (folder / "renderer" / "model.safetensors").unlink()

    refused = refusal(folder)

    assert refused.reason == "ENGINE_WEIGHTS_MISSING"
    assert "lacks model.safetensors" in refused.message
    assert str(folder / "renderer") in for_operators(refused)


@pytest.mark.parametrize("part", ["content", "renderer"])
def test_one_changed_byte_is_noticed(folder: Path, part: str) -> None:
    path = folder / part / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    refused = refusal(folder)

    assert refused.reason == "WEIGHTS_DAMAGED"
    assert "fetch it again" in refused.message
    assert str(path) in for_operators(refused)


@pytest.mark.parametrize("part", ["content", "renderer"])
@pytest.mark.parametrize("file", ["torn.safetensors", "torn.bin"])
def test_a_torn_file_is_refused_even_where_it_is_listed(folder: Path, part: str, file: str) -> None:
    path = folder / part / file
    path.write_bytes((folder / part / "model.safetensors").read_bytes()[:500])
    relist(folder, part, file=file, sha256=digest(path))

    assert refusal(folder).reason == "WEIGHTS_DAMAGED"


class Attack:
    """Unpickled carelessly, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("plain", [True, False])
def test_code_in_a_pickle_is_not_run(folder: Path, tmp_path: Path, *, plain: bool) -> None:
    path, proof = folder / "renderer" / "evil.pth", tmp_path / "was-run"
    if plain:
        path.write_bytes(pickle.dumps({"weight": Attack(proof)}))
    else:
        torch.save({"weight": Attack(proof)}, path)
    relist(folder, "renderer", file=path.name, sha256=digest(path))

    refused = refusal(folder)

    assert refused.reason == "WEIGHTS_DAMAGED"
    assert "code is not run" in refused.message
    assert not proof.exists()


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    path = folder / "content" / "other.bin"
    torch.save({"some.weight": torch.zeros(3)}, path)
    relist(folder, "content", file=path.name, sha256=digest(path))

    refused = refusal(folder)

    assert refused.reason == "WEIGHTS_MISMATCHED"
    assert "lacks" in refused.message
    assert "some.weight" in refused.message


def test_a_renderer_of_rows_that_nobody_hears_is_refused(tmp_path: Path) -> None:
    content, renderer = save_content(tmp_path / "content", dim=16), save_renderer(tmp_path / "renderer")
    write_manifest(tmp_path, {"content": content.listed(), "renderer": renderer.listed()})

    assert refusal(tmp_path).reason == "WEIGHTS_MISMATCHED"


@pytest.mark.parametrize("said", ["{", "[]", "{}", '{"content": {}, "renderer": {}}', '{"content": 1, "renderer": 2}'])
def test_a_manifest_that_lists_nothing_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "weights.json").write_text(said, "utf-8")

    assert refusal(tmp_path).reason == "BAD_WEIGHTS_MANIFEST"


@pytest.mark.parametrize("settings", [{"layer": 0}, {"layer": "six"}, {"normalise": 1}])
def test_a_wrong_setting_is_refused(folder: Path, settings: dict[str, object]) -> None:
    relist(folder, "content", settings=settings)

    assert refusal(folder).reason == "BAD_WEIGHTS_MANIFEST"


@pytest.mark.parametrize("said", ["{", '{"model_type": "bert"}', '{"sample_rate": "fast"}'])
@pytest.mark.parametrize("part", ["content", "renderer"])
def test_a_wrong_configuration_is_refused(folder: Path, part: str, said: str) -> None:
    (folder / part / "config.json").write_text(said, "utf-8")

    assert refusal(folder).reason in {"WEIGHTS_DAMAGED", "WEIGHTS_MISMATCHED"}


def test_a_source_on_a_hub_is_fetched(folder: Path) -> None:
    (folder / "content").rename(folder.parent / "cache")
    relist(folder, "content", source="somebody/wavlm@main")
    asked: list[tuple[str, tuple[str, ...]]] = []

    def fetch(repository: str, patterns: Sequence[str]) -> Path:
        asked.append((repository, tuple(patterns)))
        return folder.parent / "cache"

    engine = load(folder, "cpu", fetch)

    assert engine.info.name == "knn-svc"
    assert ("somebody/wavlm@main", ("model.safetensors", "config.json")) in asked


def test_a_source_that_no_hub_knows_is_refused_with_what_to_correct(folder: Path) -> None:
    relist(folder, "content", source="nobody/nothing")

    def fetch(repository: str, _patterns: Sequence[str]) -> Path:
        raise NotFoundError("ENCODER_NOT_FOUND", f"the hub has no {repository!r}: check name and revision")

    with pytest.raises(WrongStateError, match=r"`source` of content in weights\.json") as refused:
        load(folder, "cpu", fetch)

    assert refused.value.reason == "ENGINE_WEIGHTS_MISSING"
    assert "the hub has no 'nobody/nothing'" in for_operators(refused.value)


def test_a_source_that_is_no_id_of_a_hub_is_refused_by_the_real_adapter(folder: Path) -> None:
    relist(folder, "content", source="no such/folder/here")

    with pytest.raises(WrongStateError, match="neither a folder here nor the id of a repository") as refused:
        load(folder, "cpu", fetch_folder)

    assert refused.value.reason == "ENGINE_WEIGHTS_MISSING"


def test_without_transformers_it_is_said_which_extra_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)

    refused = refusal(folder)

    assert refused.reason == "ENGINE_NOT_INSTALLED"
    assert "singalike[neural]" in refused.message


def test_no_engine_imports_what_is_optional_before_it_is_loaded() -> None:
    folder = Path(__file__).parents[2] / "conversion"
    statements = [line for path in folder.rglob("*.py") for line in path.read_text("utf-8").splitlines()]

    assert [line for line in statements if re.match("(import|from) (transformers|faiss|huggingface_hub)", line)] == []


def test_weight_normalisation_is_multiplied_out_as_torch_does() -> None:
    torch.manual_seed(1)
    layers = [nn.ConvTranspose1d(3, 5, 4), nn.Conv1d(4, 6, 3)]
    network = nn.ModuleList(nn.utils.parametrizations.weight_norm(layer, dim=2 * at) for at, layer in enumerate(layers))
    new = network.state_dict()
    old = {name.replace("parametrizations.weight.original0", "weight_g"): tensor for name, tensor in new.items()}
    old = {name.replace("parametrizations.weight.original1", "weight_v"): tensor for name, tensor in old.items()}

    for state in (without_weight_norm(new), without_weight_norm(old)):
        assert sorted(state) == ["0.bias", "0.weight", "1.bias", "1.weight"]
        for at, layer in enumerate(layers):
            assert torch.allclose(state[f"{at}.weight"], layer.weight, atol=1e-6)
