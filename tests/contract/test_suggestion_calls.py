"""Suggestions and identification through the Python client: a real stub against a real servicer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from singalike.client import Seed, SuggestionChoices, SuggestionFilters, TrackDescription, VoiceId
from singalike.errors import InvalidInputError, SingalikeError, WrongStateError
from singalike.recsys.presets import SIMILAR, SINGERS, shipped_presets
from tests.support.fake_ear import FakeEar, make_profile
from tests.support.servers import Running, running, small_settings, use_fake_ear
from tests.support.six_tracks import EQUAL, mp3, six_tracks

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    use_fake_ear(patch)
    async with six_tracks(tmp_path_factory.mktemp("data")) as servers:
        yield servers


async def test_a_recording_its_profile_and_its_enrolled_voice_get_the_same_answer(servers: Running) -> None:
    audio = mp3(170.0)
    profile = await servers.client.embed(audio)
    voice = await servers.client.create_voice(profile, subject="me", statement="You may keep it.")

    answers = [await servers.client.recommend_singers(asked) for asked in (audio, profile, VoiceId(voice.voice_id))]
    songs = [await servers.client.recommend_songs(asked, k=3) for asked in (audio, profile, VoiceId(voice.voice_id))]

    for answer in answers:
        assert [one.singer_id for one in answer.singers] == [one.singer_id for one in answers[0].singers]
        for one in answer.singers:
            assert sum(one.signals.values()) == pytest.approx(one.score, abs=EQUAL)
    assert all([song.track_id for song in each.songs] == [song.track_id for song in songs[0].songs] for each in songs)
    assert len(songs[0].songs) == 3
    assert answers[0].singers[0].moments
    assert answers[0].voice.quality == profile.quality


async def test_a_singer_is_identified_by_recording_profile_and_enrolled_voice(servers: Running) -> None:
    audio = mp3(170.0)
    profile = await servers.client.embed(audio)
    voice = await servers.client.create_voice(profile, subject="me", statement="You may keep it.")

    answers = [await servers.client.identify_singer(asked, k=2) for asked in (audio, profile, VoiceId(voice.voice_id))]
    among = await servers.client.identify_singer(profile, k=100, prior_of_none=0.0)

    for answer in answers:
        assert [one.singer_id for one in answer.singers] == [one.singer_id for one in answers[0].singers]
        assert answer.probability_of_none == pytest.approx(answers[0].probability_of_none, abs=EQUAL)
    assert len(answers[0].singers) == 2
    assert answers[0].singer_count == len(among.singers) == 3
    assert answers[0].catalogue_revision > 0
    assert answers[0].voice.quality == profile.quality
    assert among.probability_of_none == 0.0
    assert among.named_probability == pytest.approx(1.0, abs=EQUAL)


async def test_a_singer_who_was_erased_is_not_named_any_more(servers: Running) -> None:
    track = await servers.client.index_track(mp3(800.0), TrackDescription("Passing Voice", "Title"))
    await servers.client.identify_singer(mp3(800.0), k=100)
    await servers.client.delete_track(track.track_id)

    after = await servers.client.identify_singer(mp3(800.0), k=100)

    assert {one.singer_id for one in after.singers} == {"singer-0", "singer-1", "singer-2"}


async def test_an_identification_of_an_empty_catalogue_is_refused(patch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_fake_ear(patch)
    async with running(small_settings(tmp_path)) as servers:
        with pytest.raises(WrongStateError) as refused:
            await servers.client.identify_singer(mp3(170.0))

    assert refused.value.reason == "CATALOGUE_EMPTY"


async def test_filters_and_the_number_of_suggestions_are_heeded(servers: Running) -> None:
    profile = await servers.client.embed(mp3(170.0))
    filters = SuggestionFilters(excluded_singer_ids=("singer-1",), voice_genders=("female",))

    answer = await servers.client.recommend_singers(profile, k=2, timbre_style=1.0, filters=filters)

    assert {singer.singer_id for singer in answer.singers} == {"singer-0", "singer-2"}


async def test_every_choice_reaches_the_ranking_and_comes_back(servers: Running) -> None:
    profile = await servers.client.embed(mp3(170.0))
    choices = SuggestionChoices(
        listener_id="mia",
        seeds=(Seed("singer", "singer-1", -1.0),),
        diversity=0.0,
        weights={"timbre": 3.0, "tessitura": 1.0},
        singing_mode="stretch",
        original_key=True,
        songs_per_singer=2,
        even_if_unsure=True,
        random_seed=3,
    )

    singers = await servers.client.recommend_singers(profile, choices=choices)
    songs = await servers.client.recommend_songs(profile, choices=choices)

    assert {singer.singer_id for singer in singers.singers} == {"singer-0", "singer-2"}
    assert singers.summary.weights == {"timbre": 0.75, "tessitura": 0.25}
    assert singers.summary.preset == f"custom:{shipped_presets().default(SIMILAR, SINGERS).label}"
    assert singers.summary.fallbacks == ("no_history",)
    assert singers.summary.candidate_count == 2
    assert all(song.key_shift_semitones == 0 for song in songs.songs)
    assert len(songs.songs) == 4


async def test_pages_and_seeds_without_a_voice(servers: Running) -> None:
    asked = {"k": 1, "choices": SuggestionChoices(seeds=(Seed("singer", "singer-0"),), relation="dissimilar")}

    first = await servers.client.recommend_singers(**asked)
    second = await servers.client.recommend_singers(**asked, page_token=first.next_page_token)

    assert first.voice is None
    assert {page.singers[0].singer_id for page in (first, second)} == {"singer-1", "singer-2"}
    assert second.next_page_token == ""
    with pytest.raises(InvalidInputError) as refused:
        await servers.client.recommend_songs(**asked, page_token=first.next_page_token)
    assert refused.value.reason == "BAD_PAGE_TOKEN"


async def test_presets_are_listed_with_their_weights(servers: Running) -> None:
    presets = await servers.client.list_presets()

    assert {preset.name for preset in presets if preset.is_default} == {"voice-singers", "voice-songs"}
    assert all(sum(preset.weights.values()) == pytest.approx(1.0, abs=EQUAL) for preset in presets)


@pytest.mark.parametrize(
    ("field", "wrong"), [("relation", "married"), ("singing_mode", "loud"), ("seeds", (Seed("album", "x"),))]
)
async def test_a_choice_that_there_is_not_is_refused_before_any_call(
    servers: Running, field: str, wrong: object
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await servers.client.recommend_singers(choices=SuggestionChoices(**{field: wrong}))  # type: ignore[arg-type]

    assert [violation.field for violation in refused.value.violations] == [field]


@pytest.mark.parametrize(
    ("ear", "error", "reason"),
    [
        (FakeEar(model_version="fake-2"), WrongStateError, "MODEL_VERSION_MISMATCH"),
        (FakeEar(timbre_dim=12), InvalidInputError, "VECTOR_WRONG_DIMENSION"),
    ],
)
async def test_vectors_of_another_ear_never_meet_ours(
    servers: Running, ear: FakeEar, error: type[SingalikeError], reason: str
) -> None:
    with pytest.raises(error) as refused:
        await servers.client.recommend_singers(make_profile(1, ear=ear))

    assert refused.value.reason == reason
