"""Who gets which preset, two rankings in one list, and what a log says of a third."""

import json
from collections import Counter

import numpy as np
import pytest

from singalike.errors import InvalidInputError
from singalike.recsys.experiments import Arm, Experiment, assign_arm, list_seed, read_experiment
from singalike.recsys.interleaving import Slots, preferred_team, team_draft
from singalike.recsys.replay import LoggedList, replay, share_of

HALVES = Experiment("dial", "songs", (Arm("a", "voice-songs@1", 0.5), Arm("b", "mine@1", 0.5)))
LISTENERS = [f"listener-{number}" for number in range(4000)]


def told(**changes: object) -> str:
    arms = [{"name": "a", "preset": "one", "share": 0.5}, {"name": "b", "preset": "two", "share": 0.5}]
    return json.dumps({"name": "dial", "ranks": "songs", "arms": arms, **changes})


def test_a_listener_always_gets_the_same_arm() -> None:
    first = [assign_arm(HALVES, listener) for listener in LISTENERS[:50]]

    assert [assign_arm(HALVES, listener) for listener in LISTENERS[:50]] == first


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.1, 0.9), (0.2, 0.3, 0.5)])
def test_arms_get_their_shares(shares: tuple[float, ...]) -> None:
    arms = tuple(Arm(f"arm{place}", "p", share) for place, share in enumerate(shares))
    experiment = Experiment("dial", "songs", arms)

    counts = Counter(assign_arm(experiment, listener).name for listener in LISTENERS)

    # Four deviations of a binomial draw.
    for arm in arms:
        expected, deviation = len(LISTENERS) * arm.share, np.sqrt(len(LISTENERS) * arm.share * (1 - arm.share))
        assert abs(counts[arm.name] - expected) < 4 * deviation


@pytest.mark.parametrize("changes", [{"salt": "again"}, {"name": "other"}])
def test_another_salt_or_name_shuffles_listeners_anew(changes: dict[str, str]) -> None:
    other = Experiment(**{"name": "dial", "ranks": "songs", "arms": HALVES.arms, **changes})  # type: ignore[arg-type]

    same = np.mean([assign_arm(HALVES, who) == assign_arm(other, who) for who in LISTENERS])

    assert 0.45 < same < 0.55


def test_an_experiment_is_read_from_json() -> None:
    found = read_experiment(told(interleave=True, salt="s"))

    assert found == Experiment("dial", "songs", (Arm("a", "one", 0.5), Arm("b", "two", 0.5)), True, "s")
    assert found.joined_arms == "a+b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        told(name=""),
        told(ranks="people"),
        told(arms=[]),
        told(arms=[{"name": "a", "preset": "p", "share": 1.0}]),
        told(arms=[{"name": "a", "preset": "p", "share": 0.5}] * 2),
        told(arms=[{"name": "a", "preset": "p", "share": 0.5}, {"name": "b", "preset": "p", "share": 0.6}]),
        told(arms=[{"name": "a", "preset": "p", "share": 1.5}, {"name": "b", "preset": "p", "share": -0.5}]),
        told(arms=[{"name": "a", "preset": "p", "share": float("nan")}, {"name": "b", "preset": "p", "share": 0.5}]),
        told(arms=[{"name": "a+b", "preset": "p", "share": 0.5}, {"name": "c", "preset": "p", "share": 0.5}]),
        told(arms=[{"name": "a", "preset": 7, "share": 0.5}, {"name": "c", "preset": "p", "share": 0.5}]),
        told(arms=[{"name": "a", "preset": "p", "share": "half"}, {"name": "c", "preset": "p", "share": 0.5}]),
        told(arms=[{"name": "a", "preset": "p", "share": 10**400}, {"name": "c", "preset": "p", "share": 0.5}]),
        told(name="\ud800"),
        told(name="two\nlines"),
        told(name="n" * 201),
        "[" * 100_000,
        told(interleave="yes"),
        told(colour="blue"),
        told(interleave=True, arms=[{"name": name, "preset": "p", "share": 0.25} for name in "abcd"]),
    ],
)
def test_an_experiment_that_cannot_run_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_experiment(text)

    assert refused.value.reason == "BAD_EXPERIMENT"


def open_slots(rows: int, size: int = 100) -> Slots:
    """Every row is a song and a singer of its own."""
    return Slots(np.arange(rows), np.arange(rows), size, 1)


def test_a_draft_gives_both_rankings_as_many_places_and_keeps_their_order() -> None:
    first, second = [0, 1, 2, 3], [2, 4, 0, 5]

    drafted = list(team_draft(first, second, open_slots(6), seed=3))

    assert sorted(row for row, _ in drafted) == sorted({*first, *second})
    for team, ranking in enumerate((first, second)):
        given = [row for row, of in drafted if of == team]
        assert given == [row for row in ranking if row in given]
    for length in range(0, 5, 2):
        assert sum(team for _, team in drafted[:length]) == length // 2


def test_the_same_seed_drafts_the_same_list() -> None:
    forwards, backwards = list(range(8)), list(range(8))[::-1]
    drafts = [tuple(team_draft(forwards, backwards, open_slots(8), seed)) for seed in (1, 1, 2, 3, 4)]

    assert drafts[0] == drafts[1]
    assert len(set(drafts)) > 1
    assert list_seed(HALVES, "ann", 0) == list_seed(HALVES, "ann", 0) != list_seed(HALVES, "ben", 0)


