"""The tables of timbre on a tiny folder of buzzing singers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Bench, Method, Vectors
from singalike.embeddings.evaluation.conditions import CLEAN
from singalike.embeddings.evaluation.report import Report
from singalike.embeddings.evaluation.section import Section
from singalike.embeddings.evaluation.timbre import evaluate_timbre, identity_section
from singalike.embeddings.evaluation.timbre_methods import timbre_methods, timbre_parts
from singalike.embeddings.evaluation.timbre_probes import probe_section, shift_section
from singalike.embeddings.voice_frames import VoiceFrames
from singalike.errors import InvalidInputError
from tests.support.measured_folders import open_bench, write_measured_folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = write_measured_folder(tmp_path_factory.mktemp("measured"))
    return open_bench(folder, VoiceEncoder.load(device="cpu"))


@pytest.fixture(scope="module")
def methods(bench: Bench) -> Mapping[str, Method]:
    everything = timbre_methods(bench.encoder)
    return {name: everything[name] for name in ("timbre", "mean-mel", "f0 alone")}


@pytest.fixture(scope="module")
def section(bench: Bench, methods: Mapping[str, Method]) -> Section:
    return identity_section(bench, bench.sets(), methods, CLEAN, "timbre", "Telling singers apart", curves=True)


def value(section: Section, method: str, figure: str) -> float:
    return next(row.figures[figure].value for row in section.rows if row.method == method)


def test_vocal_tracts_are_told_apart_better_than_by_pitch_or_by_chance(section: Section) -> None:
    assert value(section, "timbre", "MAP") > value(section, "f0 alone", "MAP")
    assert value(section, "timbre", "MAP") > value(section, "chance", "MAP")
    assert [row.method for row in section.rows if not row.baseline] == ["timbre"]


def test_each_set_has_its_curves(section: Section) -> None:
    assert list(section.curves) == ["det toy singing", "confusion of singers toy singing"]
    assert list(section.curves["confusion of singers toy singing"]) == ["anna", "berta", "carl", "dirk"]


class Joined:
    """Joins two parts."""

    def by_network(self, _frames: VoiceFrames) -> Vectors:
        return np.array([1.0, 0.0], dtype=np.float32)

    def by_linear(self, _frames: VoiceFrames) -> Vectors:
        return np.array([0.0, 1.0], dtype=np.float32)


def test_the_parts_of_an_encoder_are_found_by_name() -> None:
    assert list(timbre_parts(Joined())) == ["linear", "network"]


def test_a_moved_pitch_is_nearer_to_the_recording_than_another_singer(
    bench: Bench, methods: Mapping[str, Method]
) -> None:
    few = {"toy singing": [one for one in bench.sets()["toy singing"] if one.singer in {"anna", "carl"}]}

    shifted = shift_section(bench, few, {"timbre": methods["timbre"]})

    assert value(shifted, "timbre", "cosine at +5") > value(shifted, "timbre", "cosine, other singers")
    assert value(shifted, "timbre", "cosine at +0") > value(shifted, "timbre", "cosine at +5")


def test_a_probe_finds_the_key_in_the_pitch_and_the_singer_in_the_timbre(
    bench: Bench, methods: Mapping[str, Method]
) -> None:
    probed = probe_section(bench, methods, singers=4)

    assert value(probed, "f0 alone", "key, R2") > value(probed, "timbre", "key, R2")
    assert value(probed, "timbre", "singer") > value(probed, "chance", "singer")


def test_without_a_second_song_singers_cannot_be_found_again(tmp_path: Path, bench: Bench) -> None:
    lines = [f"toy/{number}.wav,singing,singer{number},song" for number in range(12)]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,kind,singer,song", *lines]))

    with pytest.raises(InvalidInputError, match="two songs"):
        evaluate_timbre(open_bench(tmp_path, bench.encoder))


def test_the_report_names_its_command_its_ear_and_every_row(section: Section) -> None:
    report = Report("singalike evaluate timbre --data toy", "ear-1", [section], ["one thread"])

    text = report.to_markdown({"timbre/det toy singing": "plots/det.png"})

    assert "    singalike evaluate timbre --data toy" in text
    assert "`ear-1`" in text
    assert "| toy singing | **timbre** | 12 |" in text
    assert "![det toy singing](plots/det.png)" in text
    assert report.to_json()["sections"][0]["rows"][0]["figures"]["MAP"]["value"] == value(section, "timbre", "MAP")
