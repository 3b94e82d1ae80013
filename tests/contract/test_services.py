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
from singalike.client import CatalogueTrack, Client, EmbedRefusal, Recording, TrackDescription, VoiceId
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import AlreadyExistsError, CapacityError, InvalidInputError, NotFoundError, WrongStateError
from singalike.services import bootstrap
from singalike.services.records import TrackInfo
from singalike.v1.recommender_service_pb2 import ListSingersRequest
from tests.support.fake_ear import make_profile
from tests.support.recordings import tone
from tests.support.servers import Running, running, small_settings, use_fake_ear
from tests.support.six_tracks import EQUAL, mp3, six_tracks

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    use_fake_ear(patch)
    async with six_tracks(tmp_path_factory.mktemp("data")) as servers:
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
