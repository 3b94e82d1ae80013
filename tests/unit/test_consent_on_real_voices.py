"""The limits of consent belong to an ear: on people who speak and sing they must still part persons."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.conversion.consent.voice_rules import LEAST_READ_BACK_LIKENESS, LEAST_TAKES_LIKENESS, takes_likeness
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.profile import Vectors

pytestmark = pytest.mark.dev_data

ACTORS = 12
CLIPS = {"speech": 3, "singing": 12}


def clips_of_actors(data: Path) -> dict[str, dict[str, list[Path]]]:
    """Paths of the clips of some actors who speak and sing, by actor and kind."""
    found: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["path"].startswith("ravdess/"):
                found[f"{row['gender']}-{row['singer']}"][row["kind"]].append(data / row["path"])
    both = sorted(actor for actor, kinds in found.items() if set(CLIPS) <= set(kinds))
    return {actor: found[actor] for actor in both[: ACTORS // 2] + both[-ACTORS // 2 :]}


def read(paths: list[Path]) -> NDArray[np.float32]:
    return np.concatenate([soundfile.read(path, dtype="float32")[0] for path in paths])


def test_most_readings_pass_beside_their_own_singing_and_few_beside_others(dev_data: Path) -> None:
    ear = VoiceEncoder.load(device="cpu")

    def vector(paths: list[Path]) -> Vectors:
        return ear.timbre.embed(ear.voice_frames(Sound(read(paths)[None], 24_000)))

    actors = clips_of_actors(dev_data)
    readings = np.stack([vector(kinds["speech"][: CLIPS["speech"]]) for kinds in actors.values()])
    takes = [
        np.stack([vector(kinds["singing"][k : CLIPS["singing"] : 3]) for k in range(3)]) for kinds in actors.values()
    ]
    wholes = np.stack([vector(kinds["singing"][: CLIPS["singing"]]) for kinds in actors.values()])
    passes = readings @ wholes.T >= LEAST_READ_BACK_LIKENESS
    own = np.eye(ACTORS, dtype=bool)
    genders = np.array([actor[0] for actor in actors])
    same_gender = (genders[:, None] == genders) & ~own

    assert passes[own].mean() > 0.65
    assert passes[same_gender].mean() < 0.35
    assert passes[genders[:, None] != genders].mean() < 0.05
    assert min(takes_likeness(person) for person in takes) > LEAST_TAKES_LIKENESS
