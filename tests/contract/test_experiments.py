"""An experiment on a running server: arms, what was shown, the report, and erasure."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from singalike.client import Feedback
from singalike.client.profile_converters import profile_to_message
from singalike.errors import InvalidInputError
from singalike.recsys.experiments import assign_arm, read_experiment
from singalike.services import bootstrap
from singalike.services.settings import Settings
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1 import suggestions_pb2
from tests.support.catalogue_entries import add_track
from tests.support.fake_ear import make_profile
from tests.support.servers import Running, running, small_settings, use_fake_ear

EXPERIMENT = json.dumps(
    {
        "name": "unlike",
        "ranks": "songs",
        "arms": [
            {"name": "old", "preset": "voice-songs", "share": 0.5},
            {"name": "new", "preset": "dissimilar-songs", "share": 0.5},
        ],
    }
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "experiment.json"
    file.write_text(EXPERIMENT, "utf-8")
    settings = small_settings(tmp_path / "data", experiment=file)
    catalogue = bootstrap.open_catalogue(settings)
    for number in range(6):
        add_track(catalogue, number, singer=f"Singer {number // 2}")
    catalogue.close()
    return settings


@pytest_asyncio.fixture
async def servers(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> AsyncIterator[Running]:
    use_fake_ear(monkeypatch)
    async with running(settings) as servers:
        yield servers


async def ask(servers: Running, listener_id: str) -> pb.RecommendSongsResponse:
    options = suggestions_pb2.SuggestionOptions(k=2, listener_id=listener_id)
    request = pb.RecommendSongsRequest(profile=profile_to_message(make_profile(1)), options=options)
    reply: pb.RecommendSongsResponse = await servers.client._recommender.RecommendSongs(request)
    return reply


async def test_listeners_are_answered_by_their_arms_and_a_report_says_what_came_of_it(
    servers: Running, settings: Settings
) -> None:
    for number in range(8):
        listener = f"listener-{number}"
        shown = await ask(servers, listener)
        assert shown.summary.arm == assign_arm(read_experiment(EXPERIMENT), listener).name
        liked = Feedback("like", track_id=shown.songs[0].track_id, exposure_id=shown.summary.exposure_id)
        if shown.summary.arm == "new":
            await servers.client.record_feedback(listener, [liked])
    before = await servers.client.get_experiment_report()
    await servers.client.delete_listener("listener-0")

    assert (before.experiment, [arm.arm for arm in before.arms]) == ("unlike", ["old", "new"])
    assert sum(arm.exposures for arm in before.arms) == 8
    assert [arm.success_rate for arm in before.arms] == [0.0, 1.0]
    assert not await _kept_of(settings, "listener-0")


async def test_what_was_shown_is_on_disk_when_the_server_has_stopped(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    use_fake_ear(monkeypatch)
    async with running(settings) as servers:
        shown = await ask(servers, "ann")

    assert await _kept_of(settings, "ann") == [shown.summary.exposure_id]


async def test_nobody_in_particular_is_in_no_experiment(servers: Running) -> None:
    shown = await ask(servers, "")

    assert (shown.summary.experiment, shown.summary.exposure_id) == ("", "")


@pytest.mark.parametrize("text", ["", '{"name": "x"}'])
async def test_a_server_does_not_start_with_an_experiment_that_cannot_run(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, text: str
) -> None:
    use_fake_ear(monkeypatch)
    assert settings.experiment is not None
    settings.experiment.write_text(text, "utf-8")

    with pytest.raises(InvalidInputError) as refused:
        async with running(settings):
            pass

    assert refused.value.reason == "BAD_EXPERIMENT"


async def _kept_of(settings: Settings, listener_id: str) -> list[str]:
    store = bootstrap.open_feedback(settings)
    kept = [one.exposure_id for one in store.walk_exposures() if one.listener_id == listener_id]
    assert not list(store.events_of(listener_id, datetime.now(UTC)))
    store.close()
    return kept
