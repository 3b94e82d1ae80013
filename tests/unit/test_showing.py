"""Lists for listeners: whose arm, what is noted down, and what the report makes of it."""

from collections import Counter
from datetime import UTC, datetime
from itertools import count

import numpy as np
import pytest

from singalike.errors import NotFoundError
from singalike.recsys.experiments import Arm, Experiment, assign_arm
from singalike.recsys.replay import share_of
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.experiment_report import ExperimentReport, report_experiment
from singalike.services.listeners.exposure_log import ExposureLog
from singalike.services.listeners.listener_records import LIKE, PLAY, Feedback
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.recommend_options import Seed
from singalike.services.recommender.showing import Showing, check_experiment
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.voices import voice

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EXPERIMENT = Experiment("dial", "songs", (Arm("old", "voice-songs", 0.5), Arm("new", "dissimilar-songs", 0.5)))
LISTENERS = [f"listener-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    catalogue = MemoryCatalogue()
    for singer in range(6):
        for take in range(2):
            catalogue.put(f"s{singer}", f"t{singer}{take}", voice(singer, take + 1))
    return Recommender(catalogue, MemoryIndex(catalogue), "fake-1")  # type: ignore[arg-type]


class Stage:
    """A showing with its log and store."""

    def __init__(self, recommender: Recommender, experiment: Experiment | None = EXPERIMENT) -> None:
        numbers = count()
        self.store = MemoryFeedback()
        self.log = ExposureLog(self.store)
        self.showing = Showing(recommender, self.log, lambda: NOW, experiment, lambda: f"e-{next(numbers)}")

    def record(self, listener_id: str, kind: str, track_id: str, exposure_id: str) -> None:
        self.store.record(listener_id, [Feedback("", kind, track_id, "", NOW, exposure_id=exposure_id)])

    def report(self, singer_of: dict[str, str] | None = None) -> ExperimentReport:
        self.log.flush()
        return report_experiment(EXPERIMENT, self.store, singer_of or {}, NOW)


def test_a_listener_gets_the_preset_of_their_arm_and_the_list_is_noted_down(recommender: Recommender) -> None:
    stage = Stage(recommender)

    for listener in LISTENERS:
        arm = assign_arm(EXPERIMENT, listener)
        shown = stage.showing.recommend_songs(voice(1, 9), RecommendOptions(k=3, listener_id=listener))
        assert (shown.summary.experiment, shown.summary.arm) == ("dial", arm.name)
        assert shown.summary.preset.startswith(arm.preset)

    stage.log.flush()
    exposures = list(stage.store.walk_exposures("dial"))
    assert {one.listener_id for one in exposures} == set(LISTENERS)
    assert {one.arm for one in exposures} == {"old", "new"}
    assert all(len(one.items) == 3 and one.ranks == "songs" and one.time == NOW for one in exposures)


@pytest.mark.parametrize(
    "options",
    [
        RecommendOptions(),
        RecommendOptions(listener_id="ann", preset="voice-songs"),
        RecommendOptions(listener_id="ann", weights={"timbre": 1.0}),
        RecommendOptions(listener_id="ann", relation="dissimilar"),
    ],
)
def test_a_request_that_names_nobody_or_has_made_its_choice_is_in_no_experiment(
    recommender: Recommender, options: RecommendOptions
) -> None:
    shown = Stage(recommender).showing.recommend_songs(voice(1, 9), options)

    assert (shown.summary.experiment, shown.summary.arm) == ("", "")
    assert bool(shown.summary.exposure_id) == bool(options.listener_id)


def test_an_experiment_with_songs_leaves_singers_alone_but_they_are_noted_down(recommender: Recommender) -> None:
    stage = Stage(recommender)

    shown = stage.showing.recommend_singers(voice(1, 9), RecommendOptions(listener_id="ann"))

    stage.log.flush()
    (exposure,) = stage.store.walk_exposures()
    assert exposure.exposure_id == shown.summary.exposure_id
    assert (exposure.ranks, exposure.experiment) == ("singers", "")
    assert exposure.items == tuple(singer.singer_id for singer in shown.singers)


def test_later_pages_are_of_the_same_arm_and_have_exposures_of_their_own(recommender: Recommender) -> None:
    stage, options = Stage(recommender), RecommendOptions(k=4, listener_id="ann", seeds=(Seed("singer", "s2"),))

    first = stage.showing.recommend_songs(voice(1, 9), options)
    second = stage.showing.recommend_songs(voice(1, 9), options, first.next_page_token)

    assert first.summary.arm == second.summary.arm
    assert first.summary.exposure_id != second.summary.exposure_id
    assert not {song.track_id for song in first.songs} & {song.track_id for song in second.songs}


def test_an_experiment_with_an_unknown_preset_does_not_start(recommender: Recommender) -> None:
    experiment = Experiment("dial", "songs", (Arm("a", "voice-songs", 0.5), Arm("b", "nowhere", 0.5)))

    with pytest.raises(NotFoundError) as refused:
        check_experiment(experiment, recommender.presets)

    assert refused.value.reason == "PRESET_NOT_FOUND"


def test_a_report_counts_lists_listeners_and_successes_by_arm(recommender: Recommender) -> None:
    stage = Stage(recommender)
    arms = Counter(assign_arm(EXPERIMENT, listener).name for listener in LISTENERS)
    liked = next(listener for listener in LISTENERS if assign_arm(EXPERIMENT, listener).name == "new")
    for listener in LISTENERS:
        shown = stage.showing.recommend_songs(voice(1, 9), RecommendOptions(k=3, listener_id=listener))
        kind = LIKE if listener == liked else PLAY
        stage.record(listener, kind, shown.songs[0].track_id, shown.summary.exposure_id)

    old, new = stage.report().arms

    assert (old.exposures, old.listeners, old.success.successes) == (arms["old"], arms["old"], 0)
    assert (new.exposures, new.listeners, new.success.successes) == (arms["new"], arms["new"], 1)
    assert new.success.rate == pytest.approx(1 / arms["new"])


def test_somebody_elses_event_on_a_list_does_not_count(recommender: Recommender) -> None:
    stage = Stage(recommender)
    shown = stage.showing.recommend_songs(voice(1, 9), RecommendOptions(k=3, listener_id="ann"))
    stage.record("ben", LIKE, shown.songs[0].track_id, shown.summary.exposure_id)

    assert sum(arm.success.successes for arm in stage.report().arms) == 0


def test_the_better_arm_is_found_from_clicks(recommender: Recommender) -> None:
    stage, clicks = Stage(recommender), np.random.default_rng(3)
    for number in range(80):
        listener = f"fan-{number}"
        shown = stage.showing.recommend_songs(voice(1, 9), RecommendOptions(k=2, listener_id=listener))
        for song in shown.songs:
            if clicks.uniform() < (0.7 if song.singer_id == "s1" else 0.1):
                stage.record(listener, LIKE, song.track_id, shown.summary.exposure_id)

    old, new = stage.report().arms

    assert old.success.low is not None
    assert new.success.high is not None
    assert old.success.low > new.success.high


MIXED = Experiment("mixed", "songs", EXPERIMENT.arms, interleave=True)


def test_an_interleaved_list_says_who_gave_what_and_goes_on_over_pages(recommender: Recommender) -> None:
    stage = Stage(recommender, MIXED)
    options = RecommendOptions(k=4, listener_id="ann")

    pages = [stage.showing.recommend_songs(voice(1, 9), options)]
    while pages[-1].next_page_token:
        pages.append(stage.showing.recommend_songs(voice(1, 9), options, pages[-1].next_page_token))

    stage.log.flush()
    old, new = (recommender.presets.find(arm.preset, "songs") for arm in MIXED.arms)
    shown = [song.track_id for page in pages for song in page.songs]
    exposures = {one.exposure_id: one for one in stage.store.walk_exposures("mixed")}
    assert len(shown) == len(set(shown)) == len(recommender.view().tracks)
    assert [page.summary.arm for page in pages] == ["old+new"] * len(pages)
    assert all(page.summary.preset == f"{old.label}+{new.label}" for page in pages)
    for page in pages:
        exposure = exposures[page.summary.exposure_id]
        assert exposure.items == tuple(song.track_id for song in page.songs)
        assert len(exposure.teams) == len(exposure.items)
        assert set(exposure.teams) <= {"old", "new"}
    assert sorted(exposures[pages[0].summary.exposure_id].teams) == ["new", "new", "old", "old"]


def test_a_suggestion_of_an_interleaved_list_is_scored_by_the_preset_that_gave_it(recommender: Recommender) -> None:
    mixed = recommender.recommend_songs(voice(1, 9), RecommendOptions(k=6, preset="voice-songs+dissimilar-songs"))

    for song, team in zip(mixed.songs, mixed.teams, strict=True):
        preset = ("voice-songs", "dissimilar-songs")[team]
        alone = recommender.recommend_songs(voice(1, 9), RecommendOptions(k=100, preset=preset))
        assert song.score == next(other.score for other in alone.songs if other.track_id == song.track_id)
        assert sum(song.signals.values()) == pytest.approx(song.score)


def test_three_presets_are_told_that_two_can_share_a_list(recommender: Recommender) -> None:
    with pytest.raises(NotFoundError, match="name two"):
        recommender.recommend_songs(voice(1, 9), RecommendOptions(preset="voice-songs+duet-songs+popular-songs"))


def test_a_singer_of_an_interleaved_list_is_explained_by_the_preset_that_gave_them(recommender: Recommender) -> None:
    options = RecommendOptions(k=4, preset="voice-singers+dissimilar-singers")
    mixed = recommender.recommend_singers(voice(1, 9), options)

    told = [recommender.explain_singer(voice(1, 9), singer.singer_id, options) for singer in mixed.singers]

    assert set(mixed.teams) == {0, 1}
    assert [each.singer.score for each in told] == [singer.score for singer in mixed.singers]
    assert all(each.suggested for each in told)


def test_the_same_seed_interleaves_alike(recommender: Recommender) -> None:
    lists = [
        recommender.recommend_songs(
            voice(1, 9), RecommendOptions(preset="voice-songs+dissimilar-songs", random_seed=seed)
        )
        for seed in (-4, -4, 1, 2, 3)
    ]

    orders = [tuple(song.track_id for song in found.songs) for found in lists]
    assert orders[0] == orders[1]
    assert len(set(orders)) > 1


def test_a_listener_may_ask_for_an_interleaved_list_outside_any_experiment(recommender: Recommender) -> None:
    stage = Stage(recommender, experiment=None)

    stage.showing.recommend_songs(
        voice(1, 9), RecommendOptions(k=4, listener_id="ann", preset="voice-songs+dissimilar-songs")
    )

    stage.log.flush()
    (exposure,) = stage.store.walk_exposures()
    assert sorted(exposure.teams) == sorted(2 * exposure.preset.split("+"))
    assert (exposure.experiment, exposure.arm) == ("", "")


@pytest.mark.parametrize("preset", ["voice-songs+nowhere", "voice-songs+voice-songs+voice-songs"])
def test_interleaving_with_a_preset_that_is_not_there_is_refused(recommender: Recommender, preset: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        recommender.recommend_songs(voice(1, 9), RecommendOptions(preset=preset))

    assert refused.value.reason == "PRESET_NOT_FOUND"


def test_interleaving_finds_the_better_arm_from_clicks(recommender: Recommender) -> None:
    stage, clicks = Stage(recommender, MIXED), np.random.default_rng(3)
    for number in range(60):
        listener = f"fan-{number}"
        shown = stage.showing.recommend_songs(voice(1, 9), RecommendOptions(k=4, listener_id=listener))
        for song in shown.songs:
            if clicks.uniform() < (0.7 if song.singer_id == "s1" else 0.1):
                stage.record(listener, LIKE, song.track_id, shown.summary.exposure_id)
    stage.log.flush()

    report = report_experiment(MIXED, stage.store, {}, NOW)

    old, new = report.arms
    won = share_of(old.interleaving_wins, old.interleaving_wins + new.interleaving_wins)
    assert won.low is not None
    assert won.low > 0.5
    assert old.interleaving_wins + new.interleaving_wins + report.ties == 60


def test_a_list_that_is_shown_again_is_noted_down_again_until_its_listener_is_erased(recommender: Recommender) -> None:
    stage = Stage(recommender)
    first = stage.showing.recommend_songs(voice(1, 9), RecommendOptions(k=3, listener_id="ann")).summary.exposure_id

    second = stage.showing.show_again(first)

    stage.log.flush()
    shown = {one.exposure_id: one for one in stage.store.walk_exposures("dial")}
    assert set(shown) == {first, second}
    assert shown[first].items == shown[second].items
    with stage.showing.erasing("ann"):
        stage.store.erase_listener("ann")
    assert stage.showing.show_again(first) == ""


def test_a_list_that_was_being_made_while_its_listener_was_erased_is_not_noted_down(recommender: Recommender) -> None:
    store = MemoryFeedback()
    log = ExposureLog(store)

    def erased_meanwhile() -> str:
        with showing.erasing("ann"):
            store.erase_listener("ann")
        return "e-1"

    showing = Showing(recommender, log, lambda: NOW, EXPERIMENT, erased_meanwhile)

    shown = [
        showing.recommend_songs(voice(1, 9), RecommendOptions(k=3, listener_id=listener)).summary.exposure_id
        for listener in ("ann", "ben")
    ]

    log.flush()
    assert shown == ["", "e-1"]
    assert [one.listener_id for one in store.walk_exposures("dial")] == ["ben"]


def test_nothing_is_noted_down_of_a_listener_who_is_being_erased(recommender: Recommender) -> None:
    stage, asked = Stage(recommender), RecommendOptions(k=3, listener_id="ann")
    first = stage.showing.recommend_songs(voice(1, 9), asked).summary.exposure_id

    with stage.showing.erasing("ann"):
        shown = stage.showing.recommend_songs(voice(1, 9), asked).summary.exposure_id, stage.showing.show_again(first)
    after = stage.showing.recommend_songs(voice(1, 9), asked).summary.exposure_id

    stage.log.flush()
    assert shown == ("", "")
    assert [one.exposure_id for one in stage.store.walk_exposures("dial")] == [after]
