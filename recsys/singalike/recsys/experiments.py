"""Experiments: which listener is answered by which preset, without keeping anything of either."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from singalike.errors import InvalidInputError

RANKS = ("singers", "songs")
SHARE_TOLERANCE = 1e-6
LONGEST_TEXT = 200

_HASH_BYTES = 8


@dataclass(frozen=True)
class Arm:
    """One preset under test.

    Attributes:
        name: Short; without "+", which joins two in the log.
        preset: "name" or "name@version".
        share: Of listeners, above 0; the shares of an experiment sum to 1.
    """

    name: str
    preset: str
    share: float


@dataclass(frozen=True)
class Experiment:
    """Presets that are tried on different listeners, or against each other within one list.

    Attributes:
        name: Names it in answers and in the log.
        ranks: "singers" or "songs".
        arms: Two or more.
        interleave: Whether two arms are mixed into one list for everybody, instead of one arm for each listener.
        salt: Another salt shuffles the listeners anew.

    Raises:
        InvalidInputError: BAD_EXPERIMENT.
    """

    name: str
    ranks: str
    arms: tuple[Arm, ...]
    interleave: bool = False
    salt: str = ""

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        if not self.name or self.ranks not in RANKS:
            raise _bad(f"it needs a name, and ranks one of {', '.join(RANKS)}")
        if len(names) < 2 or len(set(names)) < len(names) or any(not name or "+" in name for name in names):
            raise _bad('it needs two arms or more, each with a name of its own, without "+"')
        shares = [arm.share for arm in self.arms]
        if not (all(share > 0 for share in shares) and abs(sum(shares) - 1.0) <= SHARE_TOLERANCE):  # also of NaN
            raise _bad("its shares must be above 0 and sum to 1")
        if self.interleave and len(names) != 2:
            raise _bad("only two arms can be interleaved")

    @property
    def joined_arms(self) -> str:
        """What the log calls a list that both arms made."""
        return "+".join(arm.name for arm in self.arms)


def assign_arm(experiment: Experiment, listener_id: str) -> Arm:
    """Choose the arm of a listener.

    The first 64 bits of SHA-256(salt, name and listener_id, each followed by a zero byte), read as a fraction u of
    2^64, fall into the arm whose stretch of the cumulated shares holds u. The same listener always gets the same arm,
    another experiment shuffles anew, and nothing has to be stored.

    Args:
        experiment: Says the shares.
        listener_id: Who.
    """
    text = "".join(f"{part}\0" for part in (experiment.salt, experiment.name, listener_id))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    fraction = int.from_bytes(digest[:_HASH_BYTES], "big") / 2.0 ** (8 * _HASH_BYTES)
    reached = 0.0
    for arm in experiment.arms:
        reached += arm.share
        if fraction < reached:
            return arm
    return experiment.arms[-1]


def list_seed(experiment: Experiment, listener_id: str, random_seed: int) -> int:
    """Derive the seed of an interleaving: the same request is mixed alike, another listener's is not."""
    text = "".join(f"{part}\0" for part in (experiment.salt, experiment.name, listener_id, random_seed))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[-_HASH_BYTES:], "big") >> 1


def read_experiment(text: str) -> Experiment:
    """Read an experiment from JSON.

    ::

        {"name": "dial", "ranks": "songs", "arms": [{"name": "a", "preset": "voice-songs@1", "share": 0.5},
                                                    {"name": "b", "preset": "mine@2", "share": 0.5}]}

    Raises:
        InvalidInputError: BAD_EXPERIMENT.
    """
    try:
        told = json.loads(text)
        arms = tuple(Arm(_text(arm, "name"), _text(arm, "preset"), float(arm["share"])) for arm in told["arms"])
        unknown = told.keys() - {"name", "ranks", "arms", "interleave", "salt"}
        if unknown:
            raise _bad(f"it says {min(unknown)!r}, which means nothing")
        interleave = told.get("interleave", False)
        if not isinstance(interleave, bool):
            raise _bad("interleave must be true or false")
        return Experiment(
            _text(told, "name"), _text(told, "ranks"), arms, interleave, _text({"salt": "", **told}, "salt")
        )
    except KeyError as error:
        raise _bad(f"it lacks {error.args[0]!r}") from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _bad(f"it is not an experiment in JSON ({error})") from error


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told[name]
    if not isinstance(value, str):
        raise _bad(f"{name} must be a text")
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise _bad(f"{name} must hold at most {LONGEST_TEXT} characters, all of them printable")
    return value


def _bad(wrong: str) -> InvalidInputError:
    return InvalidInputError("BAD_EXPERIMENT", f"the experiment cannot run: {wrong}; see docs/recommender.md")
