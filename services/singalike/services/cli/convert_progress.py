"""Showing a conversion: a bar while it goes, and afterwards what was done."""

import json
from collections.abc import Callable
from types import TracebackType
from typing import Self

import click

from singalike.services.cli.convert_wish import Wish
from singalike.services.conversion_records import ConversionProgress, ConvertedSong, StoredConversion

SEPARATING = "separating"


class StageWatch:
    """Shows a bar with stage and time left on a terminal, and remembers how long each stage took.

    Args:
        clock: Seconds, growing.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description:<11}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=1.0, left="")
        self._clock = clock
        self._stage, self._since_s = "", 0.0
        self.stage_s: dict[str, float] = {}

    @property
    def elapsed_s(self) -> float:
        """All stages together."""
        return sum(self.stage_s.values())

    def show(self, progress: ConversionProgress) -> None:
        """Move the bar."""
        if progress.stage != self._stage:
            self._close_stage()
            self._stage = str(progress.stage)
        left = "" if progress.time_left_s is None else f"{progress.time_left_s:.0f} s left"
        self._bar.update(self._task, completed=progress.share, description=self._stage, left=left)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._since_s = self._clock()
        self._bar.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._close_stage()
        self._bar.stop()

    def _close_stage(self) -> None:
        now_s = self._clock()
        name = self._stage or "loading"
        self.stage_s[name] = self.stage_s.get(name, 0.0) + now_s - self._since_s
        self._since_s = now_s


def print_queued(conversion: StoredConversion, *, as_json: bool) -> None:
    """Say that a worker will make it."""
    if as_json:
        said = {
            "conversion_id": conversion.conversion_id,
            "voice_id": conversion.order.voice_id,
            "state": conversion.state,
        }
        click.echo(json.dumps(said))
        return
    click.echo(f"{conversion.conversion_id} is {conversion.state}: singalike conversions watch, then save")


def print_converted(conversion: StoredConversion, wish: Wish, watch: StageWatch, *, as_json: bool) -> None:
    """Say what was done."""
    song = conversion.song
    assert song is not None
    said = _facts(conversion, song, wish, watch)
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    stages = ", ".join(f"{stage} {spent_s:.1f} s" for stage, spent_s in watch.stage_s.items())
    whose = f"voice {conversion.order.voice_id}" if wish.is_kept else "a voice that is forgotten now"
    click.echo(f"{wish.out}: {song.duration_s:.0f} s of song, sung by {song.engine} in {whose}, {key_words(song)}")
    click.echo(
        f"{stages}; {said['real_time_factor']:.3f} of real time, {said['real_time_factor_without_separation']:.3f} "
        f"without separation; marked {said['watermark']}"
    )


def key_words(song: ConvertedSong) -> str:
    """Say by how much a song was moved."""
    voice, band = song.voice_shift_semitones, song.accompaniment_shift_semitones
    if voice == band:
        return "in its own key" if not voice else f"key moved by {voice:+.0f} semitones"
    return f"voice moved by {voice:+.0f} semitones, the accompaniment by {band:+.0f}"


def _facts(conversion: StoredConversion, song: ConvertedSong, wish: Wish, watch: StageWatch) -> dict[str, object]:
    from singalike.services.conversion.watermark_key import payload_of

    elapsed_s, separating_s = watch.elapsed_s, watch.stage_s.get(SEPARATING, 0.0)
    return {
        "out": str(wish.out),
        "conversion_id": conversion.conversion_id,
        "voice_id": conversion.order.voice_id if wish.is_kept else "",
        "sha256": song.sha256,
        "size_bytes": song.size_bytes,
        "duration_s": song.duration_s,
        "engine": song.engine,
        "separator": song.separator,
        "voice_shift_semitones": song.voice_shift_semitones,
        "accompaniment_shift_semitones": song.accompaniment_shift_semitones,
        "watermark": f"{payload_of(conversion.conversion_id):016x}",
        "stage_s": {stage: round(spent_s, 3) for stage, spent_s in watch.stage_s.items()},
        "elapsed_s": round(elapsed_s, 3),
        "real_time_factor": round(elapsed_s / song.duration_s, 4),
        "real_time_factor_without_separation": round((elapsed_s - separating_s) / song.duration_s, 4),
    }
