"""What listeners do, over gRPC: a real stub against a real servicer and the real store."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from singalike.client import Client, Exclusion, Feedback
from singalike.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from singalike.services import bootstrap
from singalike.services.listeners.listener_records import FEEDBACK_KINDS
from singalike.services.settings import Settings
from tests.support.catalogue_entries import add_track, sha
from tests.support.servers import Running, small_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime.now(UTC)
YESTERDAY = NOW.replace(microsecond=123456) - timedelta(days=1)
TRACK, SINGER = sha(1)[:20], "singer-1"
DAYS = 30


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = small_settings(tmp_path_factory.mktemp("data"), feedback_days=DAYS)
    catalogue = bootstrap.open_catalogue(settings)
    for number in range(3):
        add_track(catalogue, number, singer=f"Singer {number}")
    catalogue.close()
    return settings


async def test_every_kind_of_event_comes_back_as_it_was_sent(servers: Running) -> None:
    said = [Feedback(kind, track_id=TRACK, time=YESTERDAY, exposure_id="e-1") for kind in FEEDBACK_KINDS]

    stored = await servers.client.record_feedback("kinds", said)
    listed = [event async for event in servers.client.list_feedback("kinds", page_size=3)]

    assert [replace(event, feedback_id="", expire_time=None) for event in stored] == said
    assert listed == list(stored)[::-1]


async def test_events_are_kept_for_the_time_of_the_settings_and_hides_for_ever(servers: Running) -> None:
    like, hide, short = await servers.client.record_feedback(
        "times",
        [
            Feedback("like", singer_id=SINGER),
            Feedback("hide", singer_id=SINGER),
            Feedback("hide", track_id=TRACK, expire_time=NOW + timedelta(hours=1)),
        ],
    )

    assert like.time is not None
    assert like.expire_time is not None
    assert abs(like.time - NOW) < timedelta(minutes=10)
    assert like.expire_time - like.time == timedelta(days=DAYS)
    assert hide.expire_time is None
    assert short.expire_time == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("event", "reason", "field"),
    [
        (Feedback("play", TRACK, time=NOW + timedelta(days=1)), "FEEDBACK_IN_FUTURE", "feedback[1].time"),
        (Feedback("play", TRACK, expire_time=YESTERDAY), "FEEDBACK_EXPIRED", "feedback[1].expire_time"),
        (Feedback("play", singer_id=SINGER), "INVALID_REQUEST", "feedback[1].kind"),
        (Feedback("play", "t" * 201), "INVALID_REQUEST", "feedback[1].track_id"),
        (Feedback("applaud", TRACK), "INVALID_REQUEST", "kind"),
        (Feedback("like", TRACK, SINGER), "INVALID_REQUEST", "track_id"),
        (Feedback("like"), "INVALID_REQUEST", "track_id"),
    ],
)
async def test_a_wrong_event_is_named_and_nothing_of_its_request_is_kept(
    servers: Running, event: Feedback, reason: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await servers.client.record_feedback("wrong", [Feedback("like", TRACK), event])

    assert refused.value.reason == reason
    assert [violation.field for violation in refused.value.violations] == [field]
    assert [event async for event in servers.client.list_feedback("wrong")] == []


async def test_a_retry_without_a_time_is_known_by_its_content(servers: Running) -> None:
    send = servers.client.record_feedback
    first = await send("retry", [Feedback("sing", TRACK)], request_id="request-1")

    again = await send("retry", [Feedback("sing", TRACK)], request_id="request-1")

    assert again == first
    with pytest.raises(AlreadyExistsError) as refused:
        await send("retry", [Feedback("sing", TRACK, time=YESTERDAY)], request_id="request-1")
    assert refused.value.reason == "REQUEST_ID_REUSED"
    assert len([event async for event in servers.client.list_feedback("retry")]) == 1


async def test_an_event_about_nothing_in_the_catalogue_is_refused(servers: Running) -> None:
    for event, reason in (
        (Feedback("play", "nowhere"), "TRACK_NOT_FOUND"),
        (Feedback("hide", singer_id="nobody"), "SINGER_NOT_FOUND"),
    ):
        with pytest.raises(NotFoundError) as refused:
            await servers.client.record_feedback("lost", [event])
        assert refused.value.reason == reason


async def test_an_event_is_taken_back(servers: Running) -> None:
    gone, kept = await servers.client.record_feedback("back", [Feedback("like", TRACK), Feedback("play", TRACK)])

    await servers.client.delete_feedback("back", gone.feedback_id)

    assert [event async for event in servers.client.list_feedback("back")] == [kept]
    with pytest.raises(NotFoundError) as refused:
        await servers.client.delete_feedback("back", gone.feedback_id)
    assert refused.value.reason == "FEEDBACK_NOT_FOUND"


async def test_exclusions_of_every_kind_are_kept_once_listed_and_taken_back(servers: Running) -> None:
    said = [
        Exclusion("singer", SINGER),
        Exclusion("track", TRACK),
        Exclusion("genre", "트로트"),
        Exclusion("language", "ko"),
        Exclusion("unlike_singer", "singer-2"),
    ]
    stored = [await servers.client.create_exclusion("mia", each) for each in (*said, said[2])]

    listed = [each async for each in servers.client.list_exclusions("mia", page_size=2)]
    await servers.client.delete_exclusion("mia", stored[0].exclusion_id)
    left = [each async for each in servers.client.list_exclusions("mia")]

    assert stored[5] == stored[2]
    assert [replace(each, exclusion_id="", create_time=None) for each in stored[:5]] == said
    assert listed == sorted(stored[:5], key=lambda each: each.exclusion_id)
    assert {each.kind for each in left} == {"track", "genre", "language", "unlike_singer"}
    with pytest.raises(NotFoundError) as refused:
        await servers.client.delete_exclusion("mia", stored[0].exclusion_id)
    assert refused.value.reason == "EXCLUSION_NOT_FOUND"


@pytest.mark.parametrize(
    ("exclusion", "error"),
    [
        (Exclusion("singer", "nobody"), NotFoundError),
        (Exclusion("genre", ""), InvalidInputError),
        (Exclusion("mood", "sad"), InvalidInputError),
    ],
)
async def test_an_exclusion_of_nothing_is_refused(
    servers: Running, exclusion: Exclusion, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await servers.client.create_exclusion("ben", exclusion)

    assert [each async for each in servers.client.list_exclusions("ben")] == []


async def test_an_erased_listener_leaves_no_byte_in_the_data_folder(servers: Running, settings: Settings) -> None:
    await servers.client.record_feedback("zerubabel", [Feedback("like", TRACK)], request_id="quux-request")
    await servers.client.create_exclusion("zerubabel", Exclusion("genre", "quux-genre"))

    await servers.client.delete_listener("zerubabel")
    await servers.client.delete_listener("zerubabel")

    left = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    traces = (b"zerubabel", b"quux-request", b"quux-genre")
    assert [path.name for path in left if any(trace in path.read_bytes() for trace in traces)] == []
    assert [event async for event in servers.client.list_feedback("zerubabel")] == []


async def test_the_client_for_threads_does_the_same(servers: Running) -> None:
    def call() -> list[object]:
        with Client(servers.embedding, servers.recommender) as client:
            gone, kept = client.record_feedback("threads", [Feedback("like", TRACK), Feedback("hide", TRACK)])
            client.delete_feedback("threads", gone.feedback_id)
            exclusion = client.create_exclusion("threads", Exclusion("genre", "folk"))
            other = client.create_exclusion("threads", Exclusion("genre", "pop"))
            client.delete_exclusion("threads", other.exclusion_id)
            seen: list[object] = [list(client.list_feedback("threads", page_size=1)) == [kept]]
            seen.append(list(client.list_exclusions("threads", page_size=1)) == [exclusion])
            client.delete_listener("threads")
            return [*seen, list(client.list_feedback("threads")), list(client.list_exclusions("threads"))]

    assert await asyncio.to_thread(call) == [True, True, [], []]
