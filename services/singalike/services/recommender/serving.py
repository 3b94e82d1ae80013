"""The parts of the recommender service, built and kept in step with what any process writes."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import structlog

from singalike.errors import for_operators
from singalike.recsys.presets import load_presets
from singalike.services import bootstrap
from singalike.services.conversion_ports import TargetStore
from singalike.services.index_follower import FollowEvent, IndexFollower
from singalike.services.listeners.exposure_log import ExposureLog
from singalike.services.listeners.feedback_pruner import FeedbackPruner
from singalike.services.listeners.listener_ports import FeedbackStore
from singalike.services.recommender.identify import SingerIdentifier
from singalike.services.recommender.map_keeper import MapKeeper
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.servicer import RecommenderServicer
from singalike.services.recommender.showing import Showing, check_experiment
from singalike.services.recommender.taste_keeper import TasteKeeper
from singalike.services.recommender.voices import Voices
from singalike.services.server_parts import FOLLOW_INTERVAL_S, ServerParts, utc_now

LOG = structlog.get_logger()

PRUNE_INTERVAL_S = 60.0
EXPOSURE_INTERVAL_S = 1.0


@dataclass(frozen=True)
class ServedRecommender:
    """A recommender that is ready.

    Attributes:
        servicer: Answers calls.
        recommender: Ranks.
        after_add, after_erase: Bring it in step with a write of this process.
    """

    servicer: RecommenderServicer
    recommender: Recommender
    after_add: Callable[[], object]
    after_erase: Callable[[], object]


async def build_recommender(parts: ServerParts) -> ServedRecommender:
    """Open index and feedback, reconcile, and follow what is written from then on."""
    settings, catalogue, closing = parts.settings, parts.catalogue, parts.closing
    ear = await parts.ear()
    index = await asyncio.to_thread(bootstrap.open_index, settings, ear.timbre_dim, ear.style_dim, ear.model_version)
    closing.callback(index.close)
    feedback = await _open_feedback(parts)
    listeners = TasteKeeper(feedback, utc_now)
    closing.callback(listeners.stop)
    presets = load_presets(settings.presets)
    follower = IndexFollower(catalogue, index, ear.model_version)
    recommender = Recommender(
        catalogue, index, ear.model_version, listeners, presets, index_revision=lambda: follower.revision
    )
    await _follow(follower, recommender, parts)
    listeners.follow(recommender.view())
    servicer = RecommenderServicer(
        recommender,
        SingerIdentifier(recommender.views, ear.model_version),
        catalogue,
        Voices(parts.embedder, catalogue, await _open_targets(parts)),
        MapKeeper(recommender.view),
        utc_now,
        feedback,
        settings.feedback_days,
        _open_showing(parts, recommender, feedback),
    )
    return ServedRecommender(servicer, recommender, follower.catch_up, _forget_erased(follower, recommender))


async def _open_targets(parts: ServerParts) -> TargetStore | None:
    """Open what says whose a voice is, where there is more than one tenant."""
    if parts.settings.tenants is None:
        return None
    targets = await asyncio.to_thread(bootstrap.open_targets, parts.settings)
    parts.closing.callback(targets.close)
    return targets


async def _open_feedback(parts: ServerParts) -> FeedbackStore:
    """Open what is kept of listeners, and forget in time."""
    feedback = await asyncio.to_thread(bootstrap.open_feedback, parts.settings)
    parts.closing.callback(feedback.close)
    pruner = FeedbackPruner(feedback, utc_now)
    pruner.run_in_background(PRUNE_INTERVAL_S)
    parts.closing.callback(pruner.stop)
    return feedback


def _open_showing(parts: ServerParts, recommender: Recommender, feedback: FeedbackStore) -> Showing:
    """Write down what is shown, beside the requests, and run the experiment, if any."""
    log = ExposureLog(feedback)
    log.run_in_background(EXPOSURE_INTERVAL_S)
    parts.closing.callback(log.stop)
    experiment = bootstrap.load_experiment(parts.settings)
    if experiment is not None:
        check_experiment(experiment, recommender.presets)
        LOG.info("experiment_started", name=experiment.name, ranks=experiment.ranks, interleave=experiment.interleave)
    return Showing(recommender, log, utc_now, experiment)


def _forget_erased(follower: IndexFollower, recommender: Recommender) -> Callable[[], object]:
    """An added track may wait for the next look at the catalogue; an erased one must be gone from ranking at once."""

    def forget() -> None:
        follower.catch_up()
        recommender.refresh()

    return forget


async def _follow(follower: IndexFollower, recommender: Recommender, parts: ServerParts) -> None:
    """Reconcile before the first call, then follow what any process writes."""
    report = await asyncio.to_thread(follower.start)
    LOG.info("index_reconciled", **asdict(report))
    await asyncio.to_thread(recommender.refresh)
    follower.run_in_background(FOLLOW_INTERVAL_S, partial(after_following, recommender))
    parts.closing.callback(follower.stop)


def after_following(recommender: Recommender, event: FollowEvent) -> None:
    """Log what was followed and rank by it: the next caller is not told of a singer whom another process erased."""
    _log_follow(event)
    if event.deleted:
        recommender.refresh()
    elif event.added:
        recommender.view()


def _log_follow(event: FollowEvent) -> None:
    if event.error is not None:
        LOG.warning(event.name, revision=event.revision, reason=event.error.reason, message=for_operators(event.error))
    else:
        LOG.info(event.name, added=event.added, deleted=event.deleted, revision=event.revision)
