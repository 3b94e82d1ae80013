"""The topic conversion: what is judged, what is kept, what is drawn."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from singalike.audio.sound import Sound
from singalike.conversion.evaluation.contenders import AS_WRITTEN, Contender, Effort
from singalike.conversion.evaluation.figures import Figures, Judged
from singalike.conversion.evaluation.jury import Naturalness
from singalike.conversion.evaluation.pairs import RATE, Pair
from singalike.conversion.evaluation.tables import gain_rows, position_interval
from singalike.conversion.evaluation.topic import ConversionSubject, evaluate_conversion
from singalike.conversion.metrics import Similarities
from singalike.conversion.world_retrieval.analysis import HOP_S
from singalike.conversion.world_retrieval.pitch import VoicePitch
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.recordings import MeasuredFolder
from singalike.embeddings.evaluation.section import Section
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.errors import InvalidInputError, WrongStateError
from singalike.services.adapters.utmos import load_utmos
from singalike.services.cli.root import group
from singalike.services.report_plots import draw_views
from tests.support.measured_folders import decode, no_progress
from tests.support.sung_takes import take

PITCH = VoicePitch.load()


def track(sound: Sound) -> np.ndarray:
    """Find the pitch as engines do."""
    return PITCH.track(sound, HOP_S)


def meter(work: Callable[[], Sound]) -> tuple[Sound, Effort]:
    """Say that all work takes as long."""
    return work(), Effort(0.5, 7.0)


def loudness_peer(waveforms: Sequence[np.ndarray]) -> np.ndarray:
    """Tell voices apart by nothing but how loud they are."""
    angles = np.array([float(np.abs(waveform).mean()) for waveform in waveforms])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def line(name: str, sound_of: Callable[[Pair], Sound], *, baseline: bool = False) -> Contender:
    """Stand in for an engine."""
    return Contender(name, f"1, {name}", baseline, lambda pair, _seed: lambda: sound_of(pair))


def write_pairs(folder: Path) -> Path:
    """Write two synthetic singers, and a file that makes one the other."""
    for name, singer, melody in (("me", 3, 0), ("take", 8, 1), ("held_out", 8, 0)):
        soundfile.write(folder / f"{name}.wav", take(singer, melody, 2.0).waveform[0], RATE)
    file = folder / "pairs.csv"
    file.write_text("source,takes,held_out,set\nme.wav,take.wav,held_out.wav,two\n", "utf-8")
    return file


def evaluated(folder: Path, *lines: Contender, **asked: object) -> Sequence[Section]:
    """Judge contenders on one pair, with a cache."""
    nothing, ear = MeasuredFolder(folder, ()), VoiceEncoder.load(device="cpu")
    bench = Bench(nothing, ear, decode, VectorCache(folder / "cache"), no_progress, say=lambda _words: None)
    subject = ConversionSubject(lines, track, meter, own_pairs=write_pairs(folder))
    return evaluate_conversion(replace(subject, **asked), replace(bench, peers={"peer": loudness_peer}))


def refuse(_pair: Pair) -> Sound:
    raise InvalidInputError("TOO_LITTLE_VOICE", "sing more")


def test_the_source_is_at_zero_the_target_at_one_and_what_an_engine_refuses_is_told(tmp_path: Path) -> None:
    lines = (line("stays", lambda pair: pair.source), line("arrives", lambda pair: pair.take), line("refuses", refuse))

    table, _ = evaluated(tmp_path, *lines)

    figures = {row.method: {name: figure.value for name, figure in row.figures.items()} for row in table.rows}
    assert set(figures) == {"stays", "arrives"}
    assert figures["stays"]["position"] == pytest.approx(0.0, abs=1e-6)
    assert figures["arrives"]["position"] == figures["arrives"]["by peer"] == pytest.approx(1.0, abs=1e-4)
    assert (figures["stays"]["content"], figures["stays"]["F0 corr"]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (figures["stays"]["RTF"], figures["stays"]["peak MiB"]) == (pytest.approx(0.25), 7.0)
    assert any("refuses 1 of two" in note and "sing more" in note for note in table.notes)


def test_a_second_run_converts_nothing_and_finds_the_same(tmp_path: Path) -> None:
    made: list[str] = []

    def counted(pair: Pair) -> Sound:
        made.append(pair.name)
        return pair.take

    first = evaluated(tmp_path, line("engine", counted))
    second = evaluated(tmp_path, line("engine", counted))

    assert made == ["row 1"]
    assert first[0].rows == second[0].rows


def test_a_source_can_be_moved_to_where_the_target_sings(tmp_path: Path) -> None:
    shifts: list[float] = []

    def noted(pair: Pair) -> Sound:
        shifts.append(pair.key_shift)
        return pair.source

    evaluated(tmp_path, line("engine", noted), key_shift=None)

    medians = [float(np.median(f0_hz[f0_hz > 0])) for f0_hz in (track(take(3, 0, 2.0)), track(take(8, 1, 2.0)))]
    assert shifts == [round(12.0 * np.log2(medians[1] / medians[0]))]
    assert shifts != [0]


def test_opinions_have_a_column_when_somebody_predicts_them(tmp_path: Path) -> None:
    opinion = Naturalness("v1", lambda waveform: 3.5 if len(waveform) == 32_000 else 0.0)

    table, _ = evaluated(tmp_path, line("engine", lambda pair: pair.source), naturalness=opinion)

    assert table.rows[0].figures["UTMOS"].value == 3.5


def test_pictures_show_source_engines_and_target_and_are_drawn(tmp_path: Path) -> None:
    lines = (line("stays", lambda pair: pair.source), line("arrives", lambda pair: pair.take), line("refuses", refuse))

    (name, views), = evaluated(tmp_path, *lines, pictures=True)[0].views.items()  # fmt: skip
    draw_views(name, views, tmp_path / "plots" / "two.png")

    assert [view.title for view in views] == ["source", "arrives", "target, held out"]
    assert all(view.level_db.max() == pytest.approx(0.0, abs=0.1) for view in views)
    assert np.nanmedian(views[0].f0_hz) > 60.0
    assert (tmp_path / "plots" / "two.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_in_which_nobody_shares_a_song_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        evaluated(tmp_path, line("engine", lambda pair: pair.source), own_pairs=None)

    assert caught.value.reason == "NOTHING_TO_MEASURE"


def test_the_interval_of_a_position_holds_it_and_is_a_point_for_one_pair() -> None:
    pairs = [Similarities(0.2, 0.5, 0.8), Similarities(0.1, 0.2, 0.9), Similarities(0.3, 0.7, 0.7)]

    whole, single = position_interval(pairs), position_interval(pairs[:1])

    assert whole.low is not None
    assert whole.high is not None
    assert whole.low < whole.value < whole.high
    assert (single.low, single.value, single.high) == pytest.approx((0.5, 0.5, 0.5))


def test_a_gain_is_a_share_of_the_whole_way_over_pairs_that_both_convert() -> None:
    def known(name: str, reached: float, content: float, *pairs: str) -> Judged:
        figures = Figures(0.0, reached, 0.5, content, *([float("nan")] * 9))
        return Judged(line(name, refuse, baseline=name == AS_WRITTEN), dict.fromkeys(pairs, figures), {}, {})

    (row,) = gain_rows("two", [known(AS_WRITTEN, 0.2, 0.7, "a", "b"), known("engine", 0.3, 0.8, "a", "b", "c")])

    assert row.count == 2
    assert row.figures["position gained"].value == pytest.approx(0.2)
    assert row.figures["content gained"].value == pytest.approx(0.1)


class _Loud(torch.nn.Module):
    """An opinion that is the loudness."""

    @torch.jit.export
    def score(self, waveform: torch.Tensor) -> torch.Tensor:
        return waveform.abs().amax(dim=-1)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return waveform


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_weights_of_utmos_are_loaded_and_other_files_refused(tmp_path: Path) -> None:
    good, bad = tmp_path / "utmos.pt", tmp_path / "bad.pt"
    torch.jit.script(_Loud()).save(str(good))
    bad.write_bytes(b"no weights")

    opinion = load_utmos(good, "cpu").predict(np.array([0.5, -0.75], dtype=np.float32))

    assert opinion == 0.75
    with pytest.raises(WrongStateError) as caught:
        load_utmos(bad, "cpu")
    assert caught.value.reason == "WEIGHTS_DAMAGED"


METERED = """
import numpy as np
from singalike.audio.sound import Sound
from singalike.services.effort import ProcessMeter

