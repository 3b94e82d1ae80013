"""Both services on loopback, called through the Python client: a real stub against a real servicer."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from singalike.audio.sound import Waveform
from singalike.client import (
    CatalogueTrack,
    Client,
    EmbedRefusal,
    Recording,
    Seed,
    SuggestionChoices,
    SuggestionFilters,
    TrackDescription,
    VoiceId,
)
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import (
    AlreadyExistsError,
    CapacityError,
    InvalidInputError,
    NotFoundError,
    SingalikeError,
    WrongStateError,
)
from singalike.recsys.presets import SIMILAR, SINGERS, shipped_presets
from singalike.services import bootstrap
from singalike.services.records import TrackInfo
from singalike.v1.recommender_service_pb2 import ListSingersRequest
from tests.support.fake_ear import FakeEar, make_profile
from tests.support.recordings import encode, tone
from tests.support.servers import Running, running, small_settings, use_fake_ear

pytestmark = pytest.mark.asyncio(loop_scope="module")

EQUAL = 1e-6
"""Floats cross the wire as they are; only sums of float32 differ."""


def mp3(f0_hz: float, duration_s: float = 4.0, channels: int = 1) -> bytes:
    return encode(tone(duration_s, channels=channels, f0_hz=f0_hz), 44_100, "mp3", "libmp3lame")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    use_fake_ear(patch)
    settings = small_settings(tmp_path_factory.mktemp("data"), max_upload_mb=5)
    async with running(settings) as servers:
        for number in range(6):
            info = TrackDescription(
                f"Singer {number % 3}", f"Song {number}", "folk" if number % 2 else "pop", voice_gender="female"
            )
            await servers.client.index_track(mp3(140.0 + 30.0 * number), info)
        yield servers


async def test_the_model_says_how_long_vectors_are(servers: Running) -> None:
    model = await servers.client.get_model()

    assert (model.model_version, model.timbre_dim, model.style_dim, model.melody_dim) == ("fake-1", 16, 8, 4)


async def test_a_path_and_its_bytes_give_the_same_profile(servers: Running, tmp_path: Path) -> None:
    audio = mp3(200.0)
    path = tmp_path / "voice.mp3"
    path.write_bytes(audio)

    from_path, from_bytes = await servers.client.embed(path), await servers.client.embed(audio)

    assert_same(from_path, from_bytes)


def assert_same(one: VoiceProfile, other: VoiceProfile) -> None:
    for name in ("timbre", "style", "melody"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(getattr(one.segments, name), getattr(other.segments, name))
    assert one.quality == other.quality
    assert one.vocal_range.tessitura_midi == other.vocal_range.tessitura_midi


async def test_a_large_recording_is_streamed_and_heard_whole(servers: Running) -> None:
    large = wav(tone(25.0), 44_100)

    profile = await servers.client.embed(large)

    assert 4 * 2**20 < len(large) < 5 * 2**20
    assert profile.quality.duration_s == pytest.approx(25.0, abs=EQUAL)


def wav(waveform: Waveform, sample_rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, waveform.T, sample_rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


async def test_an_upload_beyond_the_limit_is_refused_on_the_way(servers: Running) -> None:
    with pytest.raises(CapacityError) as refused:
        await servers.client.embed(bytes(6 * 2**20))

    assert (refused.value.reason, refused.value.retry_after_s) == ("TOO_LARGE", None)


async def test_the_channel_of_a_recording_is_heeded(servers: Running) -> None:
    left = tone(3.0, f0_hz=150.0)
    stereo = wav(np.concatenate([left, tone(3.0, f0_hz=400.0)]), 44_100)

    heard = await servers.client.embed(Recording(stereo, channel="left"))

    np.testing.assert_allclose(heard.timbre, (await servers.client.embed(wav(left, 44_100))).timbre, atol=EQUAL)


async def test_one_bad_recording_does_not_harm_its_batch(servers: Running) -> None:
    outcomes = await servers.client.embed_batch([mp3(200.0), b"no sound at all", mp3(300.0)])

    assert [type(outcome) for outcome in outcomes] == [VoiceProfile, EmbedRefusal, VoiceProfile]
    assert isinstance(outcomes[1], EmbedRefusal)
    assert outcomes[1].reason == "UNKNOWN_FORMAT"


async def test_a_track_is_taken_in_with_progress_found_and_erased(servers: Running) -> None:
    seen: list[tuple[str, float]] = []
    audio = mp3(700.0)

    track = await servers.client.index_track(
        audio, TrackDescription("New Singer", "Title", language="en"), lambda stage, share: seen.append((stage, share))
    )
    listed = [other async for other in servers.client.list_tracks(singer_id=track.singer_id)]
    await servers.client.delete_track(track.track_id)

    assert [stage for stage, _ in seen] == ["received", "decoded", "separated", "embedded", "stored"]
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert listed == [track]
    assert (track.separator, track.info.language, track.info.genre) == ("identity", "en", None)
    with pytest.raises(NotFoundError, match="singer") as gone:
        await servers.client.get_singer(track.singer_id)
    assert gone.value.reason == "SINGER_NOT_FOUND"


async def test_the_same_track_again_is_not_heard_again(servers: Running) -> None:
    audio, info = mp3(140.0), TrackDescription("Singer 0", "Song 0", "pop", voice_gender="female")
    seen: list[str] = []

    track = await servers.client.index_track(audio, info, lambda stage, share: seen.append(stage))

    assert seen == ["received", "stored"]
    assert track.info == info


async def test_the_same_audio_under_another_singer_is_refused(servers: Running) -> None:
    with pytest.raises(AlreadyExistsError):
        await servers.client.index_track(mp3(140.0), TrackDescription("Somebody Else", "Song 0"))


async def test_pages_hold_everything_once(servers: Running) -> None:
    tracks = [track async for track in servers.client.list_tracks(page_size=2)]
    singers = [singer async for singer in servers.client.list_singers(page_size=2)]
    folk = [track async for track in servers.client.list_tracks(genre="folk", title_contains="song")]

    assert len({track.track_id for track in tracks}) == len(tracks) == 6
    assert [singer.name for singer in singers] == ["Singer 0", "Singer 1", "Singer 2"]
    assert [singer.track_count for singer in singers] == [2, 2, 2]
    assert {track.info.title for track in folk} == {"Song 1", "Song 3", "Song 5"}


async def test_a_wrong_page_token_is_the_callers_fault(servers: Running) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await servers.client._call(servers.client._recommender.ListSingers, ListSingersRequest(page_token="made up"))

    assert refused.value.reason == "BAD_PAGE_TOKEN"
    assert [violation.field for violation in refused.value.violations] == ["page_token"]


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


async def test_a_voice_is_kept_only_with_consent(servers: Running) -> None:
    with pytest.raises(WrongStateError) as refused:
        await servers.client.create_voice(mp3(200.0), subject="me", statement=" ")

    assert refused.value.reason == "CONSENT_MISSING"


async def test_consent_from_the_future_is_refused(servers: Running) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(InvalidInputError) as refused:
        await servers.client.create_voice(mp3(200.0), subject="me", statement="yes", consent_time=tomorrow)

    assert refused.value.reason == "CONSENT_IN_FUTURE"


async def test_a_repeated_enrolment_answers_with_the_first_voice(servers: Running) -> None:
    enrol = servers.client.create_voice
    first = await enrol(make_profile(5), subject="me", statement="yes", request_id="enrol-5")

    again = await enrol(make_profile(5), subject="me", statement="yes", request_id="enrol-5")

    assert again.voice_id == first.voice_id
    with pytest.raises(AlreadyExistsError):
        await enrol(make_profile(6), subject="me", statement="yes", request_id="enrol-5")


async def test_an_enrolled_voice_is_shown_and_erased(servers: Running) -> None:
    voice = await servers.client.create_voice(make_profile(8), subject="me", statement="yes")

    shown = await servers.client.get_voice(voice.voice_id)
    await servers.client.delete_voice(voice.voice_id)

    assert (shown.voice_id, shown.model_version) == (voice.voice_id, "fake-1")
    for call in (servers.client.get_voice, servers.client.delete_voice):
        with pytest.raises(NotFoundError) as gone:
            await call(voice.voice_id)
        assert gone.value.reason == "VOICE_NOT_FOUND"


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


async def test_the_map_shows_every_singer_or_says_why_not(servers: Running) -> None:
    with pytest.raises(WrongStateError) as refused:
        await servers.client.get_map("genre")

    assert refused.value.reason == "TOO_FEW_SINGERS"


async def test_a_catalogue_of_enough_singers_has_a_map_of_each_colour(
    patch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = small_settings(tmp_path)
    catalogue = bootstrap.open_catalogue(settings)
    for number in range(8):
        info = TrackInfo(f"Singer {number}", "Song", genre="folk" if number % 2 else None)
        catalogue.add_track(info, f"{number:x}" * 64, 9.0, "identity", make_profile(number))
    catalogue.close()
    use_fake_ear(patch)
    async with running(settings) as servers:
        maps = [await servers.client.get_map(colour) for colour in ("gender", "genre", "range")]

    assert [point.singer_id for point in maps[0].points] == [f"singer-{number}" for number in range(8)]
    assert {point.label for point in maps[1].points} == {"folk", None}
    assert {point.label for point in maps[2].points} <= {"low", "middle", "high"}
    assert all(0.0 <= one.trustworthiness <= 1.0 for one in maps)


async def test_the_client_for_threads_says_the_same(servers: Running) -> None:
    expected = [track async for track in servers.client.list_tracks()]

    def call() -> tuple[list[CatalogueTrack], str, str]:
        with Client(servers.embedding, servers.recommender) as client:
            tracks = list(client.list_tracks(page_size=4))
            singers = client.recommend_singers(mp3(170.0)).singers
            profile = client.embed(Recording(mp3(170.0), a_cappella=True))
            try:
                client.get_singer("nobody")
            except NotFoundError as error:
                return tracks, singers[0].singer_id, f"{error.reason} {profile.model_version}"
            return tracks, "", ""

    tracks, nearest, reason = await asyncio.to_thread(call)

    assert tracks == expected
    assert nearest.startswith("singer-")
    assert reason == "SINGER_NOT_FOUND fake-1"


async def test_every_method_of_the_client_for_threads_works(servers: Running) -> None:
    def call_all() -> list[object]:
        info = TrackDescription("Passing Singer", "Passing Song")
        stages: list[str] = []
        with Client(servers.embedding, servers.recommender) as client:
            model = client.get_model()
            long = client.embed(wav(tone(25.0), 44_100))
            batch = client.embed_batch([mp3(200.0), b"no sound at all"])
            track = client.index_track(mp3(900.0), info, lambda stage, _: stages.append(stage))
            singers = [singer.name for singer in client.list_singers(page_size=3)]
            client.delete_track(track.track_id)
            voice = client.create_voice(long, subject="me", statement="yes")
            shown = client.get_voice(voice.voice_id)
            songs = client.recommend_songs(VoiceId(voice.voice_id), k=2).songs
            likely = client.identify_singer(VoiceId(voice.voice_id), k=1).singers
            client.delete_voice(voice.voice_id)
            with pytest.raises(WrongStateError):
                client.get_map("range")
            with pytest.raises(InvalidInputError):
                client.get_map("taste")
        kinds = [type(outcome).__name__ for outcome in batch]
        return [
            model.model_version,
            kinds,
            stages[-1],
            singers[-1],
            len(songs),
            len(likely),
            shown.voice_id == voice.voice_id,
        ]

    seen = await asyncio.to_thread(call_all)

    assert seen == ["fake-1", ["VoiceProfile", "EmbedRefusal"], "stored", "Singer 2", 2, 1, True]


async def test_a_file_that_is_not_there_is_said_before_any_call(servers: Running, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await servers.client.embed(tmp_path / "missing.wav")

    assert refused.value.reason == "NOT_READABLE"
