"""A file of what people did: how it is read, cut in time, and judged."""

from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.recordings import MeasuredFolder
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.errors import InvalidInputError
from singalike.recsys.evaluation.interaction_contest import judge_log
from singalike.recsys.evaluation.interaction_log import InteractionLog, arrange_log, split_by_time
from singalike.recsys.evaluation.listener_world import WorldSize
from singalike.recsys.evaluation.topic import evaluate_recommender
from singalike.recsys.presets import SIMILAR, SONGS, shipped_presets
from singalike.services.evaluate import read_log
from tests.support.measured_folders import decode, no_progress

PEOPLE, ITEMS, TASTES = 90, 60, 3
SMALL = WorldSize(singers=20, tracks_per_singer=4, taught=40, asked=12, chosen=5, history_lengths=(0, 5))


def drawn_log(seed: int = 0, choices: int = 20) -> InteractionLog:
    """People of three tastes, who choose nine times of ten among the items of their own."""
    random = np.random.default_rng(seed)
    users, items, times = [], [], []
    for person in range(PEOPLE):
        for _ in range(choices):
            taste = person % TASTES if random.uniform() < 0.9 else random.integers(TASTES)
            users.append(f"u{person}")
            items.append(f"i{TASTES * random.integers(ITEMS // TASTES) + taste}")
            times.append(random.uniform(0.0, 1e7))
    return arrange_log(users, items, times)


def test_only_the_first_choice_of_an_item_counts_and_all_are_in_the_order_of_time() -> None:
    log = arrange_log(["a", "a", "b", "a"], ["x", "y", "x", "x"], [3.0, 2.0, 1.0, 0.5])

    assert log.time.tolist() == [0.5, 1.0, 2.0]
    assert [log.items[item] for item in log.item] == ["x", "x", "y"]
    assert log.users == 2


def test_nothing_is_learnt_from_what_comes_after_the_cut() -> None:
    log = drawn_log()

    split = split_by_time(log)

    before = log.time < split.cut
    assert before.mean() == pytest.approx(0.8, abs=0.01)
    assert sum(map(len, split.histories)) == before.sum()
    for row, future in zip(split.asked, split.futures, strict=True):
        assert not set(future.tolist()) & set(split.histories[row].tolist())
        assert (split.first_time[future] < split.cut).all()


def test_fewer_people_are_asked_where_a_log_is_large() -> None:
    assert len(split_by_time(drawn_log(), most=25).asked) == 25


def test_a_log_of_few_people_is_refused_with_what_is_missing() -> None:
    log = arrange_log(["a", "b"], ["x", "y"], [0.0, 1.0])

    with pytest.raises(InvalidInputError, match="20 are needed") as error:
        split_by_time(log)

    assert error.value.reason == "TOO_FEW_INTERACTIONS"


def test_taste_is_found_in_a_log_and_chance_finds_none() -> None:
    section = judge_log("drawn", drawn_log(), shipped_presets().default(SIMILAR, SONGS), 0)

    found = {row.method: row.figures["NDCG@10"].value for row in section.rows}

    assert found["collaborative"] > 1.5 * found["random"]
    assert found["blend"] > 1.5 * found["random"]
    assert {"popularity", "freshness", "item-item cosine (implicit)", "BPR (implicit)"} <= set(found)
    assert "90 people" in section.notes[0]


def test_rows_that_cannot_be_used_or_speak_against_an_item_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    rows = ("ann,x,2026-01-02T03:04:05Z,play", "ann,y,yesterday,play", "ann,z,1767323046,skip", "bob,x,1767323047,")
    file.write_text("\n".join(["user,item,time,kind", *rows]), "utf-8")
    said: list[str] = []

    log = read_log(file, said.append)

    assert log.items == ("x",)
    assert log.time.tolist() == [1767323045.0, 1767323047.0]
    assert said == [f"{file}: 1 rows cannot be used and are left out"]


def test_an_empty_file_holds_nobody(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("user,item,time\n", "utf-8")

    assert read_log(file, print).users == 0


def test_the_topic_needs_no_recordings_and_judges_a_file_last() -> None:
    said: list[str] = []
    nothing = MeasuredFolder(Path(), ())
    ear = VoiceEncoder.load(device="cpu")
    bench = Bench(nothing, ear, decode, VectorCache(None), no_progress, said.append, seed=3)

    sections = evaluate_recommender(bench, log=drawn_log(), log_name="drawn.csv", size=SMALL)

    assert [section.name for section in sections] == [
        "recommender-singers",
        "recommender-songs",
        "recommender-history",
        "recommender-mixes",
        "recommender-keys",
        "recommender-interactions",
    ]
    assert sections[0].notes[0].startswith("Blend: voice-singers@")
    assert sections[-1].rows[0].recordings == "drawn.csv"
