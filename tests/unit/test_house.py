"""The rules of the house that no linter knows."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from singalike.services import settings_page
from singalike.services.settings import Settings

ROOT = Path(__file__).parents[2]
CORE = ("audio", "embeddings", "recsys", "conversion")
ROOTS = (*CORE, "services", "protos")
LONGEST_FILE, LONGEST_FUNCTION = 400, 50


def source_files(*roots: str) -> list[Path]:
    """Python files of these source roots, without generated code."""
    return [
        path
        for root in roots
        for path in sorted((ROOT / root).rglob("*.py"))
        if not re.search(r"_pb2(_grpc)?$", path.stem)
    ]


def test_the_namespace_package_has_no_init_file() -> None:
    offenders = [root for root in ROOTS if (ROOT / root / "singalike" / "__init__.py").exists()]

    assert offenders == []


def test_the_page_of_settings_is_the_settings() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text("utf-8")

    missing = [name for name in Settings.model_fields if f"`SINGALIKE_{name.upper()}`" not in documented]

    assert missing == []
    assert documented == settings_page.render()


def public_definitions(path: Path) -> list[tuple[str, str | None]]:
    """Public classes, functions and methods of a file with their docstrings."""
    found = []
    pending: list[tuple[str, ast.AST]] = [(path.stem, ast.parse(path.read_text("utf-8")))]
    while pending:
        prefix, node = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith(
                "_"
            ):
                found.append((f"{prefix}.{child.name}", ast.get_docstring(child)))
                if isinstance(child, ast.ClassDef):
                    pending.append((f"{prefix}.{child.name}", child))
    return found


@pytest.mark.parametrize("root", CORE)
def test_every_public_name_of_the_core_has_a_docstring(root: str) -> None:
    missing = [name for path in source_files(root) for name, docstring in public_definitions(path) if not docstring]

    assert missing == []


def test_files_and_functions_stay_short() -> None:
    long_files, long_functions = [], []

    for path in source_files(*ROOTS):
        text = path.read_text("utf-8")
        if text.count("\n") > LONGEST_FILE:
            long_files.append(str(path.relative_to(ROOT)))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = ast.get_docstring(node, clean=False) or ""
                if (node.end_lineno or 0) - node.lineno + 1 - docstring.count("\n") > LONGEST_FUNCTION:
                    long_functions.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")

    assert (long_files, long_functions) == ([], [])


def test_every_checkpoint_has_a_model_card_and_together_they_are_small() -> None:
    folder = ROOT / "embeddings" / "singalike" / "embeddings" / "checkpoints"
    listed = json.loads((folder / "sha256.json").read_text("utf-8"))

    without_card = [name for name in listed if not (folder / f"{name}.md").exists()]
    total = sum((folder / f"{name}.safetensors").stat().st_size for name in listed)

    assert without_card == []
    assert {path.stem for path in folder.glob("*.safetensors")} == set(listed)
    assert total < 20_000_000


def test_help_of_every_command_names_its_options() -> None:
    from click.testing import CliRunner

    from singalike.services.cli.root import COMMANDS, group

    failed = [name for name in COMMANDS if CliRunner().invoke(group, [name, "--help"]).exit_code != 0]

    assert failed == []


def test_help_of_the_program_imports_no_heavy_library() -> None:
    program = "import sys; from singalike.services.cli.root import group; print(sorted(sys.modules))"

    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"torch", "librosa", "grpc", "sqlalchemy"} & set(ast.literal_eval(modules.stdout))
