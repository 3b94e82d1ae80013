"""A recommender over a small catalogue, with what listeners did there."""

from dataclasses import dataclass
from datetime import UTC, datetime

from singalike.recsys.suggestions import Suggestions
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.listener_records import LIKE, Feedback
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.services.recommender.taste_keeper import TasteKeeper, at_once
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.voices import voice

NOW = datetime(2025, 3, 1, tzinfo=UTC)
SINGERS, TAKES = 8, 3
LOW, HIGH = (45, 47, 48, 50, 52), (57, 59, 60, 62, 64)


@dataclass(frozen=True)
class Listening:
    """A recommender, and where its listeners' events are kept."""

    recommender: Recommender
    feedback: MemoryFeedback

    def add(self, listener_id: str, kind: str, track_id: str = "", singer_id: str = "") -> None:
        """Record an event."""
        self.feedback.record(listener_id, [Feedback("", kind, track_id, singer_id, NOW)])

    def songs_for(self, listener_id: str, **options: object) -> Suggestions:
        """Suggest all songs, as the voice of singer 0 hears them."""
        asked = RecommendOptions(k=100, listener_id=listener_id, songs_per_singer=100, **options)  # type: ignore[arg-type]
        return self.recommender.recommend_songs(voice(0, 80), asked)

    def singers_for(self, listener_id: str, **options: object) -> Suggestions:
        """Suggest all singers, as the voice of singer 0 hears them."""
        return self.recommender.recommend_singers(
            voice(0, 80),
            RecommendOptions(k=100, listener_id=listener_id, **options),  # type: ignore[arg-type]
        )


def track_id(singer: int, take: int = 0) -> str:
    """Name a track of the catalogue."""
    return f"s{singer}-t{singer}{take}"


def two_camps() -> Listening:
    """Eight singers; eight listeners like singers 0 to 2, eight like 5 to 7."""
    catalogue = MemoryCatalogue()
    for singer in range(SINGERS):
        for take in range(TAKES):
            catalogue.put(f"s{singer}", f"t{singer}{take}", voice(singer, take + 1))
    feedback = MemoryFeedback(now=lambda: NOW)
    for camp in (0, 5):
        for listener in range(8):
            liked = [track_id(singer, take) for singer in range(camp, camp + 3) for take in range(TAKES)]
            feedback.record(f"of-{camp}-{listener}", [Feedback("", LIKE, track, "", NOW) for track in liked])
    keeper = TasteKeeper(feedback, lambda: NOW, at_once, lambda: 0.0)
    recommender = Recommender(catalogue, MemoryIndex(catalogue), "fake-1", keeper, now=lambda: NOW)  # type: ignore[arg-type]
    return Listening(recommender, feedback)


def shelf() -> MemoryCatalogue:
    """Six singers, three of them low; genres and languages take turns; the last two sound alike."""
    catalogue = MemoryCatalogue()
    for singer in range(6):
        sound = 4 if singer == 5 else singer
        semitones = LOW if singer < 3 else HIGH
        for take in range(3):
            said = {"genre": ("folk", "rock")[singer % 2], "language": ("en", "ko", "fr")[take]}
            profile = voice(sound, 10 * singer + take, semitones=semitones)
            catalogue.put(f"s{singer}", f"song {singer} {take}", profile, **said)
    return catalogue


def recommender_of(catalogue: MemoryCatalogue) -> Recommender:
    """Rank what is on a shelf, for nobody in particular."""
    return Recommender(catalogue, MemoryIndex(catalogue), "fake-1", now=lambda: NOW)  # type: ignore[arg-type]


def singers_of(answer: Suggestions) -> list[str]:
    """Return the ids of the singers of an answer."""
    return [singer.singer_id for singer in answer.singers]
