"""What the demo prints: suggestions, reasons and the self-check, as tables."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from singalike.audio.synthesis import SingerVoice
from singalike.client import SingerSuggestions, SongSuggestions
from singalike.recsys.suggestions import Moment, VoiceSummary
from singalike.services.demo.hidden import parameter_distance
from singalike.services.demo.self_check import TOP, SelfCheck

_NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def note_name(midi_pitch: float) -> str:
    """Name the nearest note: 69 is A4."""
    nearest = round(midi_pitch)
    return f"{_NOTES[nearest % 12]}{nearest // 12 - 1}"


def voice_lines(summary: VoiceSummary, truth: SingerVoice) -> Text:
    """Say what was heard of the hidden voice, beside the truth."""
    low, high = summary.vocal_range.tessitura_midi
    heard = (
        f"heard: {summary.quality.voiced_s:.1f} s of voice, sounds female with probability "
        f"{summary.female_probability:.2f}, tessitura {note_name(low)} to {note_name(high)}, "
        f"{summary.quality.signal_to_noise_db:.0f} dB above the noise"
    )
    true = (
        f"truth: {truth.voice_gender}, vocal tract {truth.tract_cm:.1f} cm, "
        f"sings around {note_name(truth.centre_midi)}, open quotient {truth.open_quotient:.2f}, "
        f"breath {truth.breathiness_db:.0f} dB"
    )
    return Text(f"{heard}\n{true}")


def singers_table(
    suggestions: SingerSuggestions, voice: SingerVoice, known: Mapping[str, SingerVoice], titles: Mapping[str, str]
) -> Table:
    """Show the suggested singers with score, reasons and the best matching moment.

    Args:
        suggestions: The answer.
        voice: The truth about who asked.
        known: The truth about the singers, by name.
        titles: Title of each track, by track id.
    """
    table = Table(title="Singers you sound like", title_justify="left")
    for heading in ("", "singer", "score", "why", "best moment"):
        table.add_column(heading, justify="right" if heading in {"", "score"} else "left")
    table.add_column("distance", justify="right")
    nearest = sorted(known, key=lambda name: parameter_distance(voice, known[name]))
    for place, singer in enumerate(suggestions.singers, start=1):
        moment = _moment(singer.moments[0], titles) if singer.moments else ""
        truth = ""
        if singer.name in known:
            truth = f"{parameter_distance(voice, known[singer.name]):.2f} ({_ordinal(nearest.index(singer.name) + 1)})"
        table.add_row(str(place), singer.name, f"{singer.score:.2f}", _why(singer.signals), moment, truth)
    table.caption = "distance: between the synthesis parameters, known to the demo alone (place among all singers)"
    return table


def songs_table(suggestions: SongSuggestions) -> Table:
    """Show the suggested songs with the key to sing them in."""
    table = Table(title="Songs that fit your voice", title_justify="left")
    for heading in ("", "song", "singer", "score", "why", "key", "in range"):
        table.add_column(heading, justify="right" if heading in {"", "score", "key"} else "left")
    for place, song in enumerate(suggestions.songs, start=1):
        shift = f"{song.key_shift_semitones:+d}" if song.key_shift_semitones else "as it is"
        share = "unknown"
        if song.in_range_before is not None and song.in_range_after is not None:
            share = f"{song.in_range_before:.0%} → {song.in_range_after:.0%}"
        table.add_row(str(place), song.title, song.singer_name, f"{song.score:.2f}", _why(song.signals), shift, share)
    table.caption = "key: semitones to move the song; in range: sung time inside your tessitura, before → after"
    return table


def self_check_table(result: SelfCheck) -> Table:
    """Show how the suggestions agree with the truth, against drawing lots."""
    table = Table(title=f"Self-check over {len(result.ranks)} hidden voices", title_justify="left")
    table.add_column("where the singer nearest by parameters ranks")
    table.add_column("measured", justify="right")
    table.add_column("drawing lots", justify="right")
    table.add_row(f"mean place of {result.singers}", f"{result.mean_rank:.1f}", f"{result.chance_mean_rank:.1f}")
    for places in (1, TOP, 5):
        label = "first" if places == 1 else f"among the first {places}"
        table.add_row(label, f"{result.hits_at(places):.0%}", f"{result.chance_at(places):.0%}")
    table.add_row("rank correlation over all singers", f"{result.agreement:+.2f}", "+0.00")
    verdict = "clearly better" if result.passed else "NOT clearly better"
    table.caption = f"{verdict} than drawing lots: {result.standard_errors:.1f} standard errors"
    return table


def _why(signals: Mapping[str, float]) -> str:
    """Name the strongest contributions first; together they are the score."""
    strongest = sorted(signals.items(), key=lambda signal: -signal[1])[:3]
    return ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in strongest)


def _moment(moment: Moment, titles: Mapping[str, str]) -> str:
    title = titles.get(moment.track_id, moment.track_id)
    return f"yours {moment.voice_start_s:.0f}-{moment.voice_end_s:.0f} s ~ {title} {moment.track_start_s:.0f} s"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
