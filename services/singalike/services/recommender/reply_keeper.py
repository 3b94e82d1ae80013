"""Replies to requests that came before, as long as they would be the same."""

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

from google.protobuf.message import Message

from singalike.services.recently_used import RecentlyUsed

Reply = TypeVar("Reply", bound=Message)

REPLIES_KEPT, REPLY_BYTES = 1024, 64 * 2**20


class ReplyKeeper:
    """Answers a request about an enrolled voice, or about none, from what the same request was told before.

    The same inputs have the same answer, so all that has to be known is that nothing has changed: neither the database
    nor what was learnt from it, nor the day, and that no event of the listener has run out.

    Args:
        fingerprint: Returns what stays equal as long as answers to a listener do; None when it cannot tell.
        show_again: Notes down that a listener was shown a list again, by the id of its exposure; returns the new id,
            empty when that list is not known any more.
    """

    def __init__(self, fingerprint: Callable[[str], Hashable | None], show_again: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._show_again = show_again
        self._kept: RecentlyUsed[tuple[str, bytes], tuple[Hashable, Message]] = RecentlyUsed(
            REPLIES_KEPT, REPLY_BYTES, lambda kept: kept[1].ByteSize()
        )

    async def get(self, request: Any, make: Callable[[], Awaitable[Reply]]) -> Reply:
        """Return the reply to a request; it is shared, so nobody may write to it.

        Args:
            request: With `options` and the oneof `voice`; recordings and profiles are large, and hardly ever the same
                again.
            make: Makes the reply.
        """
        if request.WhichOneof("voice") not in {None, "voice_id"}:
            return await make()
        listener_id = request.options.listener_id
        fingerprint = self._fingerprint(listener_id)
        if fingerprint is None:
            return await make()
        key = (request.DESCRIPTOR.name, _digest(request))
        kept = self._kept.find(key)
        if kept is not None and kept[0] == fingerprint:
            again = self._again(cast(Reply, kept[1]))
            if again is not None:
                return again
        made = await make()
        # Had anything changed meanwhile, it would be unknown of which state this is.
        if self._fingerprint(listener_id) == fingerprint:
            self._kept.put(key, (fingerprint, made))
        return made

    def forget(self) -> None:
        """Let go of all replies, when somebody was erased."""
        self._kept.clear()

    def _again(self, reply: Reply) -> Reply | None:
        """Return a reply under an exposure of its own, where it had one."""
        shown: Any = reply
        if not shown.summary.exposure_id:
            return reply
        exposure_id = self._show_again(shown.summary.exposure_id)
        if not exposure_id:
            return None
        again: Any = type(reply)()
        again.CopyFrom(reply)
        again.summary.exposure_id = exposure_id
        return cast(Reply, again)


def _digest(request: Message) -> bytes:
    """Name a request in few bytes: it may hold long lists, or megabytes in fields that we do not know."""
    said = request.SerializeToString(deterministic=True)
    return hashlib.blake2b(said, digest_size=16).digest()
