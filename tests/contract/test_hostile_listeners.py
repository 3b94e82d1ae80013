"""Callers who mean harm to the recommender and its listeners: many at once, strange values, altered tokens."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from grpc import aio

from singalike.client.rpc_errors import error_from_rpc
from singalike.errors import InvalidInputError
from singalike.services import bootstrap
from singalike.services.settings import Settings
from singalike.v1 import feedback_pb2 as feedback
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceStub
from singalike.v1.suggestions_pb2 import Seed, SuggestionOptions
from tests.support.catalogue_entries import add_track
from tests.support.fake_ear import make_profile
from tests.support.patience import PATIENCE_S
from tests.support.servers import Running, running, small_settings, use_fake_ear

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACKS = 16
LISTENERS = 12
TINY = 5e-324


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_settings(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def tracks(settings: Settings) -> list[str]:
    catalogue = bootstrap.open_catalogue(settings)
    ids = [add_track(catalogue, number, singer=f"Singer {number % 8}").track_id for number in range(TRACKS)]
    catalogue.close()
    return ids


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, settings: Settings, tracks: list[str]) -> AsyncIterator[Running]:
    use_fake_ear(patch)
    async with running(settings) as servers:
        yield servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stub(servers: Running) -> AsyncIterator[RecommenderServiceStub]:
    async with aio.insecure_channel(servers.recommender) as channel:
        yield RecommenderServiceStub(channel)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice_id(servers: Running) -> str:
    return (await servers.client.create_voice(make_profile(100), subject="somebody", statement="You may.")).voice_id


def hide(listener_id: str, track_id: str) -> pb.RecordFeedbackRequest:
    event = feedback.Feedback(kind=feedback.FEEDBACK_KIND_HIDE, track_id=track_id)
    return pb.RecordFeedbackRequest(listener_id=listener_id, feedback=[event])


async def test_of_many_at_once_each_sees_their_own_hides_at_once_and_nobody_elses(
    stub: RecommenderServiceStub, voice_id: str, tracks: list[str]
) -> None:
    async def live(number: int) -> None:
        draw, name, hidden = random.Random(number), f"listener {number} 🎤", set[str]()
        for _ in range(4):
            hidden.add(draw.choice(tracks))
            await asyncio.gather(*(stub.RecordFeedback(hide(name, track_id)) for track_id in hidden))
            options = SuggestionOptions(listener_id=name, k=100, even_if_unsure=True, songs_per_singer=10)
            shown = await stub.RecommendSongs(pb.RecommendSongsRequest(voice_id=voice_id, options=options))
            assert {song.track_id for song in shown.songs} == set(tracks) - hidden

    await asyncio.gather(*(live(number) for number in range(LISTENERS)))


async def test_whoever_is_erased_right_after_a_hundred_calls_is_in_no_file_of_a_server_that_has_stopped(
    servers: Running, tmp_path: Path
) -> None:
    name, settings = "ERASED-LISTENER", small_settings(tmp_path)
    catalogue = bootstrap.open_catalogue(settings)
    tracks = [add_track(catalogue, number, singer=f"Singer {number}").track_id for number in range(5)]
    catalogue.close()

    async with running(settings) as own, aio.insecure_channel(own.recommender) as channel:
        stub = RecommenderServiceStub(channel)
        options = [SuggestionOptions(listener_id=name, random_seed=number) for number in range(60)]
        excluded = [feedback.Exclusion(genre=f"folk {number}") for number in range(20)]
        await asyncio.gather(
            *(stub.RecordFeedback(hide(name, tracks[number % 3])) for number in range(20)),
            *(stub.CreateExclusion(pb.CreateExclusionRequest(listener_id=name, exclusion=one)) for one in excluded),
            *(stub.RecommendSongs(pb.RecommendSongsRequest(options=asked)) for asked in options),
        )
        await stub.DeleteListener(pb.DeleteListenerRequest(listener_id=name))

    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and name.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "options",
    [
        {"weights": {"tessitura": 100.0, "voice_gender": TINY}},
        {"weights": dict.fromkeys(("timbre", "style", "melody", "freshness"), TINY), "timbre_style": 0.37},
        {"seeds": [Seed(singer_id=f"singer-{number % 8}", weight=(-1) ** number) for number in range(20)]},
        {"seeds": [Seed(singer_id=f"singer-{number}") for number in range(8)]},
        {"seeds": [Seed(singer_id="singer-0", weight=TINY), Seed(singer_id="singer-0", weight=-TINY)]},
        {"excluded_singer_ids": [f"{number:04}{'🎤' * 196}" for number in range(1000)]},
        {"random_seed": -(2**63), "preset": "voice-singers+duet-singers"},
        {"listener_id": "'; DROP TABLE feedback; --", "relation": 2},
    ],
)
async def test_absurd_but_lawful_options_have_an_answer(
    stub: RecommenderServiceStub, voice_id: str, options: Mapping[str, object]
) -> None:
    asked = SuggestionOptions(even_if_unsure=True, **options)  # type: ignore[arg-type]

    found = await stub.RecommendSingers(pb.RecommendSingersRequest(voice_id=voice_id, options=asked))

    assert all(0.0 <= singer.score <= 1.0 for singer in found.singers)
    assert sum(found.summary.weights.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("preset", ["+", "voice-singers+", "+voice-singers", "voice-singers+duet-singers+duet-singers"])
async def test_half_an_interleaving_is_no_preset(stub: RecommenderServiceStub, voice_id: str, preset: str) -> None:
    with pytest.raises(aio.AioRpcError) as refused:
        await stub.RecommendSingers(
            pb.RecommendSingersRequest(voice_id=voice_id, options=SuggestionOptions(preset=preset))
        )

    assert error_from_rpc(refused.value).reason == "PRESET_NOT_FOUND"


async def test_a_token_with_any_bit_changed_is_refused(stub: RecommenderServiceStub, voice_id: str) -> None:
    request = pb.RecommendSongsRequest(voice_id=voice_id, options=SuggestionOptions(k=2, even_if_unsure=True))
    token = (await stub.RecommendSongs(request)).next_page_token
    raw, reasons = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), Counter[str]()

    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << (place % 8)
        request.page_token = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        with pytest.raises(aio.AioRpcError) as refused:
            await stub.RecommendSongs(request)
        error = error_from_rpc(refused.value)
        assert isinstance(error, InvalidInputError)
        reasons[error.reason] += 1

    assert set(reasons) == {"BAD_PAGE_TOKEN"}


async def test_callers_who_leave_at_once_harm_nobody(stub: RecommenderServiceStub, voice_id: str) -> None:
    def asked(number: int) -> pb.RecommendSongsRequest:
        return pb.RecommendSongsRequest(voice_id=voice_id, options=SuggestionOptions(random_seed=number))

    hasty = [stub.RecommendSongs(asked(number), timeout=0.001) for number in range(30)]
    gone = [stub.RecommendSongs(asked(number)) for number in range(30)]
    for call in gone:
        call.cancel()

    codes = {await call.code() for call in (*hasty, *gone)}

    assert codes <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.OK}
    assert (await stub.RecommendSongs(asked(1), timeout=PATIENCE_S)).songs is not None
