"""What a request for suggestions may ask for."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from singalike.errors import FieldViolation, InvalidInputError
from singalike.recsys.key_fit import COMFORTABLE, MODES
from singalike.recsys.presets import RELATIONS, SIMILAR
from singalike.recsys.seeds import SEED_KINDS, Seed
from singalike.services.listeners.listener_records import Exclusion
from singalike.services.ports import IndexFilter

MAX_K = 100

HEAVIEST = 100.0
"""Of the weights that a caller may give a signal."""

LANGUAGE_CODES = ("en", "ko")


@dataclass(frozen=True)
class RecommendOptions:
    """How to answer; empty fields do not restrict.

    Attributes:
        k: Size of a page: singers or songs to suggest at most, 1 to 100.
        timbre_style: Dial: 0 listens to timbre alone, .5 is balanced, 1 listens to style alone.
        excluded_singer_ids, excluded_track_ids: Never suggested; unknown ids are ignored.
        genres, languages, voice_genders: Only tracks and singers whose owner said one of these.
        signals_off: Names of signals that do not count.
        preset: "name", "name@version", or two joined by "+" to be interleaved; empty: the default of the relation.
        weights: Weights by signal instead of the preset's, 0 to 100 each; empty: the preset's.
        listener_id: Who asks; empty: nobody in particular.
        excluded_genres, excluded_languages: Never suggested.
        unlike_singer_ids: Neither these singers nor voices like theirs.
        seeds: More like these, less like those.
        relation: "similar", "duet_partner" or "dissimilar": what suggested singers are to the voice.
        diversity: Dial: 0 takes the best scores, 1 what is as different as the candidates allow.
        songs_per_singer: Songs of one singer on a page before all others had theirs, 1 to 100.
        singing_mode: "easy", "comfortable" or "stretch".
        original_key: Keep songs in the key that they are in.
        language_code: Language of the sentences, "en" or "ko".
        even_if_unsure: Name singers even when too little was heard to be sure.
        random_seed: Orders equal scores and draws the interleaving.

    Raises:
        InvalidInputError: BAD_K, BAD_TIMBRE_STYLE, BAD_DIVERSITY, BAD_SONGS_PER_SINGER, BAD_RELATION, BAD_SINGING_MODE,
            BAD_LANGUAGE_CODE, BAD_WEIGHTS, BAD_SEED.
    """

    k: int = 10
    timbre_style: float = 0.5
    excluded_singer_ids: frozenset[str] = frozenset()
    excluded_track_ids: frozenset[str] = frozenset()
    genres: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    voice_genders: frozenset[str] = frozenset()
    signals_off: frozenset[str] = frozenset()
    preset: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    listener_id: str = ""
    excluded_genres: frozenset[str] = frozenset()
    excluded_languages: frozenset[str] = frozenset()
    unlike_singer_ids: frozenset[str] = frozenset()
    seeds: tuple[Seed, ...] = ()
    relation: str = SIMILAR
    diversity: float = 0.2
    songs_per_singer: int = 1
    singing_mode: str = COMFORTABLE
    original_key: bool = False
    language_code: str = "en"
    even_if_unsure: bool = False
    random_seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MAX_K:
            raise _refused("BAD_K", "k", f"k is {self.k}: ask for 1 to {MAX_K} suggestions")
        if not 0.0 <= self.timbre_style <= 1.0:
            raise _refused("BAD_TIMBRE_STYLE", "timbre_style", "timbre_style lies between 0 (timbre) and 1 (style)")
        if not 0.0 <= self.diversity <= 1.0:
            raise _refused("BAD_DIVERSITY", "diversity", "diversity lies between 0 (best) and 1 (most different)")
        if not 1 <= self.songs_per_singer <= MAX_K:
            raise _refused("BAD_SONGS_PER_SINGER", "songs_per_singer", f"songs_per_singer lies between 1 and {MAX_K}")
        for name, known in (
            ("relation", RELATIONS), ("singing_mode", MODES), ("language_code", LANGUAGE_CODES),
        ):  # fmt: skip
            if getattr(self, name) not in known:
                raise _refused(f"BAD_{name.upper()}", name, f"{name} is one of {', '.join(known)}")
        if not all(0.0 <= weight <= HEAVIEST for weight in self.weights.values()):
            raise _refused("BAD_WEIGHTS", "weights", f"a weight lies between 0 and {HEAVIEST:.0f}")
        for seed in self.seeds:
            if seed.kind not in SEED_KINDS or not (-1.0 <= seed.weight < 0.0 or 0.0 < seed.weight <= 1.0):
                message = f"a seed is a {', '.join(SEED_KINDS)} with a weight from -1 to 1, not 0"
                raise _refused("BAD_SEED", "seeds", message)

    @property
    def index_filter(self) -> IndexFilter:
        """The same restrictions in the words of the index, as far as it knows them."""
        return IndexFilter(
            genres=self.genres,
            languages=self.languages,
            voice_genders=self.voice_genders,
            excluded_singer_ids=self.excluded_singer_ids,
            excluded_track_ids=self.excluded_track_ids,
        )

    def filter_for(self, singer_ids: frozenset[str]) -> IndexFilter:
        """Return the same restrictions for some singers only."""
        return replace(self.index_filter, singer_ids=singer_ids)

    def with_exclusions(self, exclusions: Iterable[Exclusion]) -> "RecommendOptions":
        """Add what a listener never wants to see."""
        by_kind: dict[str, set[str]] = {}
        for exclusion in exclusions:
            by_kind.setdefault(exclusion.kind, set()).add(exclusion.value)
        added = {
            name: getattr(self, name) | by_kind[kind] for kind, name in FIELD_OF_EXCLUSION.items() if kind in by_kind
        }
        return replace(self, **added) if added else self

    def digest(self) -> str:
        """Return a text that is equal for equal options, in every process."""
        body = json.dumps(vars(self), default=_plain, sort_keys=True)
        return hashlib.blake2b(body.encode(errors="surrogatepass"), digest_size=16).hexdigest()


FIELD_OF_EXCLUSION = {
    "singer": "excluded_singer_ids",
    "track": "excluded_track_ids",
    "genre": "excluded_genres",
    "language": "excluded_languages",
    "unlike_singer": "unlike_singer_ids",
}
"""Which option does for one request what a lasting exclusion does for all."""


def _plain(value: object) -> object:
    """Write what JSON lacks: sets in order, seeds and other mappings as dictionaries."""
    if isinstance(value, frozenset):
        return sorted(value)
    return dict(value) if isinstance(value, Mapping) else vars(value)


def _refused(reason: str, field_name: str, message: str) -> InvalidInputError:
    return InvalidInputError(reason, message, (FieldViolation(field_name, message),))
