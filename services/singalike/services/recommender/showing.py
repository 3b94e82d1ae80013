"""Use case: lists for listeners, by the preset of their arm, with a note of what they were shown."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.experiments import Experiment, assign_arm, list_seed
from singalike.recsys.presets import SIMILAR, SINGERS, SONGS, Presets
from singalike.recsys.suggestions import Suggestions
from singalike.services.listeners.erasures import Erasures
from singalike.services.listeners.exposure_log import ExposureLog
from singalike.services.listeners.listener_records import Exposure
from singalike.services.recently_used import RecentlyUsed
from singalike.services.recommender.recommend import DEFAULT_OPTIONS, Recommender, RecommendOptions

EXPOSURES_KEPT = 2048
"""Lists that can be shown again: as many as replies are kept, and more."""


def new_exposure_id() -> str:
    """Draw an id that cannot be guessed."""
    return f"e-{secrets.token_hex(16)}"


def check_experiment(experiment: Experiment, presets: Presets) -> Experiment:
    """Return the experiment when its presets are there; else NotFoundError PRESET_NOT_FOUND."""
    for arm in experiment.arms:
        presets.find(arm.preset, experiment.ranks)
    return experiment


class Showing:
    """Asks a recommender for lists and notes down what listeners were shown.

    An experiment chooses the preset of requests that name a listener and leave the choice open: no preset, no weights,
    no relation but likeness.

    Args:
        recommender: Ranks.
        log: Takes what was shown; None: nothing is noted down.
        now: The clock, in UTC.
        experiment: Which presets are tried; None: none.
        exposure_ids: Draws ids.
    """

    def __init__(
        self,
        recommender: Recommender,
        log: ExposureLog | None,
        now: Callable[[], datetime],
        experiment: Experiment | None = None,
        exposure_ids: Callable[[], str] = new_exposure_id,
    ) -> None:
        self._recommender = recommender
        self._log = log
        self._now = now
        self._experiment = experiment
        self._exposure_ids = exposure_ids
        self._lately: RecentlyUsed[str, Exposure] = RecentlyUsed(EXPOSURES_KEPT)
        self._erasures = Erasures()

    @property
    def experiment(self) -> Experiment | None:
        """What is tried."""
        return self._experiment

    def recommend_singers(
        self, profile: VoiceProfile | None, options: RecommendOptions = DEFAULT_OPTIONS, page_token: str = ""
    ) -> Suggestions:
        """Suggest singers, as `Recommender.recommend_singers`."""
        since = self._erasures.moment()
        asked, arm = self.choose(SINGERS, options)
        found = self._recommender.recommend_singers(profile, asked, page_token)
        items = [singer.singer_id for singer in found.singers]
        return self._note(SINGERS, options.listener_id, since, arm, found, items)

    def recommend_songs(
        self,
        profile: VoiceProfile | None,
        options: RecommendOptions = DEFAULT_OPTIONS,
        page_token: str = "",
        voice_id: str = "",
    ) -> Suggestions:
        """Suggest songs, as `Recommender.recommend_songs`."""
        since = self._erasures.moment()
        asked, arm = self.choose(SONGS, options)
        found = self._recommender.recommend_songs(profile, asked, page_token, voice_id)
        items = [song.track_id for song in found.songs]
        return self._note(SONGS, options.listener_id, since, arm, found, items)

    def choose(self, ranks: str, options: RecommendOptions) -> tuple[RecommendOptions, str]:
        """Return what is asked of the recommender, and the arm that chose its preset; empty: none did."""
        experiment = self._experiment
        open_choice = not options.preset and not options.weights and options.relation == SIMILAR
        if experiment is None or experiment.ranks != ranks or not options.listener_id or not open_choice:
            return options, ""
        if experiment.interleave:
            first, second = experiment.arms
            seed = list_seed(experiment, options.listener_id, options.random_seed)
            return replace(options, preset=f"{first.preset}+{second.preset}", random_seed=seed), experiment.joined_arms
        arm = assign_arm(experiment, options.listener_id)
        return replace(options, preset=arm.preset), arm.name

    def show_again(self, exposure_id: str) -> str:
        """Note down that a list was shown once more; returns its new id, empty when the list is not known any more."""
        since = self._erasures.moment()
        before = self._lately.find(exposure_id)
        if before is None or self._log is None:
            return ""
        again = replace(before, exposure_id=self._exposure_ids(), time=self._now())
        with self._erasures.unless_erased(again.listener_id, since) as is_kept:
            if is_kept:
                self._log.add(again)
        return again.exposure_id if is_kept else ""

    def flush(self) -> None:
        """Write down now what was shown up to now."""
        if self._log is not None:
            self._log.flush()

    @contextmanager
    def erasing(self, listener_id: str) -> Iterator[None]:
        """Note nothing down of a listener who is erased within the block, nor for requests that it overlaps."""
        with self._erasures.erasing(listener_id):
            self._forget(listener_id)
            yield
            # Once more: a request that was being answered meanwhile may have brought some of it back to memory.
            self._forget(listener_id)

    def _forget(self, listener_id: str) -> None:
        """Drop what memory still holds, or has not written yet, of a listener."""
        self._recommender.forget_people(listener_id)
        self._lately.drop(lambda exposure: exposure.listener_id == listener_id)
        if self._log is not None:
            self._log.forget(listener_id)

    def _note(
        self, ranks: str, listener_id: str, since: int, arm: str, found: Suggestions, items: list[str]
    ) -> Suggestions:
        tried = self._experiment.name if self._experiment and arm else ""
        summary = replace(found.summary, experiment=tried, arm=arm)
        if self._log is not None and listener_id and items:
            givers = (arm or summary.preset).split("+")
            exposure = Exposure(
                exposure_id=self._exposure_ids(),
                listener_id=listener_id,
                time=self._now(),
                ranks=ranks,
                preset=summary.preset,
                experiment=tried,
                arm=arm,
                items=tuple(items),
                teams=tuple(givers[team] for team in found.teams),
            )
            with self._erasures.unless_erased(listener_id, since) as is_kept:
                if is_kept:
                    self._log.add(exposure)
                    self._lately.put(exposure.exposure_id, exposure)
                    summary = replace(summary, exposure_id=exposure.exposure_id)
        return replace(found, summary=summary)
