"""Histories are read row by row from the files that are about."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from singalike.errors import InvalidInputError
from singalike.services.listeners.interaction_file import BadRow, Interaction, count_rows, read_interactions

MOMENT = datetime(2026, 5, 4, 20, 15, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", f"user,item,time\nmia,t1,{SECONDS}\n"),
        ("a.csv", f"\ufeffTimestamp,User_ID,rating,Track_ID\n{SECONDS}000,mia,5,t1\n"),
        ("a.tsv", f"listener\titem\tdate\nmia\tt1\t{SECONDS}.0\n"),
        ("a.csv", "user,item,time\n mia ,t1,2026-05-04T22:15:00+02:00\n\n"),
        ("a.csv", "user,item,time\nmia,t1,2026-05-04 20:15\n"),
        ("a.jsonl", f'{{"user": "mia", "item": "t1", "time": {SECONDS}000000}}\n\n'),
    ],
)
def test_one_row_means_the_same_however_it_is_written(tmp_path: Path, name: str, text: str) -> None:
    assert list(read_interactions(written(tmp_path, name, text))) == [Interaction("mia", "t1", MOMENT)]


@pytest.mark.parametrize("time", [MOMENT, MOMENT.astimezone(timezone(timedelta(hours=9))), MOMENT.replace(tzinfo=None)])
def test_parquet_is_read_with_its_own_times(tmp_path: Path, time: datetime) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": [7], "item": ["t1"], "time": [time], "kind": ["Like"]}), path)

    assert list(read_interactions(path)) == [Interaction("7", "t1", MOMENT, "like")]
    assert count_rows(path) == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("mia,t1", "2 fields"),
        ("mia,t1,1,2", "4 fields"),
        (",t1,1", "user"),
        ("mia,,1", "item"),
        (f"{'m' * 201},t1,1", "user"),
        ("mia,t1,", "time"),
        ("mia,t1,yesterday", "time"),
        ("mia,t1,nan", "time"),
        ("mia,t1,1e300", "time"),
        ("mia,t1,0001-01-01T00:00:00+14:00", "time"),
        ("mia,t1,9999-12-31T23:59:59-14:00", "time"),
        ("mia\x9b31m,t1,1", "user"),
    ],
)
def test_a_bad_row_is_told_with_its_number_and_harms_no_other(tmp_path: Path, row: str, why: str) -> None:
    path = written(tmp_path, "a.csv", f"user,item,time\nmia,t1,1\n{row}\nmia,t2,2\n")

    first, bad, last = read_interactions(path)

    assert isinstance(bad, BadRow)
    assert bad.number == 2
    assert why in bad.message
    assert isinstance(first, Interaction)
    assert isinstance(last, Interaction)


def test_bad_lines_of_json_are_told(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "a.jsonl",
        '{"user": 1}\nnothing\n[1]\n{"user": "a", "item": null, "time": 1}\n'
        '{"user": "\\ud800", "item": "t1", "time": 1}\n',
    )

    assert [type(row) for row in read_interactions(path)] == [BadRow] * 5


def test_a_line_of_json_that_means_harm_is_a_bad_row(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", "\n".join(["[" * 100_000, "9" * 5000]))

    assert [type(row) for row in read_interactions(path)] == [BadRow] * 2


def test_a_time_that_python_cannot_hold_is_one_bad_row_of_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    times = pa.array([SECONDS * 10**6, 2**63 - 1, SECONDS * 10**6], pa.timestamp("us"))
    pq.write_table(pa.table({"user": ["mia"] * 3, "item": ["t1"] * 3, "time": times}), path)

    assert [type(row) for row in read_interactions(path)] == [Interaction, BadRow, Interaction]


def test_nanoseconds_and_texts_as_bytes_are_read_as_other_tools_mean_them(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    times = pa.array([SECONDS * 10**9 + 1], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"user": [b"mia"], "item": ["t1"], "time": times, "kind": [b"Like"]}), path)

    assert list(read_interactions(path)) == [Interaction("mia", "t1", MOMENT, "like")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"user,item,time\n"),
        ("a.csv", b"user,item\n"),
        ("a.csv", b""),
        ("a.csv", b"user,item,time\n\xff\xfe\n"),
        ("a.parquet", b"no parquet at all"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InvalidInputError) as refused:
        list(read_interactions(path))

    assert refused.value.reason == "BAD_INTERACTIONS"
