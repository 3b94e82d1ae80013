"""Judging the recommender on recordings: what is asked, of which catalogue, and what stands in the table."""

from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.catalogue_view import track_view
from singalike.recsys.evaluation.catalogue_of_takes import HITS_PER_SEGMENT, SearchedView, searched_view
from singalike.recsys.evaluation.contest import Contest
from singalike.recsys.evaluation.heard_profiles import Take
from singalike.recsys.evaluation.real_voices import BLEND, RANDOM, ask, evaluate_real_voices
from singalike.recsys.presets import SIMILAR, SINGERS, shipped_presets
from singalike.services.adapters.exact_index import ExactIndex
from singalike.services.ports import NO_FILTER, IndexPoint
from singalike.services.recommender.segment_search import find_hits
from tests.support.fake_ear import make_profile
from tests.support.measured_folders import open_bench, write_measured_folder

FEW = 40
PRESET = shipped_presets().default(SIMILAR, SINGERS)


def takes_of(singers: int, songs: int) -> list[Take]:
    """Singers whose voices are their own, each with songs."""
    return [
        Take(f"{singer}-{song}", f"singer {singer}", f"song {song}", make_profile(1000 * singer))
        for singer in range(singers)
        for song in range(songs)
    ]


def catalogue_of(profiles: list[VoiceProfile]) -> SearchedView:
    tracks = [track_view(f"t{row:02}", f"s{row // 2:02}", "", "", one) for row, one in enumerate(profiles)]
    return searched_view(tracks, [profile.segments.timbre for profile in profiles])


def points_of(profiles: list[VoiceProfile]) -> list[IndexPoint]:
    return [
        IndexPoint(
            1 + 100 * row + part, f"s{row // 2:02}", f"t{row:02}", 0.0, 1.0, timbre, profile.segments.style[part]
        )
        for row, profile in enumerate(profiles)
        for part, timbre in enumerate(profile.segments.timbre)
    ]


def test_a_voice_that_sings_the_same_in_every_song_is_found_by_the_blend_and_not_by_chance() -> None:
    contest, scores, likeness = ask("made up", takes_of(12, 3), PRESET, seed=0)

    rows = {row.method: row for row in contest.judge(scores)}

    assert rows[BLEND].figures["recall@1"].value == 1.0
    assert rows[RANDOM].figures["recall@1"].value < 0.5
    assert rows[BLEND].count == 36
    assert likeness.figures["own singer"].value > 0.9
    assert not rows[BLEND].baseline
    assert rows[RANDOM].figures["blend ahead"].low == pytest.approx(0.5, abs=0.3)


def test_every_query_is_of_its_own_singer_and_no_song_of_it_is_in_the_catalogue() -> None:
    contest, scores, _ = ask("made up", takes_of(4, 2), PRESET, seed=0)

    assert contest.relevant.sum(axis=1).tolist() == [1] * 8
    assert scores[BLEND].shape == (8, 4)
    assert (scores["most tracks"] == 1.0).all()


def test_what_says_nothing_anywhere_has_no_figures() -> None:
    contest = Contest("made up", np.eye(3, dtype=bool), np.eye(3, dtype=np.float32))

    ours, silent = contest.judge({"ours": np.eye(3), "silent": np.full((3, 3), np.nan)})

    assert ours.figures["NDCG@10"].value == 1.0
    assert np.isnan(silent.figures["NDCG@10"].value)


def test_what_a_signal_does_not_know_comes_behind_what_it_knows() -> None:
    contest = Contest("made up", np.array([[True, False]]), np.eye(2, dtype=np.float32))

    found = contest.rank(np.array([[0.0, np.nan]]))

    assert found.order.tolist() == [[0, 1]]


def test_what_is_known_already_is_not_shown() -> None:
    known = np.array([[True, False, False]])
    contest = Contest("made up", np.array([[False, False, True]]), np.eye(3, dtype=np.float32), known=known)

    found = contest.rank(np.array([[0.9, 0.5, 0.1]]))

    assert 0 not in found.order


def test_the_hits_are_those_that_the_shells_get_from_an_index() -> None:
    profiles = [make_profile(seed) for seed in range(FEW)]
    catalogue, query = catalogue_of(profiles), make_profile(7)
    index = ExactIndex(profiles[0].timbre.size, profiles[0].style.size)
    index.upsert(points_of(profiles))

    ours, theirs = catalogue.find_hits(query), find_hits(index, query, catalogue.view, NO_FILTER)

    assert len(ours) == len(theirs) == 3 * HITS_PER_SEGMENT
    assert ours.track.tolist() == theirs.track.tolist()
    assert ours.similarity == pytest.approx(theirs.similarity, abs=1e-6)


def test_a_folder_is_asked_from_recordings_to_a_table(tmp_path: Path) -> None:
    bench = open_bench(write_measured_folder(tmp_path / "folder"), VoiceEncoder.load(device="cpu"))

    section, likeness = evaluate_real_voices(bench, PRESET)

    assert {row.recordings for row in section.rows} == {"toy singing"}
    assert section.rows[0].method == BLEND
    assert [row.count for row in likeness.rows] == [12 * 3]
    assert section.rows[0].figures["recall@1"].value > 0.5
    assert section.curves["recall over list length, toy singing"][BLEND][-1] == (3.0, 1.0)
