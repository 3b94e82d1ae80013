"""`singalike experiment` as a person runs it, on what servers have written down."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from singalike.errors import InvalidInputError, NotFoundError, SingalikeError
from singalike.recsys.experiments import assign_arm, read_experiment
from singalike.services import bootstrap
from singalike.services.cli.root import group
from singalike.services.index_follower import IndexFollower
from singalike.services.listeners.exposure_log import ExposureLog
from singalike.services.listeners.listener_records import LIKE, Feedback
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.showing import Showing
from singalike.services.settings import read_settings
from tests.support.catalogue_entries import CONSENT, EAR, add_track
from tests.support.fake_ear import make_profile
from tests.support.folders import quick_folder
from tests.support.servers import use_fake_ear

ARMS = [
    {"name": "old", "preset": "voice-songs", "share": 0.5},
    {"name": "new", "preset": "dissimilar-songs", "share": 0.5},
]
TEXT = json.dumps({"name": "unlike", "ranks": "songs", "arms": ARMS})
LISTENERS = [f"listener-{number}" for number in range(8)]
ARM_OF = {listener: assign_arm(read_experiment(TEXT), listener).name for listener in LISTENERS}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A catalogue whose listeners were shown a list each; those of the arm "new" liked the first song."""
    with quick_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SINGALIKE_MIN_FREE_DISK_MB", "0")
        use_fake_ear(patch)
        (folder / "experiment.json").write_text(TEXT, "utf-8")
        settings = read_settings(data_dir=folder / "data")
        catalogue, store = bootstrap.open_catalogue(settings), bootstrap.open_feedback(settings)
        for number in range(8):
            add_track(catalogue, number, singer=f"Singer {number // 2}")
        index = bootstrap.open_index(settings.model_copy(update={"index": "exact"}), 16, 8)
        IndexFollower(catalogue, index, EAR).start()
        now = datetime.now(UTC)
        log = ExposureLog(store)
        showing = Showing(Recommender(catalogue, index, EAR), log, lambda: now, read_experiment(TEXT))
        with (folder / "voices.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("listener_id", "voice_id"))
            for number, listener in enumerate(LISTENERS):
                profile = make_profile(number % 3)
                shown = showing.recommend_songs(profile, RecommendOptions(k=3, listener_id=listener))
                rows.writerow((listener, catalogue.add_voice(profile, CONSENT, listener).voice_id))
                if ARM_OF[listener] == "new":
                    liked = Feedback("", LIKE, shown.songs[0].track_id, "", now, exposure_id=shown.summary.exposure_id)
                    store.record(listener, [liked])
        log.flush()
        store.close()
        catalogue.close()
        yield folder


def run(folder: Path, *arguments: str, data: bool = True) -> Result:
    words = ["experiment", *arguments, "--experiment", str(folder / "experiment.json")]
    return CliRunner().invoke(
        group, [*words, *(("--data-dir", str(folder / "data")) if data else ())], standalone_mode=False
    )


def read(folder: Path, *arguments: str, data: bool = True) -> dict:
    result = run(folder, *arguments, "--json", data=data)
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def test_assign_says_the_arm_of_each_listener(folder: Path) -> None:
    found = read(folder, "assign", *LISTENERS, data=False)

    assert {listener: arm["name"] for listener, arm in found.items()} == ARM_OF
    assert f"{LISTENERS[0]}: {ARM_OF[LISTENERS[0]]}" in run(folder, "assign", LISTENERS[0], data=False).stdout


def test_an_interleaved_experiment_has_no_arms_to_assign(tmp_path: Path) -> None:
    (tmp_path / "both.json").write_text(TEXT.replace('"ranks"', '"interleave": true, "ranks"'), "utf-8")
    arguments = ["experiment", "assign", "mia", "--experiment", str(tmp_path / "both.json")]

    assert "one list out of all arms" in CliRunner().invoke(group, arguments).stdout


def test_an_experiment_with_a_preset_that_is_not_there_assigns_nobody(tmp_path: Path) -> None:
    (tmp_path / "experiment.json").write_text(TEXT.replace("dissimilar-songs", "no-songs"), "utf-8")

    result = run(tmp_path, "assign", "mia", data=False)

    assert isinstance(result.exception, NotFoundError)


def test_report_counts_what_came_of_each_arm(folder: Path) -> None:
    old, new = read(folder, "report")["arms"]

    assert (old["exposures"], old["success"]["successes"]) == (list(ARM_OF.values()).count("old"), 0)
    assert new["exposures"] == new["success"]["successes"] == list(ARM_OF.values()).count("new")
    assert "came to something" in run(folder, "report").stdout


@pytest.mark.parametrize("preset", ["voice-songs", "dissimilar-songs"])
def test_replay_matches_the_lists_that_a_preset_made(folder: Path, preset: str) -> None:
    arm = {"voice-songs": "old", "dissimilar-songs": "new"}[preset]

    found = read(folder, "replay", preset, "--voices", str(folder / "voices.csv"), "--depth", "2")

    assert found["without_voice"] == 0
    assert found["figures"]["lists"] == len(LISTENERS)
    assert found["figures"]["matched"]["cases"] == list(ARM_OF.values()).count(arm)
    assert found["figures"]["matched"]["rate"] == found["figures"]["by_probability"] == float(arm == "new")


def test_replay_leaves_out_listeners_without_a_voice(folder: Path, tmp_path: Path) -> None:
    voices = tmp_path / "voices.csv"
    voices.write_text("listener_id,voice_id\nlistener-0,v-gone\n")

    shown = run(folder, "replay", "voice-songs", "--voices", str(voices))

    assert "0 lists, 8 more of listeners without an enrolled voice" in shown.stdout


@pytest.mark.parametrize("text", ["", "name\nann\n", "listener_id,voice_id\nann,\n"])
def test_a_list_of_voices_that_cannot_be_read_is_refused(folder: Path, tmp_path: Path, text: str) -> None:
    voices = tmp_path / "voices.csv"
    voices.write_text(text)

    refused = run(folder, "replay", "voice-songs", "--voices", str(voices)).exception

    assert isinstance(refused, InvalidInputError)
    assert refused.reason == "BAD_VOICES"


def test_without_an_experiment_there_is_nothing_to_report(folder: Path) -> None:
    refused = CliRunner().invoke(group, ["experiment", "assign", "ann"], standalone_mode=False).exception

    assert isinstance(refused, SingalikeError)
    assert refused.reason == "NO_EXPERIMENT"
