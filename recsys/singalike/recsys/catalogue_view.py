"""The whole catalogue as arrays: everything that ranking needs, computed once per change of the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import SUFFICIENT_VOICED_S, SungNotes, Vectors, VoiceProfile
from singalike.recsys.calibration import Calibration, Similarities, fit_calibration
from singalike.recsys.labels import Labels, label
from singalike.recsys.song_demands import SongDemands, song_demands
from singalike.recsys.song_titles import song_key
from singalike.recsys.vector_space import VectorSpace, build_space

TRUSTED_VOICED_S = 30.0
"""More voiced singing than this does not make a recording weigh more."""

MELODY_PAIRS = 2000
"""Pairs of tracks that tell how alike unrelated melodies are."""


@dataclass(frozen=True, eq=False)
class TrackView:
    """What ranking needs of one track; the segments stay in the index.

    Attributes:
        track_id, singer_id, singer_name, title: Which.
        genre, language, voice_gender: What the owner said; None when not said.
        timbre, style, melody: Vectors of the whole recording, as in its profile.
        female_probability: Of the recording, in [0, 1].
        voiced_s: Seconds behind the histogram.
        seconds_per_semitone: float32 (128,), as in `VocalRange`.
        create_day: When it came into the catalogue, in whole days since 1970-01-01, UTC; None when not known.
        sung_notes: Its notes; None when not measured.
    """

    track_id: str
    singer_id: str
    singer_name: str
    title: str
    genre: str | None
    language: str | None
    voice_gender: str | None
    timbre: Vectors
    style: Vectors
    melody: Vectors
    female_probability: float
    voiced_s: float
    seconds_per_semitone: Vectors
    create_day: int | None = None
    sung_notes: SungNotes | None = None


@dataclass(frozen=True)
class SingerView:
    """What ranking needs of one singer besides the arrays.

    Attributes:
        singer_id, name: Who.
        voice_gender, genre: What the owner said most often; None when not said.
        track_count: Number of tracks.
    """

    singer_id: str
    name: str
    voice_gender: str | None
    genre: str | None
    track_count: int


@dataclass(frozen=True, eq=False)
class CatalogueView:
    """All singers and tracks, ordered by singer id and track id; rows of all arrays follow that order.

    Attributes:
        singers, tracks: The rows' meanings.
        singer_rows, track_rows: Row by id.
        track_singer: intp (tracks,), row of the singer.
        first_track: intp (singers,), row of each singer's first track.
        timbre, style: The two spaces; None in an empty view.
        melody: float32 (tracks, melody_dim), unit or zero rows.
        mean_melody: float32 (singers, melody_dim), mean over the tracks with a melody, zero without any.
        track_melody_calibration: Cosines of melodies with tracks of other singers.
        singer_melody_calibration: Dot products of melodies with the mean melody of other singers.
        female_probability: float64 (singers,).
        tessitura: float64 (singers, 2), MIDI pitch, NaN where too little was sung.
        demands: What each track asks of a voice.
        genre, language, voice_gender: What the owner said of each track.
        song: Each track's song, a number: versions of a song share it.
        create_day: float64 (tracks,), days since 1970-01-01, NaN where not known.
        newest_day: float64 (singers,), of each singer's newest track.
    """

    singers: tuple[SingerView, ...]
    tracks: tuple[TrackView, ...]
    singer_rows: dict[str, int]
    track_rows: dict[str, int]
    track_singer: NDArray[np.intp]
    first_track: NDArray[np.intp]
    timbre: VectorSpace | None
    style: VectorSpace | None
    melody: Vectors
    mean_melody: Vectors
    track_melody_calibration: Calibration
    singer_melody_calibration: Calibration
    female_probability: Similarities
    tessitura: NDArray[np.float64]
    demands: SongDemands
    genre: Labels
    language: Labels
    voice_gender: Labels
    song: NDArray[np.intp]
    create_day: Similarities
    newest_day: Similarities

    def __len__(self) -> int:
        return len(self.singers)

    @cached_property
    def melody_known(self) -> NDArray[np.bool_]:
        """Tracks with a melody, bool (tracks,)."""
        return np.asarray(self.melody.any(axis=1))

    @cached_property
    def mean_melody_known(self) -> NDArray[np.bool_]:
        """Singers with a melody, bool (singers,)."""
        return np.asarray(self.mean_melody.any(axis=1))

    def track_timbre(self) -> Vectors:
        """Return the timbre vectors of all tracks, float32 (tracks, dim), unit rows; the view must not be empty."""
        return np.stack([track.timbre for track in self.tracks])


def track_view(  # the names of a track live in the shells' records, so they come one by one
    track_id: str,
    singer_id: str,
    singer_name: str,
    title: str,
    profile: VoiceProfile,
    genre: str | None = None,
    language: str | None = None,
    voice_gender: str | None = None,
    create_day: int | None = None,
) -> TrackView:
    """Keep of a track's profile what ranking needs."""
    return TrackView(
        track_id,
        singer_id,
        singer_name,
        title,
        genre,
        language,
        voice_gender,
        profile.timbre,
        profile.style,
        profile.melody,
        profile.female_probability,
        profile.vocal_range.voiced_s,
        profile.vocal_range.seconds_per_semitone,
        create_day,
        profile.sung_notes,
    )


