"""The calls about listeners."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

from singalike.client.experiment_report import ExperimentReport, read_experiment_report
from singalike.client.listener_converters import read_exclusion, read_feedback, write_exclusion, write_feedback
from singalike.client.listener_records import Exclusion, Feedback
from singalike.client.requests import new_request_id
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceStub


class ListenerCalls(ABC):
    """What a client does for listeners; a listener is named as your application names them."""

    _recommender: RecommenderServiceStub

    async def record_feedback(
        self, listener_id: str, feedback: Sequence[Feedback], *, request_id: str = ""
    ) -> tuple[Feedback, ...]:
        """Store what a listener did, up to 1000 events; when it answers, they are on disk.

        Args:
            listener_id: Who.
            feedback: What they did.
            request_id: Makes the call repeatable across programs; empty: a fresh one, which makes retries safe.
        """
        reply = await self._call(self._recommender.RecordFeedback, _record(listener_id, feedback, request_id))
        return tuple(map(read_feedback, reply.feedback))

    async def list_feedback(self, listener_id: str, *, page_size: int = 200) -> AsyncIterator[Feedback]:
        """Walk over what a listener did, newest first, fetching page after page."""
        request = pb.ListFeedbackRequest(listener_id=listener_id, page_size=page_size)
        while True:
            page = await self._call(self._recommender.ListFeedback, request)
            for event in page.feedback:
                yield read_feedback(event)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def delete_feedback(self, listener_id: str, feedback_id: str) -> None:
        """Take an event back."""
        request = pb.DeleteFeedbackRequest(listener_id=listener_id, feedback_id=feedback_id)
        await self._call(self._recommender.DeleteFeedback, request)

    async def create_exclusion(self, listener_id: str, exclusion: Exclusion) -> Exclusion:
        """Never suggest something to a listener again; the same again answers with the first one."""
        request = pb.CreateExclusionRequest(listener_id=listener_id, exclusion=write_exclusion(exclusion))
        return read_exclusion((await self._call(self._recommender.CreateExclusion, request)).exclusion)

    async def list_exclusions(self, listener_id: str, *, page_size: int = 200) -> AsyncIterator[Exclusion]:
        """Walk over what is never suggested to a listener, fetching page after page."""
        request = pb.ListExclusionsRequest(listener_id=listener_id, page_size=page_size)
        while True:
            page = await self._call(self._recommender.ListExclusions, request)
            for exclusion in page.exclusions:
                yield read_exclusion(exclusion)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def delete_exclusion(self, listener_id: str, exclusion_id: str) -> None:
        """Take an exclusion back."""
        request = pb.DeleteExclusionRequest(listener_id=listener_id, exclusion_id=exclusion_id)
        await self._call(self._recommender.DeleteExclusion, request)

    async def delete_listener(self, listener_id: str) -> None:
        """Erase everything that is kept of a listener; an unknown one is erased already."""
        await self._call(self._recommender.DeleteListener, pb.DeleteListenerRequest(listener_id=listener_id))

    async def get_experiment_report(self) -> ExperimentReport:
        """Ask what came of the running experiment."""
        reply = await self._call(self._recommender.GetExperimentReport, pb.GetExperimentReportRequest())
        return read_experiment_report(reply)

    @abstractmethod
    async def _call(self, method: Any, request: Any, deadline_s: float | None = None) -> Any:
        """Call a method with the client's metadata; errors come back as ours."""


def _record(listener_id: str, feedback: Sequence[Feedback], request_id: str) -> pb.RecordFeedbackRequest:
    return pb.RecordFeedbackRequest(
        listener_id=listener_id,
        feedback=[write_feedback(each) for each in feedback],
        request_id=request_id or new_request_id(),
    )
