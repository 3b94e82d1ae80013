"""Which recordings stand in which batch: every singer as likely, every song in its turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from singalike.embeddings.training.own_catalogue import OwnTrack, songs_by_singer
from singalike.errors import InvalidInputError


@dataclass(frozen=True)
class BalancedBatches:
    """How batches are put together.

    Attributes:
        singers: Singers in a batch, P; all of them if there are fewer.
        clips: Clips of each singer in a batch, K, from different songs as far as there are so many.
        songs: Songs of one singer that count in an epoch, N: nobody is heard more often for having more of them.
    """

    singers: int = 16
    clips: int = 4
    songs: int = 12


class SingerSampler:
    """Draws P singers and K songs of each, as a function of seed and step alone.

    An epoch is a fixed number of rounds, and every round visits every singer, in an order of its own; a visit takes the
    next K songs. In every epoch the next N songs of a singer's own shuffled list count, so songs come around in turn,
    none is left out, and one with few songs is heard as often as one with many. Where the last batch of a round is not
    full, the first singers of the round fill it.

    Args:
        tracks: All recordings, in a fixed order.
        batches: P, K and N.
        seed: Of all chance.

    Raises:
        InvalidInputError: TOO_FEW_SINGERS, there is nobody to tell anybody from.
    """

    def __init__(self, tracks: Sequence[OwnTrack], batches: BalancedBatches, seed: int) -> None:
        self._songs = songs_by_singer(tracks)
        self._names = sorted(self._songs)
        self._batches = batches
        self._seed = seed
        if len(self._names) < 2:
            raise InvalidInputError("TOO_FEW_SINGERS", "recordings of one singer only: give those of two or more")
        self.singers = min(batches.singers, len(self._names))
        self._steps_of_round = -(-len(self._names) // self.singers)
        self._rounds = -(-batches.songs // batches.clips)

    @property
    def names(self) -> tuple[str, ...]:
        """Singers by their number."""
        return tuple(self._names)

    @property
    def steps_of_epoch(self) -> int:
        """Batches until every singer's songs of an epoch have been heard."""
        return self._rounds * self._steps_of_round

    def picks(self, step: int) -> list[tuple[int, OwnTrack]]:
        """Choose the recordings of a batch.

        Args:
            step: From zero.

        Returns:
            (number of the singer, recording), P * K of them, those of one singer next to each other.
        """
        round_number, place = divmod(step, self._steps_of_round)
        epoch, visit = divmod(round_number, self._rounds)
        order = np.random.default_rng([self._seed, 0, round_number]).permutation(len(self._names))
        chosen = np.take(order, range(place * self.singers, (place + 1) * self.singers), mode="wrap")
        return [(singer, track) for singer in chosen.tolist() for track in self._visit(singer, epoch, visit)]

    def _visit(self, singer: int, epoch: int, visit: int) -> list[OwnTrack]:
        songs = self._songs[self._names[singer]]
        counted = min(self._batches.songs, len(songs))
        order = np.random.default_rng([self._seed, 1, singer]).permutation(len(songs))
        picked = []
        for clip in range(self._batches.clips):
            place = epoch * counted + (visit * self._batches.clips + clip) % counted
            turn, song = divmod(place, len(songs))
            versions = songs[order[song]]
            picked.append(versions[turn % len(versions)])
        return picked