work = lambda: Sound(np.ones((1, 40 * 1024 * 1024 // 4), dtype=np.float32)[:, :10].copy(), 16_000)
sound, effort = ProcessMeter()(work)
print(sound.waveform.shape[1], effort.peak_mib)
"""


def test_the_meter_sees_memory_that_is_given_back_before_the_work_is_done() -> None:
    # In a process of its own: one that has given back much memory already may use that again, and needs no more.
    told = subprocess.run([sys.executable, "-c", METERED], check=True, capture_output=True, text=True)

    samples, peak_mib = told.stdout.split()
    assert samples == "10"
    assert np.isnan(float(peak_mib)) or 35.0 < float(peak_mib) < 60.0


def test_the_command_compares_an_engine_with_its_baselines(tmp_path: Path) -> None:
    options = ["--pairs", str(write_pairs(tmp_path)), "--engine", "world-retrieval", "--no-cache", "--json"]

    result = CliRunner().invoke(group, ["evaluate", "conversion", *options], catch_exceptions=False)

    rows = json.loads(result.stdout)["sections"][0]["rows"]
    assert [row["method"] for row in rows if not row["baseline"]] == ["world-retrieval"]
    assert {row["method"] for row in rows} >= {"untouched source", "copy synthesis", "affine only", AS_WRITTEN}
    assert all(row["figures"]["content"]["value"] > 0.3 for row in rows)
