"""Strangers: changed messages and broken recordings are refused, and the servers live on."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from grpc import aio

from benchmarks.fuzz_rpcs import FORBIDDEN, call_once
from singalike.client import EmbedRefusal, TrackDescription
from singalike.client.requests import INLINE_BYTES
from singalike.errors import CapacityError, InvalidInputError
from singalike.v1 import embedding_service_pb2 as embedding
from singalike.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from singalike.v1.voice_pb2 import Recording
from tests.support.fake_ear import make_profile
from tests.support.fuzz import fuzzed_request
from tests.support.recordings import encode, tone
from tests.support.rpc_requests import CLIENT_STREAMS, sound_requests
from tests.support.servers import Running, running, small_settings, use_fake_ear
from tests.unit.test_hostile_recordings import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="module")

Requests = Mapping[tuple[str, str], Sequence[Message]]

AUDIO = encode(tone(0.6), 16_000, "mp3", "libmp3lame")
CALLS = 30
LIMIT_MB = 6
"""Smaller than the largest of the hostile recordings."""
METHODS = sorted(sound_requests(AUDIO, make_profile(1), "", ""))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    use_fake_ear(patch)
    async with running(small_settings(tmp_path_factory.mktemp("data"), max_upload_mb=LIMIT_MB)) as servers:
        yield servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def requests(servers: Running) -> Requests:
    """Sound requests for these servers, by service and method."""
    track = await servers.client.index_track(AUDIO, TrackDescription("Someone", "A song", "folk"))
    profile = await servers.client.embed(AUDIO)
    voice = await servers.client.create_voice(profile, subject="somebody", statement="You may.")
    return sound_requests(AUDIO, profile, voice.voice_id, track.singer_id)


@pytest.mark.parametrize(("service", "method"), METHODS)
async def test_changed_messages_are_the_callers_fault(
    servers: Running, requests: Requests, service: str, method: str
) -> None:
    draw = random.Random(f"{service}{method}")
    async with aio.insecure_channel(servers.address(service)) as channel:
        codes = Counter(
            [
                await call_once(
                    channel,
                    f"/singalike.v1.{service}Service/{method}",
                    [fuzzed_request(part, draw) for part in requests[service, method]],
                )
                for _ in range(CALLS)
            ]
        )

    assert not codes.keys() & FORBIDDEN, codes
    assert (await servers.client.get_model()).model_version == "fake-1"


async def test_hostile_recordings_get_their_reason_over_the_wire_too(servers: Running) -> None:
    wrong = {}
    for name, (make, reason) in HOSTILE.items():
        try:
            await servers.client.embed(make())
        except (InvalidInputError, CapacityError) as error:
            if error.reason != reason:
                wrong[name] = error.reason
        else:
            wrong[name] = "taken"

    assert wrong == {}
    assert (await servers.client.embed(AUDIO)).model_version == "fake-1"


async def test_a_batch_of_hostile_recordings_is_refused_one_by_one(servers: Running) -> None:
    made = {name: make() for name, (make, _) in HOSTILE.items()}
    names = [name for name, audio in made.items() if len(audio) < INLINE_BYTES // 32][:31]

    outcomes = await servers.client.embed_batch([*(made[name] for name in names), AUDIO])

    reasons = [outcome.reason for outcome in outcomes[:-1] if isinstance(outcome, EmbedRefusal)]
    assert reasons == [HOSTILE[name][1] for name in names]
    assert not isinstance(outcomes[-1], EmbedRefusal)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "UPLOAD_OUT_OF_ORDER"),
        ([embedding.UploadEmbedRequest(chunk=b"ID3")], "UPLOAD_OUT_OF_ORDER"),
        ([embedding.UploadEmbedRequest(recording=Recording())] * 2, "UPLOAD_OUT_OF_ORDER"),
        ([embedding.UploadEmbedRequest(recording=Recording())], "EMPTY"),
        ([embedding.UploadEmbedRequest(recording=Recording()), embedding.UploadEmbedRequest()], "INVALID_REQUEST"),
    ],
)
async def test_an_upload_out_of_order_is_refused(
    servers: Running, parts: list[embedding.UploadEmbedRequest], reason: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await servers.client._call(servers.client._embedding.UploadEmbed, iter(parts))

    assert refused.value.reason == reason


async def test_a_message_beyond_the_limit_is_refused(servers: Running) -> None:
    async with aio.insecure_channel(servers.embedding) as channel:
        request = embedding.EmbedRequest(recording=Recording(audio=bytes(17 * 2**20)))
        with pytest.raises(aio.AioRpcError) as refused:
            await EmbeddingServiceStub(channel).Embed(request)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("method", sorted(CLIENT_STREAMS))
@pytest.mark.parametrize(("part_bytes", "parts"), [(4000, 50), (2**20, 4)])
async def test_a_refusal_in_the_middle_of_a_long_upload_keeps_its_reason(
    servers: Running, method: str, part_bytes: int, parts: int
) -> None:
    upload = [b"\xff\xff", *(bytes(part_bytes),) * parts]
    codes: Counter[grpc.StatusCode] = Counter()
    service = CLIENT_STREAMS[method]
    async with aio.insecure_channel(servers.address(service)) as channel:
        for _ in range(40):
            codes[await call_once(channel, f"/singalike.v1.{service}Service/{method}", upload)] += 1

    assert dict(codes) == {grpc.StatusCode.INVALID_ARGUMENT: 40}
