"""Write what a band plays as a MIDI file."""

import io
from collections.abc import Sequence

import mido
import numpy as np

from singalike.embeddings.training.band import Player

_TICKS = 480
_DRUM_CHANNEL = 9
_SLIDE_TICKS, _SLIDE_FROM = 60, -2048
"""A slide begins half a semitone to a semitone below and takes an eighth of a beat."""

_LOWEST, _HIGHEST = 21, 108


def band_midi(players: Sequence[Player], tempo_bpm: float, transposed: int = 0) -> bytes:
    """Write a MIDI file of one track, a channel for each player.

    Args:
        players: At most fifteen besides drummers; the rest is left out.
        tempo_bpm: Beats a minute.
        transposed: Semitones by which everybody but drummers plays higher; notes are folded into MIDI 21 to 108.
    """
    events: list[tuple[int, int, mido.Message]] = []
    channels = iter([channel for channel in range(16) if channel != _DRUM_CHANNEL])
    for player in players:
        channel = _DRUM_CHANNEL if player.role == "drums" else next(channels, None)
        if channel is None:
            continue
        events += [(0, 0, message) for message in _settings(player, channel)]
        events += _played(player, channel, 0 if player.role == "drums" else transposed)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm))])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    file = io.BytesIO()
    mido.MidiFile(ticks_per_beat=_TICKS, tracks=[track]).save(file=file)
    return file.getvalue()


def _settings(player: Player, channel: int) -> list[mido.Message]:
    controls = {7: player.gain, 10: player.pan, 91: player.reverb, 93: player.chorus, 1: player.vibrato}
    program = mido.Message("program_change", channel=channel, program=player.program)
    return [program, *(_control(channel, number, value) for number, value in controls.items())]


def _control(channel: int, number: int, value: int) -> mido.Message:
    return mido.Message("control_change", channel=channel, control=number, value=value)


def _played(player: Player, channel: int, transposed: int) -> list[tuple[int, int, mido.Message]]:
    """Notes and slides with their ticks; at one tick notes end before others begin."""
    events = []
    for start, beats, pitch, velocity in player.notes.tolist():
        first = max(round(start * _TICKS), 0)
        last = max(round((start + beats) * _TICKS), first + 10)
        note = _folded(int(pitch) + transposed) if player.role != "drums" else int(pitch)
        on = mido.Message("note_on", channel=channel, note=note, velocity=int(np.clip(velocity, 1, 127)))
        events += [(first, 2, on), (last, 1, mido.Message("note_off", channel=channel, note=note))]
        if player.glide and beats > 0.4:
            bends = np.linspace(_SLIDE_FROM, 0, 6).astype(int).tolist()
            ticks = np.linspace(first, first + _SLIDE_TICKS, 6).astype(int).tolist()
            events += [
                (tick, 0, mido.Message("pitchwheel", channel=channel, pitch=bend))
                for tick, bend in zip(ticks, bends, strict=True)
            ]
    return events


def _folded(pitch: int) -> int:
    while pitch < _LOWEST:
        pitch += 12
    while pitch > _HIGHEST:
        pitch -= 12
    return pitch
