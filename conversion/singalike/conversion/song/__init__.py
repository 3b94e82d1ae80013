"""A whole song in another voice: what is sung is found, moved, sung again and put back."""

from singalike.conversion.song.lead_voice import find_lead
from singalike.conversion.song.leaky_vocal import find_leaky_lead, find_voice
from singalike.conversion.song.listening import FindLead, HeardSong, listen_to_song
from singalike.conversion.song.singing import Singer, SongKey, sing_song
from singalike.conversion.song.stages import STAGES, Report, Stage, no_report, watch_of

__all__ = [
    "STAGES",
    "FindLead",
    "HeardSong",
    "Report",
    "Singer",
    "SongKey",
    "Stage",
    "find_lead",
    "find_leaky_lead",
    "find_voice",
    "listen_to_song",
    "no_report",
    "sing_song",
    "watch_of",
]
