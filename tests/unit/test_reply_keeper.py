"""A reply is given again for exactly as long as it would be the same."""

import tracemalloc
from collections.abc import Awaitable, Callable

from singalike.services.recommender.reply_keeper import ReplyKeeper
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1 import suggestions_pb2, voice_pb2

ASKED = pb.RecommendSongsRequest(voice_id="v-1")


def nothing_shown(exposure_id: str) -> str:
    """Know no list any more."""
    return ""


class Maker:
    """Makes another reply each time."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Awaitable[pb.RecommendSongsResponse]:
        return self._make()

    async def _make(self) -> pb.RecommendSongsResponse:
        self.made += 1
        return pb.RecommendSongsResponse(notes=[f"reply {self.made}"])


def told(fingerprints: list[int | None]) -> Callable[[str], int | None]:
    """Answer with the first fingerprint as long as there is no other."""
    return lambda _listener_id: fingerprints[0]


async def test_the_same_request_has_the_same_reply_as_long_as_nothing_changes() -> None:
    fingerprints: list[int | None] = [1]
    keeper, make = ReplyKeeper(told(fingerprints), nothing_shown), Maker()

    replies = [await keeper.get(ASKED, make) for _ in range(3)]

    assert [reply.notes[0] for reply in replies] == ["reply 1"] * 3
    fingerprints[0] = 2
    assert (await keeper.get(ASKED, make)).notes == ["reply 2"]


async def test_another_request_has_another_reply() -> None:
    keeper, make = ReplyKeeper(told([1]), nothing_shown), Maker()
    other = pb.RecommendSongsRequest(voice_id="v-1", options=suggestions_pb2.SuggestionOptions(k=3))
    kind = pb.RecommendSingersRequest(voice_id="v-1")

    replies = [await keeper.get(request, make) for request in (ASKED, other, kind)]

    assert [reply.notes[0] for reply in replies] == ["reply 1", "reply 2", "reply 3"]


async def test_what_was_made_while_something_changed_is_not_kept() -> None:
    fingerprints: list[int | None] = [1]
    make = Maker()

    async def slowly() -> pb.RecommendSongsResponse:
        made = await make()
        fingerprints[0] = 2
        return made

    keeper = ReplyKeeper(told(fingerprints), nothing_shown)
    await keeper.get(ASKED, slowly)
    fingerprints[0] = 1

    assert (await keeper.get(ASKED, make)).notes == ["reply 2"]


async def test_where_changes_cannot_be_told_and_for_recordings_every_reply_is_made() -> None:
    make = Maker()
    recording = pb.RecommendSongsRequest(recording=voice_pb2.Recording(audio=b"sound"))

    for _ in range(2):
        await ReplyKeeper(told([None]), nothing_shown).get(ASKED, make)
    keeper = ReplyKeeper(told([1]), nothing_shown)
    for _ in range(2):
        await keeper.get(recording, make)

    assert make.made == 4


async def test_a_list_that_is_shown_again_is_an_exposure_of_its_own() -> None:
    shown: list[str] = []

    def show_again(exposure_id: str) -> str:
        shown.append(exposure_id)
        return f"e-{len(shown) + 1}"

    async def make() -> pb.RecommendSongsResponse:
        return pb.RecommendSongsResponse(notes=["once"], summary=suggestions_pb2.ListSummary(exposure_id="e-1"))

    keeper = ReplyKeeper(told([1]), show_again)
    replies = [await keeper.get(ASKED, make) for _ in range(3)]

    assert [reply.summary.exposure_id for reply in replies] == ["e-1", "e-2", "e-3"]
    assert shown == ["e-1", "e-1"]


async def test_a_list_that_is_not_known_any_more_is_made_again() -> None:
    make = Maker()

    async def exposed() -> pb.RecommendSongsResponse:
        made = await make()
        made.summary.exposure_id = f"e-{make.made}"
        return made

    keeper = ReplyKeeper(told([1]), nothing_shown)
    replies = [await keeper.get(ASKED, exposed) for _ in range(2)]

    assert [reply.summary.exposure_id for reply in replies] == ["e-1", "e-2"]


async def test_a_large_request_is_not_kept() -> None:
    keeper, make = ReplyKeeper(lambda _: 1, nothing_shown), Maker()

    tracemalloc.start()
    for number in range(30):
        await keeper.get(pb.RecommendSongsRequest(voice_id="v-1", page_token=str(number) * 2**19), make)
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert make.made == 30
    assert kept_bytes < 2**20
