"""Suggestions as tables on a terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from singalike.embeddings.profile import SUFFICIENT_VOICED_S, UNDECIDED, VocalRange
from singalike.recsys.explanations.wording import percent, percent_rounded_up
from singalike.recsys.suggestions import Likeness, Moment, SingerSuggestion, Suggestions, VoiceSummary
from singalike.services.cli.song_table import UNKNOWN, note_name, song_table

MOMENTS_PRINTED, REASONS_PRINTED = 3, 3
"""Singers whose best moment, and suggestions whose reason is printed; the JSON has all."""

STAND_INS = {
    "popular": "nothing could be compared: what most listeners like, and what is new, stands in",
    "no_history": "nothing that this listener likes is known yet",
}
"""What is said of each of `ListSummary.fallbacks`."""

LEAST_PRINTED = 0.005
"""Smaller contributions would be printed as nothing."""


def print_suggestions(suggestions: Suggestions, titles: Mapping[str, str], console: Console) -> None:
    """Print an answer.

    Args:
        suggestions: The answer.
        titles: Title of each track by id, for the moments.
        console: Where to.
    """
    if suggestions.voice:
        console.print(_voice_line(suggestions.voice))
    if suggestions.abstention:
        console.print(Text(suggestions.abstention.message, style="bold"))
    elif suggestions.singers or not suggestions.songs:
        console.print(_singer_table(suggestions.singers))
    for place, singer in enumerate(suggestions.singers[:REASONS_PRINTED], start=1):
        named = singer.name in singer.reason
        console.print(_reason(f"{place} " if named else f"{place} {singer.name}: ", singer.reason))
    for line in _moment_lines(suggestions.singers[:MOMENTS_PRINTED], titles):
        console.print(line)
    if suggestions.songs or not (suggestions.singers or suggestions.abstention):
        console.print(song_table(suggestions.songs))
    for place, song in enumerate(suggestions.songs[:REASONS_PRINTED], start=1):
        console.print(_reason(f"{place} {song.title}: ", song.reason))
    if suggestions.next_page_token:
        console.print(Text(f"more: --page-token {suggestions.next_page_token}"), soft_wrap=True)
    notes = [f"note: {STAND_INS.get(word, word)}" for word in suggestions.summary.fallbacks]
    notes += [f"note: {note}" for note in suggestions.notes]
    notes += [f"next time: {advice}" for advice in (suggestions.voice.quality.advice if suggestions.voice else ())]
    for note in notes:
        console.print(Text(note, style="yellow"))


def _voice_line(voice: VoiceSummary) -> Text:
    clear = f"{voice.quality.voiced_s:.1f} s of clear voice"
    return Text(f"your voice: {_range(voice.vocal_range)}; {_voice_gender(voice)}; {clear}")


def _range(sung: VocalRange) -> str:
    if not sung.sufficient:
        return f"not enough for a range ({sung.voiced_s:.1f} of {SUFFICIENT_VOICED_S:.0f} s of held notes)"
    low, high = sung.tessitura_midi
    return (
        f"{note_name(sung.lowest_midi)} to {note_name(sung.highest_midi)}, at home from "
        f"{note_name(low)} to {note_name(high)}"
    )


def _voice_gender(voice: VoiceSummary) -> str:
    if voice.voice_gender == UNDECIDED:
        return f"female or male is undecided (female with probability {voice.female_probability:.2f})"
    return f"sounds {voice.voice_gender} (female with probability {voice.female_probability:.2f})"


def _singer_table(singers: tuple[SingerSuggestion, ...]) -> Table:
    table = Table("#", Column("singer", overflow="fold"), "score", "closer than", "made of")
    for place, singer in enumerate(singers, start=1):
        shares = sorted(singer.signals.items(), key=lambda share: -share[1])
        told = [(name, share) for name, share in shares if abs(share) >= LEAST_PRINTED]
        made_of = ", ".join(f"{name.replace('_', ' ')} {share:.2f}" for name, share in told)
        table.add_row(str(place), Text(singer.name), f"{singer.score:.2f}", likeness_cell(singer.likeness), made_of)
    return table


def likeness_cell(likeness: Likeness | None) -> str:
    """Write than what share of pairs of different singers a voice is closer, with its interval."""
    if likeness is None:
        return UNKNOWN
    return f"{percent(likeness.closer_than)} ({percent(likeness.low)} to {percent_rounded_up(likeness.high)})"


def _reason(of: str, reason: str) -> Text:
    return Text.assemble((of, "bold"), reason)


def _moment_lines(singers: tuple[SingerSuggestion, ...], titles: Mapping[str, str]) -> list[Text]:
    return [
        Text(f"sounds alike: you at {_moment(singer.moments[0], singer.name, titles)}")
        for singer in singers
        if singer.moments
    ]


def _moment(moment: Moment, singer: str, titles: Mapping[str, str]) -> str:
    title = titles.get(moment.track_id, moment.track_id)
    return (
        f"{_clock(moment.voice_start_s)}-{_clock(moment.voice_end_s)} and {singer} in {title} at "
        f"{_clock(moment.track_start_s)}-{_clock(moment.track_end_s)}"
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
