"""Who becomes whom: pairs found in a folder, and a person's own."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.audio.sound import Sound
from singalike.conversion.evaluation.own_pairs import read_own_pairs
from singalike.conversion.evaluation.pairs import MOST_TAKES, RATE, Match, find_matches
from singalike.embeddings.evaluation.recordings import MeasuredFolder, Recording
from singalike.errors import InvalidInputError
from tests.support.measured_folders import decode


def recording(name: str, singer: str, song: str) -> Recording:
    return Recording(name, Path("/nowhere", name), "singing", singer, song=song)


def matches_of(*recordings: Recording, root: Path = Path("/nowhere"), most: int = 99) -> list[Match]:
    return [match for found in find_matches(MeasuredFolder(root, recordings), most).values() for match in found]


def test_everybody_who_sings_a_song_becomes_once_the_next_one_and_nothing_of_that_song_is_learnt() -> None:
    sung = [recording(f"a/{who}{song}{take}", who, f"song{song}_emo{take}") for who in "uvw" for song in range(4)
            for take in range(2)]  # fmt: skip

    found = matches_of(*sung)

    assert len(found) == 12
    for match in found:
        (source,), (target,) = {one.singer for one in match.source}, {one.singer for one in match.held_out}
        assert source != target
        assert {one.singer for one in match.takes} == {target}
        assert {one.work for one in match.source} == {one.work for one in match.held_out}
        assert {one.work for one in match.held_out}.isdisjoint(one.work for one in match.takes)
        assert len(match.takes) <= MOST_TAKES


def test_works_take_turns_when_only_some_pairs_are_wanted() -> None:
    sung = [recording(f"a/{who}{song}", who, f"song{song}") for who in "uvw" for song in range(4)]

    found = matches_of(*sung, most=4)

    assert len({match.name.split(", ")[1] for match in found}) == 4


def test_a_target_without_other_songs_is_learnt_from_the_first_half_and_judged_by_the_second() -> None:
    ramps = {"a/u": np.linspace(0.0, 0.5, 4 * RATE), "a/v": np.linspace(0.5, 1.0, 6 * RATE)}
    (match, *_) = [one for one in matches_of(recording("a/u", "u", "one"), recording("a/v", "v", "one"))
                   if one.name.startswith("u")]  # fmt: skip

    pair = match.read(lambda one: Sound(ramps[one.name][None].astype(np.float32), RATE), key_shift=-2.0)

    assert pair.source.duration_s == pytest.approx(2.0)
    assert pair.source.waveform.min() > 0.24
    assert [take.duration_s for take in pair.takes] == [pytest.approx(3.0)]
    assert pair.takes[0].waveform.max() <= pair.held_out.waveform.min()
    assert pair.key_shift == -2.0


def test_a_corpus_may_say_which_clips_are_of_one_song(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "same_song_pairs.csv").write_text("group,clip_a,clip_b\nG1,a/u1,a/v1\n", "utf-8")
    clips = [recording("a/u1", "u", "mine"), recording("a/u2", "u", "mine"), recording("a/v1", "v", "yours"),
             *(recording(f"a/u{n}", "u", f"other{n}") for n in range(3, 6))]  # fmt: skip

    found = {match.name: match for match in matches_of(*clips, root=tmp_path)}

    assert set(found) == {"u to v, G1", "v to u, G1"}
    assert [one.name for one in found["v to u, G1"].takes] == ["a/u3", "a/u4", "a/u5"]


def write_own(folder: Path, head: str, *rows: str) -> Path:
    """Write three recordings, and a file of pairs."""
    for name in ("me", "you", "you_too"):
        soundfile.write(folder / f"{name}.wav", np.full(8_000, 0.1), 8_000)
    file = folder / "mine.csv"
    file.write_text("\n".join([head, *rows]), "utf-8")
    return file


def test_own_pairs_lie_beside_their_file_and_may_have_keys_of_their_own(tmp_path: Path) -> None:
    rows = ("me.wav,you.wav; you.wav,you_too.wav,7.5", "you.wav,me.wav,me.wav,")

    first, second = read_own_pairs(
        write_own(tmp_path, "source,takes,held_out,key_shift", *rows), decode, key_shift=-1.0
    )

    assert (len(first.takes), first.key_shift, second.key_shift) == (2, 7.5, -1.0)
    assert first.set_name == "mine"
    assert first.held_out.sample_rate == RATE


@pytest.mark.parametrize(
    ("head", "row", "message"),
    [
        ("source,takes", "me.wav,you.wav", "held_out"),
        ("source,takes,held_out", "me.wav,him.wav,you.wav", "him.wav"),
        ("source,takes,held_out,key_shift", "me.wav,you.wav,you.wav,up", "semitones"),
    ],
)
def test_own_pairs_that_cannot_be_read_say_what_to_correct(tmp_path: Path, head: str, row: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        list(read_own_pairs(write_own(tmp_path, head, row), decode))

    assert caught.value.reason == "BAD_PAIRS"
