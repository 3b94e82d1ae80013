"""The committed Python of the wire is what the protos say."""

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

from singalike.client import AsyncClient, Client
from singalike.services.wire.stages import AUDIO_METHODS
from singalike.v1 import conversion_service_pb2, embedding_service_pb2, recommender_service_pb2

PROTOS = Path(__file__).parents[2] / "protos"
NAMES = sorted(path.stem for path in (PROTOS / "singalike" / "v1").glob("*.proto"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileDescriptorProto]:
    out = tmp_path_factory.mktemp("protos") / "set.bin"
    command = [sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", "-I", ".", f"--descriptor_set_out={out}"]
    subprocess.run([*command, *(f"singalike/v1/{name}.proto" for name in NAMES)], cwd=PROTOS, check=True)
    files = FileDescriptorSet.FromString(out.read_bytes()).file
    return {Path(file.name).stem: file for file in files}


def forget_json_names(messages: Iterable[DescriptorProto]) -> None:
    """One compiler spells these names out, another leaves them to be derived."""
    for message in messages:
        forget_json_names(message.nested_type)
        for field in message.field:
            field.ClearField("json_name")


@pytest.mark.parametrize("name", NAMES)
def test_the_generated_code_is_not_stale(name: str, compiled: dict[str, FileDescriptorProto]) -> None:
    committed = FileDescriptorProto()
    importlib.import_module(f"singalike.v1.{name}_pb2").DESCRIPTOR.CopyToProto(committed)
    for file in (committed, compiled[name]):
        file.ClearField("source_code_info")
        forget_json_names(file.message_type)

    assert committed == compiled[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_generated_code_runs_on_every_version_that_the_package_allows(name: str) -> None:
    code = (PROTOS / "singalike" / "v1" / f"{name}_pb2.py").read_text("utf-8")

    version = re.search(r"Protobuf Python Version: ([\d.]+)", code)

    assert version is not None
    assert version.group(1) == "6.31.1"


def test_the_synchronous_client_is_what_is_generated_from_the_asynchronous_one() -> None:
    generator = Path(__file__).parents[2] / "services" / "generate_sync_client.py"

    checked = subprocess.run([sys.executable, generator, "--check"], capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_both_clients_offer_the_same_methods_with_the_same_arguments() -> None:
    def methods(client: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(client, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(Client) == methods(AsyncClient)


def test_calls_that_may_hold_a_recording_are_admitted_as_such() -> None:
    modules = (embedding_service_pb2, recommender_service_pb2, conversion_service_pb2)
    services = [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
    methods = [method for service in services for method in service.methods]

    holding = {method.name for method in methods if _may_hold_sound(method.input_type)}

    assert holding == AUDIO_METHODS


def _may_hold_sound(message: Any) -> bool:
    fields = [field for field in message.fields if field.message_type is not None]
    return message.name == "Recording" or any(_may_hold_sound(field.message_type) for field in fields)
