"""What surrounds every call: log, token, deadline, admission, health, stop."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from singalike.client import AsyncClient, Recording, SuggestionChoices, TrackDescription
from singalike.client.rpc_errors import error_from_rpc
from singalike.errors import CapacityError, InvalidInputError, UnavailableError
from singalike.services import bootstrap
from singalike.services.adapters.grpc_embedder import GrpcEmbedder
from singalike.services.ports import Catalogue
from singalike.services.records import Consent
from singalike.services.server import EMBEDDING_SERVICE, serving
from singalike.v1.embedding_service_pb2 import EmbedRequest, GetModelRequest
from singalike.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from singalike.v1.recommender_service_pb2 import GetVoiceRequest
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceStub
from singalike.v1.voice_pb2 import Recording as RecordingMessage
from tests.support.fake_ear import make_profile
from tests.support.patience import PATIENCE_S, until
from tests.support.recordings import encode, tone
from tests.support.servers import running, small_settings, use_fake_ear
from tests.support.slow_ear import SlowEar

AUDIO = encode(tone(1.0), 44_100, "mp3", "libmp3lame")
REQUEST = EmbedRequest(recording=RecordingMessage(audio=AUDIO))


@pytest.fixture(autouse=True)
def small_ear(monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_ear(monkeypatch)


@pytest.fixture
def slow_ear(monkeypatch: pytest.MonkeyPatch) -> SlowEar:
    ear = SlowEar()
    use_fake_ear(monkeypatch, ear)
    return ear


async def code_of(call: "asyncio.Future[object] | aio.Call") -> grpc.StatusCode:
    """Return how a call ended."""
    try:
        await call  # type: ignore[misc]
    except aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def unsuccessful(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The codes of logged calls that went wrong."""
    return [line["code"] for line in lines if line["event"] == "rpc_finished" and line["code"] != "OK"]


async def test_each_call_leaves_one_line_without_sound_vectors_or_token(tmp_path: Path) -> None:
    settings = small_settings(tmp_path, auth_token="secret-word")
    with structlog.testing.capture_logs() as lines:
        async with running(settings, token="secret-word") as servers:
            profile = await servers.client.embed(AUDIO)
            await servers.client.create_voice(profile, subject="a-person", statement="a-statement")
            with pytest.raises(InvalidInputError):
                await servers.client.embed(b"no sound at all")

    calls = [line for line in lines if line["event"] == "rpc_finished"]
    assert [line["method"].rpartition("/")[2] for line in calls] == ["Embed", "CreateVoice", "Embed"]
    assert [(line["code"], line["reason"]) for line in calls] == [
        ("OK", ""),
        ("OK", ""),
        ("INVALID_ARGUMENT", "UNKNOWN_FORMAT"),
    ]
    assert calls[0]["bytes_received"] > len(AUDIO)
    assert all(line["duration_ms"] > 0 and line["request_id"] for line in calls)
    for private in ("secret-word", "a-person", "a-statement", str(profile.timbre[0])):
        assert private not in str(lines)


async def test_the_callers_request_id_and_trace_are_kept_when_well_formed(tmp_path: Path) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    with structlog.testing.capture_logs() as lines:
        async with running(small_settings(tmp_path)) as servers, aio.insecure_channel(servers.embedding) as channel:
            stub = EmbeddingServiceStub(channel)
            good = (("x-request-id", "order-7"), ("traceparent", f"00-{trace}-b7ad6b7169203331-01"))
            await stub.GetModel(GetModelRequest(), metadata=good)
            await stub.GetModel(GetModelRequest(), metadata=(("x-request-id", "a b" * 100),))

    first, second = (line for line in lines if line["event"] == "rpc_finished")
    assert (first["request_id"], first["trace_id"]) == ("order-7", trace)
    assert len(second["request_id"]) == 32


async def test_without_the_right_token_only_health_is_answered(tmp_path: Path) -> None:
    async with (
        running(small_settings(tmp_path, auth_token="right"), token="wrong") as servers,
        AsyncClient(servers.embedding, servers.recommender) as without,
        AsyncClient(servers.embedding, servers.recommender, token="right") as client,
        aio.insecure_channel(servers.embedding) as channel,
    ):
        reasons = []
        for stranger in (servers.client, without):
            with pytest.raises(InvalidInputError) as refused:
                await stranger.get_model()
            reasons.append(refused.value.reason)
        probe = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())

        assert reasons == ["TOKEN_WRONG", "TOKEN_MISSING"]
        assert (await client.get_model()).model_version == "fake-1"
        assert probe.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_call_without_deadline_gets_ours(tmp_path: Path, slow_ear: SlowEar) -> None:
    async with (
        running(small_settings(tmp_path, default_deadline_s=0.2)) as servers,
        aio.insecure_channel(servers.embedding) as channel,
    ):
        with pytest.raises(aio.AioRpcError) as late:
            await EmbeddingServiceStub(channel).Embed(REQUEST)
        slow_ear.gate.set()

    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error_from_rpc(late.value).reason == "DEADLINE_EXCEEDED"


