"""What the demo prints beside the suggestions: the truth, and how well the suggestions agree with it."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from singalike.audio.synthesis import SingerVoice
from singalike.services.cli.song_table import note_name
from singalike.services.demo.hidden import parameter_distance
from singalike.services.demo.self_check import TOP, SelfCheck


def truth_line(voice: SingerVoice) -> Text:
    """Say what the hidden voice was made of."""
    return Text(
        f"the truth: {voice.voice_gender}, vocal tract {voice.tract_cm:.1f} cm, sings around "
        f"{note_name(voice.centre_midi)}, open quotient {voice.open_quotient:.2f}, tilt {voice.tilt_db:.0f} dB, "
        f"breath {voice.breathiness_db:.0f} dB, vibrato {voice.vibrato_cents:.0f} cents at {voice.vibrato_hz:.1f} Hz"
    )


def truth_table(voice: SingerVoice, known: Mapping[str, SingerVoice], suggested: Sequence[str], shown: int) -> Table:
    """Show who is nearest by the synthesis parameters, and where the suggestions put them.

    Args:
        voice: The truth about who asked.
        known: The truth about the singers, by name.
        suggested: Names of all singers as suggested, best first.
        shown: Rows.
    """
    table = Table("nearest by parameters", "vocal tract", "sings around", "breath", "distance", "suggested as")
    table.title = "What only the demo knows"
    for name in sorted(known, key=lambda each: parameter_distance(voice, known[each]))[:shown]:
        other = known[name]
        place = f"number {suggested.index(name) + 1}" if name in suggested else "not at all"
        table.add_row(
            Text(name),
            f"{other.tract_cm:.1f} cm",
            note_name(other.centre_midi),
            f"{other.breathiness_db:.0f} dB",
            f"{parameter_distance(voice, other):.2f}",
            place,
        )
    return table


def self_check_table(result: SelfCheck) -> Table:
    """Show how the suggestions agree with the truth, against drawing lots."""
    table = Table(
        "the singer nearest by parameters is suggested", title=f"Self-check, {len(result.ranks)} hidden voices"
    )
    table.add_column("measured", justify="right")
    table.add_column("drawing lots", justify="right")
    for places in (1, TOP, 5):
        label = "first" if places == 1 else f"among the first {places}"
        table.add_row(label, f"{result.hits_at(places):.0%}", f"{result.chance_at(places):.0%}")
    table.add_row(f"mean place of {result.singers}", f"{result.mean_rank:.1f}", f"{result.chance_mean_rank:.1f}")
    table.add_row("rank correlation over all singers", f"{result.agreement:+.2f}", "+0.00")
    verdict = "clearly better" if result.passed else "NOT clearly better"
    table.caption = f"{verdict} than drawing lots: {result.standard_errors:.1f} standard errors"
    return table
