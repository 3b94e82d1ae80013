"""`singalike feedback`, `exclusions` and `listeners` as a person runs them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import click
import pytest
from click.testing import CliRunner, Result

from singalike.errors import InvalidInputError, NotFoundError
from singalike.services import bootstrap
from singalike.services.adapters.sql_feedback import SqlFeedback
from singalike.services.cli.root import group, main
from singalike.services.listeners.feedback_import import ImportTools, import_feedback
from singalike.services.listeners.interaction_file import read_interactions
from singalike.services.settings import read_settings
from tests.support.catalogue_entries import add_track, sha
from tests.support.folders import quick_folder

TRACKS = [sha(number)[:20] for number in range(3)]


@pytest.fixture
def data_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SINGALIKE_MIN_FREE_DISK_MB", "0")
    with quick_folder() as folder:
        catalogue = bootstrap.open_catalogue(read_settings(data_dir=folder / "data"))
        for number in range(3):
            add_track(catalogue, number, singer=f"Singer {number}", isrc=f"KRA38170222{number}")
        catalogue.close()
        yield folder / "data"


def run(*arguments: str | Path, data_dir: Path, stdin: str = "") -> Result:
    words = [*map(str, arguments), "--data-dir", str(data_dir)]
    return CliRunner().invoke(group, words, standalone_mode=False, input=stdin)


def read(*arguments: str | Path, data_dir: Path) -> dict:
    result = run(*arguments, "--json", data_dir=data_dir)
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def test_an_event_is_recorded_listed_and_taken_back(data_dir: Path) -> None:
    like = read("feedback", "record", "mia", "like", "--singer", "singer-1", data_dir=data_dir)
    sung = read(
        "feedback", "record", "mia", "sing", "--track", TRACKS[0], "--time", "2026-05-04T20:15:00+02:00",
        "--keep-until", "2126-05-04", "--exposure", "e-1", data_dir=data_dir,
    )  # fmt: skip
    listed = read("feedback", "list", "mia", data_dir=data_dir)
    removed = read("feedback", "delete", "mia", like["feedback_id"], data_dir=data_dir)
    left = read("feedback", "list", "mia", data_dir=data_dir)

    assert listed == {"feedback": [like, sung], "next_page_token": "", "total_size": 2}
    assert (sung["time"], sung["exposure_id"]) == ("2026-05-04T18:15:00+00:00", "e-1")
    assert removed == {"removed": like["feedback_id"]}
    assert left["feedback"] == [sung]


def test_lists_for_people_hold_what_was_done(data_dir: Path) -> None:
    run("feedback", "record", "mia", "hide", "--track", TRACKS[1], data_dir=data_dir)
    run("exclusions", "add", "mia", "--genre", "트로트", data_dir=data_dir)

    events = run("feedback", "list", "mia", data_dir=data_dir).stdout
    exclusions = run("exclusions", "list", "mia", data_dir=data_dir).stdout

    assert "hide" in events
    assert TRACKS[1] in events
    assert "트로트" in exclusions


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("like",), click.UsageError),
        (("like", "--track", TRACKS[0], "--singer", "singer-1"), click.UsageError),
        (("like", "--track", "nowhere"), NotFoundError),
        (("play", "--singer", "singer-1"), InvalidInputError),
        (("play", "--track", TRACKS[0], "--time", "soon"), InvalidInputError),
        (("play", "--track", TRACKS[0], "--time", "2126-05-04"), InvalidInputError),
        (("play", "--track", TRACKS[0], "--keep-until", "2001-01-01"), InvalidInputError),
    ],
)
def test_a_wrong_event_is_refused(data_dir: Path, words: tuple[str, ...], error: type[Exception]) -> None:
    result = run("feedback", "record", "mia", *words, data_dir=data_dir)

    assert isinstance(result.exception, error)
    assert read("feedback", "list", "mia", data_dir=data_dir)["total_size"] == 0


def test_exclusions_are_added_listed_and_taken_back(data_dir: Path) -> None:
    choices = [
        ("--singer", "singer-1"),
        ("--track", TRACKS[2]),
        ("--genre", "folk"),
        ("--language", "ko"),
        ("--unlike-singer", "singer-2"),
    ]
    added = [read("exclusions", "add", "mia", *choice, data_dir=data_dir) for choice in choices]
    listed = read("exclusions", "list", "mia", data_dir=data_dir)
    read("exclusions", "remove", "mia", added[0]["exclusion_id"], data_dir=data_dir)

    assert [each["kind"] for each in added] == ["singer", "track", "genre", "language", "unlike_singer"]
    assert listed["exclusions"] == sorted(added, key=lambda each: each["exclusion_id"])
    assert read("exclusions", "list", "mia", data_dir=data_dir)["total_size"] == 4
    for words in ((), ("--genre", "folk", "--language", "ko")):
        assert isinstance(run("exclusions", "add", "mia", *words, data_dir=data_dir).exception, click.UsageError)


def test_erasing_a_listener_asks_first_and_leaves_no_byte(data_dir: Path) -> None:
    run("feedback", "record", "zerubabel", "like", "--track", TRACKS[0], data_dir=data_dir)
    run("exclusions", "add", "zerubabel", "--genre", "folk", data_dir=data_dir)

    kept = run("listeners", "erase", "zerubabel", data_dir=data_dir, stdin="n\n")
    still_there = read("feedback", "list", "zerubabel", data_dir=data_dir)["total_size"]
    erased = run("listeners", "erase", "zerubabel", data_dir=data_dir, stdin="y\n")

    assert isinstance(kept.exception, click.Abort)
    assert still_there == 1
    assert erased.stdout == "removed zerubabel\n"
    assert not any(b"zerubabel" in path.read_bytes() for path in data_dir.rglob("*") if path.is_file())


@pytest.fixture
def history(tmp_path: Path) -> Path:
    rows = ["user,item,time,kind"]
    rows += [f"listener {number % 7},{TRACKS[number % 3]},{1_700_000_000 + number},sing" for number in range(50)]
    rows += ["mia,KRA381702221,2020-02-29T12:00:00Z,", "mia,nowhere,1,play", "mia,nowhere", f"mia,{TRACKS[0]},1,clap"]
    path = tmp_path / "history.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_a_history_is_imported_once_and_what_is_left_out_is_told(data_dir: Path, history: Path) -> None:
    first = read("feedback", "import", history, "--kind", "like", data_dir=data_dir)
    again = read("feedback", "import", history, "--kind", "like", data_dir=data_dir)

    (event,) = read("feedback", "list", "mia", data_dir=data_dir)["feedback"]
    assert (first["added"], first["known"], first["unknown_items"], first["bad_rows"]) == (51, 0, 1, 2)
    assert (again["added"], again["known"], again["interrupted"]) == (0, 51, False)
    assert len(first["examples"]) == 3
    assert (event["kind"], event["track_id"], event["time"]) == ("like", TRACKS[1], "2020-02-29T12:00:00+00:00")
    assert event["expire_time"] > datetime.now(UTC).isoformat()


def test_an_import_of_nothing_says_so(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("user,item,time\nmia,nowhere,1\n", "utf-8")

    result = run("feedback", "import", path, data_dir=data_dir)

    assert result.return_value == 1
    assert "nowhere" in result.stderr
    assert result.stdout.startswith("0 added")


def test_an_import_that_was_stopped_goes_on_where_it_was(
    data_dir: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("singalike.services.listeners.feedback_import.BATCH_ROWS", 10)
    settings, stop = read_settings(data_dir=data_dir), Event()
    catalogue, store = bootstrap.open_catalogue(settings), SqlFeedback(settings.catalogue_url)
    tools = ImportTools(catalogue, store, datetime.now(UTC) - timedelta(seconds=1), 0, "like")

    half = import_feedback(read_interactions(history), tools, lambda _rows: stop.set(), stop)
    store.close()
    catalogue.close()
    rest = read("feedback", "import", history, "--kind", "like", data_dir=data_dir)

    assert (half.added, half.interrupted) == (10, True)
    assert (rest["added"], rest["known"]) == (41, 10)


@pytest.mark.parametrize(
    "command",
    [
        ["listeners", "erase", "\udcff", "--yes"],
        ["feedback", "record", "mia", "like", "--singer", "\udcff"],
        ["exclusions", "add", "mia", "--genre", "\udcff"],
    ],
)
def test_bytes_that_are_no_text_are_refused_in_one_line(
    data_dir: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--data-dir", str(data_dir)])

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("singalike: ")
