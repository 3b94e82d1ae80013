"""Who sings the lead in a vocal, and what of it is only somebody beside them or a rest of the band."""

import numpy as np
import pytest

from singalike.audio.activity import detect_activity
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import nobody_watches
from singalike.conversion.song import HeardSong, find_lead, find_voice, listen_to_song, no_report
from singalike.conversion.song.lead_voice import find_place
from singalike.conversion.song.listening import hear_pitch, where_active
from singalike.embeddings.melody import MelodyEncoder
from tests.support.sung_takes import RATE, take

HEAD = MelodyEncoder.load()
LEAD, BACKING = take(3, 0, 8.0).waveform, take(8, 4, 8.0).waveform
MIDDLE, LEFT, BESIDE = 0.0, -45.0, 25.0


def panned(voice: Waveform, degrees: float) -> Waveform:
    """Put a mono voice somewhere between left (-45) and right (45)."""
    angle = np.deg2rad(45.0 + degrees)
    return np.asarray(np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]]) * voice, dtype=np.float32)


def sdr_db(wanted: Waveform, got: Waveform) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / max(np.sum((wanted - got) ** 2), 1e-20)))


def lead_of(waveform: Waveform) -> Waveform:
    vocal = Sound(waveform, RATE)
    pitch = where_active(hear_pitch(vocal, HEAD, nobody_watches), detect_activity(vocal))
    return find_lead(vocal, pitch, nobody_watches).waveform


@pytest.mark.parametrize("where", [LEFT, BESIDE])
def test_who_sings_beside_the_lead_is_told_apart(where: float) -> None:
    lead, backing = panned(LEAD, MIDDLE), panned(0.5 * BACKING, where)

    found = lead_of(lead + backing)

    assert sdr_db(lead, found) > sdr_db(lead, lead + backing) + 4.0
    assert sdr_db(backing, lead + backing - found) > 4.0


def test_a_lead_that_does_not_stand_in_the_middle_is_found_where_it_stands() -> None:
    lead, backing = panned(LEAD, 15.0), panned(0.5 * BACKING, -30.0)
    vocal = Sound(lead + backing, RATE)

    place = find_place(vocal, where_active(hear_pitch(vocal, HEAD, nobody_watches), detect_activity(vocal)))

    assert place is not None
    assert np.rad2deg(place.angle) - 45.0 == pytest.approx(15.0, abs=3.0)
    assert sdr_db(lead, lead_of(lead + backing)) > 12.0


def test_a_voice_alone_in_its_room_is_hardly_touched() -> None:
    rng = np.random.default_rng(2)
    echo = np.stack([np.convolve(LEAD[0], rng.normal(0, 0.002, 2400))[: LEAD.shape[1]] for _ in range(2)])
    waveform = (panned(LEAD, MIDDLE) + echo).astype(np.float32)

    assert sdr_db(waveform, lead_of(waveform)) > 14.0


@pytest.mark.parametrize("name", ["mono", "middle", "sung twice"])
def test_where_nobody_can_be_told_apart_the_vocal_stays_whole(name: str) -> None:
    again = take(3, 0, 8.0).waveform[:, 300:]
    twice = panned(LEAD, LEFT) + panned(np.pad(again, ((0, 0), (0, 300))), -LEFT)
    waveform = {"mono": LEAD, "middle": panned(LEAD + 0.5 * BACKING, MIDDLE), "sung twice": twice}[name]

    assert lead_of(waveform) is waveform


def test_rests_of_the_band_stay_with_the_band() -> None:
    rng, samples = np.random.default_rng(4), LEAD.shape[1]
    sings = np.ones(samples, np.float32)
    sings[3 * RATE : 5 * RATE] = 0.0
    voice = LEAD * sings
    hits = np.zeros(samples)
    hits[:: RATE // 3] = 1.0
    drums = np.convolve(hits, rng.normal(0, 0.15, RATE // 10) * np.exp(-np.arange(RATE // 10) / 400.0))[:samples]
    vocal = Sound((voice + drums).astype(np.float32), RATE)

    pitch = where_active(hear_pitch(vocal, HEAD, nobody_watches), detect_activity(vocal))
    found = find_voice(vocal, pitch, nobody_watches).waveform

    pause = slice(int(3.5 * RATE), int(4.5 * RATE))
    assert np.square(found[0, pause]).sum() < 0.05 * np.square(drums[pause]).sum()
    assert sdr_db(voice, found) > sdr_db(voice, vocal.waveform) + 1.0


def test_lead_and_accompaniment_add_up_to_the_song() -> None:
    song = Sound(panned(LEAD, MIDDLE) + panned(0.5 * BACKING, LEFT), RATE)

    heard: HeardSong = listen_to_song(song, song, HEAD, find_lead, no_report)

    assert np.abs(heard.lead.waveform + heard.accompaniment.waveform - song.waveform).max() < 1e-6
    assert heard.sung.voiced_s > 3.0