def build_view(tracks: Iterable[TrackView]) -> CatalogueView:
    """Arrange tracks into a view; the order in which they come does not matter."""
    ordered = tuple(sorted(tracks, key=lambda track: (track.singer_id, track.track_id)))
    if not ordered:
        return _empty_view()
    groups = [list(group) for _, group in groupby(ordered, key=lambda track: track.singer_id)]
    sizes = [len(group) for group in groups]
    first_track = np.cumsum([0, *sizes[:-1]])
    voiced_s = np.array([track.voiced_s for track in ordered])
    weights = np.clip(np.nan_to_num(voiced_s), 1.0, TRUSTED_VOICED_S)
    histogram = np.stack([track.seconds_per_semitone for track in ordered]).astype(np.float64)
    sung = np.add.reduceat(histogram, first_track)
    female = np.array([track.female_probability for track in ordered])
    singers = tuple(_singer_view(group) for group in groups)
    melody = np.stack([track.melody for track in ordered])
    track_singer = np.repeat(np.arange(len(groups)), sizes)
    with_melody = np.add.reduceat(melody.any(axis=1).astype(np.float32), first_track)
    mean_melody = np.asarray(np.add.reduceat(melody, first_track) / np.maximum(with_melody, 1.0)[:, None], np.float32)
    create_day = np.array([np.nan if track.create_day is None else track.create_day for track in ordered])
    return CatalogueView(
        singers=singers,
        tracks=ordered,
        singer_rows={singer.singer_id: row for row, singer in enumerate(singers)},
        track_rows={track.track_id: row for row, track in enumerate(ordered)},
        track_singer=track_singer,
        first_track=first_track,
        timbre=build_space(np.stack([track.timbre for track in ordered]), weights, first_track),
        style=build_space(np.stack([track.style for track in ordered]), weights, first_track),
        melody=melody,
        mean_melody=mean_melody,
        track_melody_calibration=_unrelated(melody, track_singer, melody, track_singer),
        singer_melody_calibration=_unrelated(melody, track_singer, mean_melody, np.arange(len(groups))),
        female_probability=np.add.reduceat(female * weights, first_track) / np.add.reduceat(weights, first_track),
        tessitura=tessitura_of(sung),
        demands=song_demands(histogram, [track.sung_notes for track in ordered]),
        genre=label([track.genre for track in ordered]),
        language=label([track.language for track in ordered]),
        voice_gender=label([track.voice_gender for track in ordered]),
        song=label([song_key(track.title) for track in ordered]).codes,
        create_day=create_day,
        newest_day=np.fmax.reduceat(create_day, first_track),
    )


def tessitura_of(seconds_per_semitone: NDArray[np.floating]) -> NDArray[np.float64]:
    """Read the 10th and 90th percentile of the sung pitch from histograms.

    Args:
        seconds_per_semitone: Shape (rows, 128), seconds around each MIDI pitch.

    Returns:
        float64 (rows, 2), MIDI pitch to the fraction of a semitone, NaN where less than `SUFFICIENT_VOICED_S` was sung.
    """
    edges = np.arange(seconds_per_semitone.shape[1] + 1) - 0.5
    found = np.full((len(seconds_per_semitone), 2), np.nan)
    for row, histogram in enumerate(seconds_per_semitone):
        total = histogram.sum()
        if total >= SUFFICIENT_VOICED_S:
            filled = np.concatenate([[0.0], np.cumsum(histogram)]) / total
            found[row] = np.interp([0.1, 0.9], filled, edges)
    return found


def _singer_view(tracks: list[TrackView]) -> SingerView:
    return SingerView(
        tracks[0].singer_id,
        tracks[0].singer_name,
        _most_frequent([track.voice_gender for track in tracks if track.voice_gender]),
        _most_frequent([track.genre for track in tracks if track.genre]),
        len(tracks),
    )


def _most_frequent(words: list[str]) -> str | None:
    return max(sorted(set(words)), key=words.count, default=None)


def _unrelated(
    voices: Vectors, voice_singer: NDArray[np.intp], others: Vectors, other_singer: NDArray[np.intp]
) -> Calibration:
    """Measure melodies of different singers on pairs drawn with a fixed seed: a view is a function of its tracks."""
    random = np.random.default_rng(0)
    left, right = random.integers(0, len(voices), MELODY_PAIRS), random.integers(0, len(others), MELODY_PAIRS)
    known = (voices[left] != 0).any(axis=1) & (others[right] != 0).any(axis=1)
    unrelated = known & (voice_singer[left] != other_singer[right])
    pairs = np.einsum("pd,pd->p", voices[left[unrelated]], others[right[unrelated]])
    return fit_calibration(pairs.astype(np.float64))


def _empty_view() -> CatalogueView:
    rows, one, none = np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros((0, 0), dtype=np.float32)
    return CatalogueView(
        (), (), {}, {}, rows, rows, None, None, none, none, Calibration(), Calibration(), one,
        np.zeros((0, 2)), song_demands(np.zeros((0, 128)), ()), label([]), label([]), label([]), rows, one, one,
    )  # fmt: skip