def test_a_short_ranking_leaves_the_rest_to_the_other() -> None:
    assert {row for row, _ in team_draft([0], [1, 2, 3], open_slots(4), seed=0)} == {0, 1, 2, 3}
    assert list(team_draft([], [1, 2, 3], open_slots(4), seed=0)) == [(1, 1), (2, 1), (3, 1)]
    assert list(team_draft([], [], open_slots(0), seed=0)) == []


def test_versions_of_a_song_take_one_place_and_a_singer_one_on_a_page_while_others_are_left() -> None:
    song = np.array([0, 0, 1, 2, 3, 4])
    singer = np.array([0, 1, 0, 0, 2, 3])

    drafted = [row for row, _ in team_draft([0, 2, 3, 4, 5], [1, 2, 3, 4, 5], Slots(song, singer, 3, 1), seed=0)]

    assert len({song[row] for row in drafted}) == len(drafted) == 5
    assert len({singer[row] for row in drafted[:3]}) == 3


def test_whoever_gave_more_of_what_was_chosen_wins() -> None:
    items, teams = ("p", "q", "r", "s"), ("a", "b", "a", "b")

    assert preferred_team(items, teams, ["p", "r", "s"]) == "a"
    assert preferred_team(items, teams, ["s", "s", "elsewhere"]) == "b"
    assert preferred_team(items, teams, ["p", "q"]) == ""
    assert preferred_team(items, teams, []) == ""


def simulated_wins(better: float, lists: int = 400) -> Counter[str]:
    """Interleave a ranking that puts what is liked first with a random one, for listeners who click by liking."""
    rng = np.random.default_rng(5)
    wins: Counter[str] = Counter()
    for number in range(lists):
        liking = rng.uniform(0, 1, 30)
        noise = better * liking + (1 - better) * rng.uniform(0, 1, 30)
        drafted = list(team_draft(np.argsort(-noise).tolist(), rng.permutation(30).tolist(), open_slots(30), number))
        shown, teams = zip(*((str(row), ("good", "random")[team]) for row, team in drafted[:10]), strict=True)
        clicked = [item for item in shown if rng.uniform() < 0.3 * liking[int(item)] ** 2]
        wins[preferred_team(shown, teams, clicked)] += 1
    return wins


def test_interleaving_finds_the_better_ranking_from_clicks() -> None:
    wins = simulated_wins(better=0.7)

    won = share_of(wins["good"], wins["good"] + wins["random"])
    assert won.low is not None
    assert won.low > 0.5


def test_interleaving_prefers_nobody_when_both_are_random() -> None:
    wins = simulated_wins(better=0.0)

    won = share_of(wins["good"], wins["good"] + wins["random"])
    assert won.low is not None
    assert won.high is not None
    assert won.low < 0.5 < won.high


def test_the_wilson_interval_is_as_computed_by_hand() -> None:
    # 10 of 20: centre (.5 + 3.8415/40) / (1 + 3.8415/20) = .5; half = 1.96 / 1.192 x sqrt(.0125 + .0024) = .2007
    found = share_of(10, 20)

    assert (found.rate, found.low, found.high) == pytest.approx((0.5, 0.2993, 0.7007), abs=1e-4)
    assert share_of(0, 0).rate is None
    assert share_of(0, 5).low == pytest.approx(0.0)


def simulated_log(lists: int = 6000) -> tuple[list[LoggedList], float]:
    """Show one of two lists by chance, mostly the first; return the log and how the second fares in truth."""
    rng = np.random.default_rng(9)
    log, truth = [], []
    for _ in range(lists):
        eager = bool(rng.uniform() < 0.3)
        often, seldom = ("p", "q"), ("q", "p") if eager else ("r", "s")
        shown, probability = (often, 0.9) if rng.uniform() < 0.9 else (seldom, 0.1)
        odds = {"p": 0.2, "q": 0.6, "r": 0.1, "s": 0.1}
        chosen = frozenset(item for item in shown[:1] if rng.uniform() < odds[item])
        log.append(LoggedList(shown, chosen, seldom, probability))
        truth.append(odds[seldom[0]])
    return log, float(np.mean(truth))


def test_a_replay_estimates_what_the_other_list_comes_to() -> None:
    log, truth = simulated_log()

    found = replay(log, depth=1)

    assert found.matched.cases == pytest.approx(600, rel=0.2)
    assert found.matched.low is not None
    assert found.matched.high is not None
    assert found.matched.low < truth < found.matched.high
    assert found.by_probability == pytest.approx(truth, abs=0.05)


def test_weights_correct_for_lists_that_were_likely_to_be_shown() -> None:
    # The preset agrees with what was shown always (chosen by nobody) where listeners are of one kind, and one time of
    # ten (always chosen) where they are of the other: half of all listeners would choose.
    certain = [LoggedList(("a",), frozenset(), ("a",), 1.0)] * 100
    seldom = [LoggedList(("b",), frozenset("b"), ("b",), 0.1)] * 10
    others = [LoggedList(("c",), frozenset(), ("b",), 0.9)] * 90

    found = replay([*certain, *seldom, *others], depth=1)

    assert found.matched.rate == pytest.approx(10 / 110)
    assert found.by_probability == pytest.approx(0.5)


def test_a_replay_counts_the_choices_that_would_still_have_been_offered() -> None:
    log = [
        LoggedList(("a", "b"), frozenset("ab"), ("b", "c")),
        LoggedList(("a", "b"), frozenset(), ("a", "b")),
    ]

    found = replay(log, depth=2)

    assert (found.kept_choices.successes, found.kept_choices.cases) == (1, 2)
    assert (found.matched.successes, found.matched.cases) == (0, 1)
    assert found.by_probability is None
