"""A conversion service in a process of its own: the ear is another's, what is enrolled and erased is everybody's."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from singalike.client import AsyncClient, VoiceId
from singalike.errors import NotFoundError
from singalike.services import bootstrap
from singalike.services.server import CONVERSION_SERVICE, Ports, serving
from singalike.services.settings import Settings
from tests.support.catalogue_entries import add_track
from tests.support.conversion_servers import enrol, quick_conversions
from tests.support.servers import small_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_settings(tmp_path_factory.mktemp("data"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart(settings: Settings) -> AsyncIterator[Ports]:
    """Serve each service on its own; answers where each listens."""
    with quick_conversions():
        async with serving("embedding", settings) as ears:
            asking = settings.model_copy(update={"embedding_target": f"127.0.0.1:{ears.embedding}"})
            async with serving("recommender", asking) as ranks, serving("conversion", asking) as sings:
                assert (sings.embedding, sings.recommender) == (None, None)
                yield Ports(ears.embedding, ranks.recommender, sings.conversion)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(apart: Ports) -> AsyncIterator[AsyncClient]:
    addresses = (f"127.0.0.1:{port}" for port in (apart.embedding, apart.recommender, apart.conversion))
    async with AsyncClient(*addresses) as client:
        yield client


async def test_it_says_that_it_serves(apart: Ports) -> None:
    async with aio.insecure_channel(f"127.0.0.1:{apart.conversion}") as channel:
        request = health_pb2.HealthCheckRequest(service=CONVERSION_SERVICE)
        answer = await health_pb2_grpc.HealthStub(channel).Check(request)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_voice_that_is_enrolled_here_is_known_there_until_it_is_erased(
    client: AsyncClient, settings: Settings
) -> None:
    catalogue = bootstrap.open_catalogue(settings)
    add_track(catalogue, 1)
    catalogue.close()
    voice = await enrol(client)

    songs = (await client.recommend_songs(VoiceId(voice.voice_id))).songs
    await client.delete_voice_profile(voice.voice_id)

    assert [song.conversion.voice_id for song in songs if song.conversion] == [voice.voice_id]
    with pytest.raises(NotFoundError):
        await client.recommend_songs(VoiceId(voice.voice_id))


async def test_a_voice_that_is_erased_there_is_gone_here(client: AsyncClient) -> None:
    voice = await enrol(client)

    await client.delete_voice(voice.voice_id)

    for call in (client.get_voice_profile(voice.voice_id), client.revoke_consent(voice.voice_id)):
        with pytest.raises(NotFoundError):
            await call
