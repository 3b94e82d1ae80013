"""What a request names, looked up: the voice, the catalogue, seeds, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import FieldViolation, InvalidInputError, NotFoundError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_taste import no_popularity, no_taste
from singalike.recsys.query import QueryPart, singer_part, track_part, voice_part
from singalike.recsys.seeds import SINGER, TRACK, Seed
from singalike.services.listeners.listener_ports import Listeners
from singalike.services.ports import Catalogue
from singalike.services.recommender.ranking import ListenerNow
from singalike.services.recommender.recommend_filter import within
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.services.view_keeper import CatalogueState, ViewKeeper
from singalike.services.voice_checks import check_voice

ATTEMPTS = 3
"""How often a listener is read again who does something while being read."""


SECONDS_A_DAY = 86_400


@dataclass(frozen=True, eq=False)
class Asked:
    """One request, with everything that it names looked up.

    Attributes:
        profile: The person's voice; None where seeds or a listener stand for it.
        options: With the lasting exclusions of the listener, without ids and words that the catalogue lacks.
        state: The catalogue.
        seeds: As parts of a query.
        listener: What is known of who asks.
    """

    profile: VoiceProfile | None
    options: RecommendOptions
    state: CatalogueState
    seeds: tuple[QueryPart, ...]
    listener: ListenerNow

    @property
    def view(self) -> CatalogueView:
        """The catalogue as arrays."""
        return self.state.view


class RequestLookup:
    """Looks up what requests name.

    Args:
        catalogue: Holds enrolled voices.
        views: The catalogue as arrays.
        model_version: The ear whose profiles are taken.
        listeners: Knows what listeners like; None: nobody does.
        now: The clock, in UTC.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        views: ViewKeeper,
        model_version: str,
        listeners: Listeners | None,
        now: Callable[[], datetime],
    ) -> None:
        self._catalogue = catalogue
        self._keeper = views
        self._model_version = model_version
        self._listeners = listeners
        self._now = now

    def today(self) -> int:
        """Return the day, in whole days since 1970-01-01, UTC."""
        return int(self._now().timestamp() // SECONDS_A_DAY)

    def look_up(self, profile: VoiceProfile | None, options: RecommendOptions) -> Asked:
        """Look up everything that a request names.

        Raises:
            InvalidInputError: NO_VOICE.
            NotFoundError: SINGER_NOT_FOUND, TRACK_NOT_FOUND, VOICE_NOT_FOUND, of a seed.
            WrongStateError: MODEL_VERSION_MISMATCH, CATALOGUE_EMPTY.
        """
        if profile is not None:
            check_voice(profile, self._model_version)
        elif not options.listener_id and not any(seed.weight > 0 for seed in options.seeds):
            message = "give a voice, a seed with a weight above zero, or a listener"
            raise InvalidInputError("NO_VOICE", message, (FieldViolation("voice", message),))
        state = self._keeper.check_ready()
        exclusions = self._listeners.exclusions(options.listener_id) if self._listeners and options.listener_id else ()
        seeds = tuple(self._seed(seed, state.view) for seed in options.seeds)
        listener = self.listener_now(options.listener_id, state.view)
        known = within(state.view, options.with_exclusions(exclusions))
        return Asked(profile, known, state, seeds, listener)

    def listener_now(self, listener_id: str, view: CatalogueView) -> ListenerNow:
        """Return what is known of a listener at this moment, in rows of a view."""
        today = self.today()
        if self._listeners is None:
            return ListenerNow(no_taste(view), no_popularity(view), today, f"{today}")
        state = self._listeners.state(listener_id)
        for _ in range(ATTEMPTS):
            taste = self._listeners.taste(listener_id, view) if listener_id else no_taste(view)
            popularity, before = self._listeners.popularity(view), state
            state = self._listeners.state(listener_id)
            if state == before:  # else something changed while it was read, and the name of this state is another's
                break
        return ListenerNow(taste, popularity, today, f"{today} {before}")

    def _seed(self, seed: Seed, view: CatalogueView) -> QueryPart:
        if seed.kind == SINGER:
            if seed.id not in view.singer_rows:
                raise NotFoundError("SINGER_NOT_FOUND", f"no singer {seed.id!r} for a seed: take an id of ListSingers")
            return singer_part(view.singer_rows[seed.id], view, seed.weight)
        if seed.kind == TRACK:
            if seed.id not in view.track_rows:
                raise NotFoundError("TRACK_NOT_FOUND", f"no track {seed.id!r} for a seed: take an id of ListTracks")
            return track_part(view.track_rows[seed.id], view, seed.weight)
        profile = self._catalogue.get_voice(seed.id).profile
        check_voice(profile, self._model_version)
        return voice_part(profile, view, seed.weight)