async def test_a_caller_who_leaves_or_is_late_costs_the_ear_nothing(tmp_path: Path, slow_ear: SlowEar) -> None:
    with structlog.testing.capture_logs() as lines:
        async with (
            running(small_settings(tmp_path, max_batch=1)) as servers,
            aio.insecure_channel(servers.embedding) as channel,
        ):
            stub = EmbeddingServiceStub(channel)
            first = asyncio.ensure_future(servers.client.embed(AUDIO))
            await asyncio.to_thread(slow_ear.started.wait, PATIENCE_S)
            await be_late(stub, lambda: "DEADLINE_EXCEEDED" in unsuccessful(lines))
            left = stub.Embed(REQUEST)
            # A call on the same connection comes after those sent before it: the one that leaves has arrived.
            await stub.GetModel(GetModelRequest())
            left.cancel()
            await until(lambda: "CANCELLED" in unsuccessful(lines))
            slow_ear.gate.set()
            await first
            await servers.client.embed(AUDIO)

    assert slow_ear.heard == 2
    assert set(unsuccessful(lines)) == {"CANCELLED", "DEADLINE_EXCEEDED"}


async def be_late(stub: EmbeddingServiceStub, is_known: Callable[[], bool]) -> None:
    """Call with ever more time, until the server knows of a late call: one without enough time never reaches it."""
    for limit_s in (0.3, 2.0, 20.0):
        assert await code_of(stub.Embed(REQUEST, timeout=limit_s)) is grpc.StatusCode.DEADLINE_EXCEEDED
        with suppress(TimeoutError):
            await until(is_known, limit_s)
            return


async def test_callers_who_leave_at_any_moment_are_never_our_fault(tmp_path: Path) -> None:
    draw = random.Random(7)
    with structlog.testing.capture_logs() as lines:
        async with running(small_settings(tmp_path)) as servers, aio.insecure_channel(servers.embedding) as channel:
            stub = EmbeddingServiceStub(channel)
            await stub.Embed(REQUEST)
            limits_s = [draw.uniform(0.0005, 0.3) for _ in range(150)]
            codes = await asyncio.gather(*(code_of(stub.Embed(REQUEST, timeout=limit_s)) for limit_s in limits_s))
            await servers.client.get_model()

    expected = {grpc.StatusCode.OK, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert set(codes) <= expected
    assert grpc.StatusCode.DEADLINE_EXCEEDED in codes
    assert "rpc_failed" not in {line["event"] for line in lines}


async def test_beyond_its_capacity_the_server_refuses_and_says_when_to_come_back(
    tmp_path: Path, slow_ear: SlowEar
) -> None:
    settings = small_settings(tmp_path, max_batch=1, queue_size=2)
    async with running(settings) as servers:
        calls = [asyncio.ensure_future(servers.client.embed(AUDIO)) for _ in range(12)]
        await until(lambda: sum(call.done() for call in calls) == 9)
        slow_ear.gate.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)

    refused = [outcome for outcome in outcomes if isinstance(outcome, CapacityError)]
    assert len(refused) == 9
    assert all(error.reason == "TOO_MANY_CALLS" and error.retry_after_s == 1.0 for error in refused)
    assert len([outcome for outcome in outcomes if not isinstance(outcome, BaseException)]) == 3


async def test_a_stopping_server_says_so_and_finishes_what_it_has_begun(tmp_path: Path, slow_ear: SlowEar) -> None:
    async with serving("all", small_settings(tmp_path, grace_s=PATIENCE_S)) as ports:
        client = AsyncClient(f"127.0.0.1:{ports.embedding}", f"127.0.0.1:{ports.recommender}")
        channel = aio.insecure_channel(f"127.0.0.1:{ports.embedding}")
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=EMBEDDING_SERVICE))
        states = [(await watch.read()).status]
        calls = [asyncio.ensure_future(client.embed(AUDIO)) for _ in range(6)]
        await asyncio.to_thread(slow_ear.started.wait, PATIENCE_S)
        # A call on the same connection comes after those sent before it: all six have arrived.
        await client.get_model()

        async def let_go_once_stopping() -> None:
            states.append((await watch.read()).status)
            watch.cancel()
            slow_ear.gate.set()

        letting_go = asyncio.ensure_future(let_go_once_stopping())
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    await letting_go
    await client.close()
    await channel.close()

    assert [type(outcome).__name__ for outcome in outcomes] == ["VoiceProfile"] * 6
    assert states == [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING]


async def test_when_the_server_is_gone_the_client_says_unavailable(tmp_path: Path) -> None:
    async with running(small_settings(tmp_path)) as servers:
        client = AsyncClient(servers.embedding, servers.recommender, deadline_s=PATIENCE_S)
        await client.get_model()

    with pytest.raises(UnavailableError):
        await client.get_model()
    await client.close()


