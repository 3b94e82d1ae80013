"""The methods about listeners: feedback, exclusions, and their erasure."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

import asyncio
from collections.abc import Callable
from datetime import datetime

from singalike.services.listeners.listener_ports import FeedbackStore
from singalike.services.recommender.showing import Showing
from singalike.services.wire.listener_converters import (
    content_of,
    read_exclusion,
    read_feedback,
    write_exclusion,
    write_feedback,
)
from singalike.services.wire.validators import validate
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceServicer

DEFAULT_PAGE_SIZE = 50


class ListenerServicer(RecommenderServiceServicer):
    """The part of `singalike.v1.RecommenderService` that learns from listeners.

    Args:
        feedback: What is kept of listeners.
        feedback_days: How long events are kept whose callers do not say; 0: for ever.
        now: The clock, in UTC.
        showing: Notes down what listeners were shown.
    """

    def __init__(
        self, feedback: FeedbackStore, feedback_days: int, now: Callable[[], datetime], showing: Showing
    ) -> None:
        self._showing = showing
        self._feedback = feedback
        self._feedback_days = feedback_days
        self._now = now

    async def RecordFeedback(self, request: pb.RecordFeedbackRequest, context: object) -> pb.RecordFeedbackResponse:
        """Store what a listener did."""
        validate(request)
        events = read_feedback(request, self._now(), self._feedback_days)
        content = content_of(request)
        stored = await asyncio.to_thread(
            self._feedback.record, request.listener_id, events, request.request_id, content
        )
        return pb.RecordFeedbackResponse(feedback=map(write_feedback, stored))

    async def ListFeedback(self, request: pb.ListFeedbackRequest, context: object) -> pb.ListFeedbackResponse:
        """List what a listener did, newest first."""
        validate(request)
        size = request.page_size or DEFAULT_PAGE_SIZE
        page = await asyncio.to_thread(self._feedback.list_feedback, request.listener_id, size, request.page_token)
        return pb.ListFeedbackResponse(
            feedback=map(write_feedback, page.items),
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def DeleteFeedback(self, request: pb.DeleteFeedbackRequest, context: object) -> pb.DeleteFeedbackResponse:
        """Take one event back."""
        validate(request)
        await asyncio.to_thread(self._feedback.delete_feedback, request.listener_id, request.feedback_id)
        return pb.DeleteFeedbackResponse()

    async def CreateExclusion(self, request: pb.CreateExclusionRequest, context: object) -> pb.CreateExclusionResponse:
        """Never suggest something to a listener again."""
        validate(request)
        exclusion = read_exclusion(request.exclusion, self._now())
        stored = await asyncio.to_thread(self._feedback.add_exclusion, request.listener_id, exclusion)
        return pb.CreateExclusionResponse(exclusion=write_exclusion(stored))

    async def ListExclusions(self, request: pb.ListExclusionsRequest, context: object) -> pb.ListExclusionsResponse:
        """List what is never suggested to a listener."""
        validate(request)
        size = request.page_size or DEFAULT_PAGE_SIZE
        page = await asyncio.to_thread(self._feedback.list_exclusions, request.listener_id, size, request.page_token)
        return pb.ListExclusionsResponse(
            exclusions=map(write_exclusion, page.items),
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def DeleteExclusion(self, request: pb.DeleteExclusionRequest, context: object) -> pb.DeleteExclusionResponse:
        """Take an exclusion back."""
        validate(request)
        await asyncio.to_thread(self._feedback.remove_exclusion, request.listener_id, request.exclusion_id)
        return pb.DeleteExclusionResponse()

    async def DeleteListener(self, request: pb.DeleteListenerRequest, context: object) -> pb.DeleteListenerResponse:
        """Erase everything that is kept of a listener."""
        validate(request)
        await asyncio.to_thread(self._erase, request.listener_id)
        return pb.DeleteListenerResponse()

    def _erase(self, listener_id: str) -> None:
        with self._showing.erasing(listener_id):
            self._feedback.erase_listener(listener_id)
