"""Use case: what another preset would have come to on the lists that were shown."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError, NotFoundError
from singalike.recsys.blend import BlendPreset
from singalike.recsys.experiments import Experiment
from singalike.recsys.presets import SINGERS
from singalike.recsys.replay import LoggedList, ReplayFigures, replay
from singalike.services.listeners.experiment_report import ExperimentHistory, chosen_items
from singalike.services.listeners.listener_records import Exposure
from singalike.services.ports import Catalogue
from singalike.services.recommender.recommend import Recommender, RecommendOptions


@dataclass(frozen=True)
class Replayed:
    """What a replay came to.

    Attributes:
        figures: Over the lists of listeners with an enrolled voice.
        without_voice: Lists that were left out.
    """

    figures: ReplayFigures
    without_voice: int


def replay_preset(
    preset: BlendPreset,
    recommender: Recommender,
    catalogue: Catalogue,
    history: ExperimentHistory,
    voices: Mapping[str, str],
    experiment: Experiment | None,
    now: datetime,
    depth: int = 5,
) -> Replayed:
    """Ask a preset for the lists of the log and compare.

    Args:
        preset: Which.
        recommender: Knows no listeners: what they like today was learnt from the very choices that are to be foretold.
        catalogue: Holds the enrolled voices.
        history: What was shown and done.
        voices: Id of the enrolled voice of each listener.
        experiment: Whose lists, and with what probability each was shown; None: all lists, of unknown probability.
        now: UTC.
        depth: Items that have to agree.
    """
    singer_of = {track.track_id: track.singer_id for track in recommender.view().tracks}
    choices = chosen_items(history, singer_of, now)
    asker = _Asker(recommender, catalogue, voices)
    log, left_out = [], 0
    for exposure in history.walk_exposures(experiment.name if experiment else ""):
        if exposure.ranks != preset.ranks:
            continue
        profile = asker.voice_of(exposure.listener_id)
        if profile is None:
            left_out += 1
            continue
        length = max(depth, len(exposure.items))
        log.append(
            LoggedList(
                exposure.items,
                choices.get((exposure.listener_id, exposure.exposure_id), frozenset()),
                asker.ask(preset.ranks, preset.label, profile, length),
                _probability(exposure, experiment, asker, profile, depth),
            )
        )
    return Replayed(replay(log, depth), left_out)


def read_voices(path: Path) -> dict[str, str]:
    """Read which enrolled voice each listener has, from CSV with the columns listener_id and voice_id.

    Raises:
        InvalidInputError: BAD_VOICES, NOT_READABLE.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            named = {"listener_id", "voice_id"} <= set(table.fieldnames or ())
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError("NOT_READABLE", f"cannot read {path} ({error}): name a CSV file") from error
    if not named or any(not row.get("listener_id") or not row.get("voice_id") for row in rows):
        raise InvalidInputError("BAD_VOICES", f"{path} needs the columns listener_id and voice_id, filled in every row")
    return {row["listener_id"]: row["voice_id"] for row in rows}


class _Asker:
    """Asks again for lists, by voice alone."""

    def __init__(self, recommender: Recommender, catalogue: Catalogue, voices: Mapping[str, str]) -> None:
        self._recommender = recommender
        self._catalogue = catalogue
        self._voices = voices
        self._profiles: dict[str, VoiceProfile | None] = {}

    def voice_of(self, listener_id: str) -> VoiceProfile | None:
        """Return the enrolled voice of a listener; None when there is none any more."""
        voice_id = self._voices.get(listener_id)
        if voice_id is None:
            return None
        if voice_id not in self._profiles:
            try:
                self._profiles[voice_id] = self._catalogue.get_voice(voice_id).profile
            except NotFoundError:
                self._profiles[voice_id] = None
        return self._profiles[voice_id]

    def ask(self, ranks: str, preset: str, profile: VoiceProfile, length: int) -> tuple[str, ...]:
        """Return the first ids that a preset answers."""
        options = RecommendOptions(k=min(length, 100), preset=preset)
        if ranks == SINGERS:
            return tuple(one.singer_id for one in self._recommender.recommend_singers(profile, options).singers)
        return tuple(one.track_id for one in self._recommender.recommend_songs(profile, options).songs)


def _probability(
    exposure: Exposure, experiment: Experiment | None, asker: _Asker, profile: VoiceProfile, depth: int
) -> float | None:
    """Sum the shares of the arm that showed a list and of every other arm that answers alike today."""
    if experiment is None or exposure.teams:
        return None
    alike: Iterable[float] = (
        arm.share
        for arm in experiment.arms
        if arm.name == exposure.arm
        or asker.ask(exposure.ranks, arm.preset, profile, len(exposure.items))[:depth] == exposure.items[:depth]
    )
    return sum(alike) or None