async def test_an_internal_fault_gives_the_caller_an_id_and_the_log_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenEar(SlowEar):
        def encode(self, vocals: object) -> list[object]:  # type: ignore[override]
            raise ZeroDivisionError("private text")

    use_fake_ear(monkeypatch, BrokenEar())
    with structlog.testing.capture_logs() as lines:
        async with running(small_settings(tmp_path)) as servers, aio.insecure_channel(servers.embedding) as channel:
            with pytest.raises(aio.AioRpcError) as failed:
                await EmbeddingServiceStub(channel).Embed(REQUEST)

    request_id = next(line["request_id"] for line in lines if line["event"] == "rpc_failed")
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert request_id in (failed.value.details() or "")
    assert "private text" not in str(failed.value)


async def test_bytes_that_are_no_message_are_the_callers_fault(tmp_path: Path) -> None:
    async with running(small_settings(tmp_path)) as servers, aio.insecure_channel(servers.embedding) as channel:
        with pytest.raises(aio.AioRpcError) as refused:
            await channel.unary_unary(f"/{EMBEDDING_SERVICE}/Embed")(b"\xff\xff\xff")

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_from_rpc(refused.value).reason == "MALFORMED_MESSAGE"


async def test_reflection_serves_the_protos_where_it_is_wanted(tmp_path: Path) -> None:
    async def ask(wanted: bool) -> list[str]:
        settings = small_settings(tmp_path, reflection=wanted)
        async with running(settings, "embedding") as servers, aio.insecure_channel(servers.embedding) as channel:
            question = reflection_pb2.ServerReflectionRequest(file_containing_symbol=EMBEDDING_SERVICE)
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            answers = [answer async for answer in stub.ServerReflectionInfo(iter([question]))]
        files = answers[0].file_descriptor_response.file_descriptor_proto
        return [FileDescriptorProto.FromString(raw).name for raw in files]

    assert "singalike/v1/embedding_service.proto" in await ask(wanted=True)
    with pytest.raises(aio.AioRpcError) as absent:
        await ask(wanted=False)
    assert absent.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_recommender_alone_listens_through_the_embedding_service(tmp_path: Path) -> None:
    async with running(small_settings(tmp_path), "embedding") as ears:
        settings = small_settings(tmp_path, embedding_target=ears.embedding)
        async with running(settings, "recommender") as servers:
            voice = await servers.client.create_voice(AUDIO, subject="me", statement="yes")
            expected = await ears.client.embed(AUDIO)
            embedder = GrpcEmbedder(ears.client)
            heard = await embedder.embed(AUDIO, "left")

            version = (await embedder.info()).model_version
            stored = await servers.client.get_voice(voice.voice_id)

            with pytest.raises(InvalidInputError) as refused:
                await servers.client.create_voice(Recording(b"no sound"), subject="me", statement="yes")

    assert stored.summary.quality == expected.quality
    assert heard.model_version == version == "fake-1"
    assert refused.value.reason == "UNKNOWN_FORMAT"


async def test_erased_tracks_are_never_suggested_again(tmp_path: Path) -> None:
    async with running(small_settings(tmp_path)) as servers:
        tracks = [
            await servers.client.index_track(
                encode(tone(2.0, f0_hz=150.0 + 60 * number), 44_100, "mp3", "libmp3lame"),
                TrackDescription(f"Singer {number}", "Song"),
            )
            for number in range(3)
        ]
        anybody = SuggestionChoices(even_if_unsure=True)
        before = await servers.client.recommend_singers(AUDIO, choices=anybody)
        await servers.client.delete_track(tracks[0].track_id)
        after = await servers.client.recommend_singers(AUDIO, choices=anybody)

    assert {singer.singer_id for singer in before.singers} >= {"singer-0"}
    assert {singer.singer_id for singer in after.singers} == {"singer-1", "singer-2"}


async def test_what_another_process_writes_is_found_soon(tmp_path: Path) -> None:
    settings = small_settings(tmp_path)
    async with running(settings) as servers:
        catalogue = bootstrap.open_catalogue(settings)
        voice = await asyncio.to_thread(_write_voice, catalogue)
        stub_answer = await servers.client.get_voice(voice)
        catalogue.close()

    assert stub_answer.voice_id == voice


def _write_voice(catalogue: Catalogue) -> str:
    return catalogue.add_voice(make_profile(3), Consent("me", "yes", datetime.now(UTC))).voice_id


async def test_retries_happen_on_unavailable_only(tmp_path: Path) -> None:
    calls: list[str] = []

    async def refuse(request: bytes, context: "aio.ServicerContext[bytes, bytes]") -> bytes:
        calls.append(context.peer())
        code = grpc.StatusCode.UNAVAILABLE if len(calls) < 3 else grpc.StatusCode.FAILED_PRECONDITION
        await context.abort(code, "no")
        return b""

    server = aio.server()
    handler = grpc.unary_unary_rpc_method_handler(refuse)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("singalike.v1.RecommenderService", {"GetVoice": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with AsyncClient(recommender=f"127.0.0.1:{port}") as client:
        code = await code_of(
            RecommenderServiceStub(client._channels[1]).GetVoice(GetVoiceRequest(voice_id="v"), timeout=PATIENCE_S)
        )
    await server.stop(None)

    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert len(calls) == 3
