"""Enrolling a voice to sing with: who may, who may not, and what is kept."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from singalike.conversion.consent.phrases import draw_phrase
from singalike.errors import SingalikeError
from singalike.services.conversion.enrolment import Enrolment
from singalike.services.conversion_records import ConsentMethod
from singalike.services.records import Consent
from tests.support.conversion_stores import ENGINE, START, STATEMENT, TENANT
from tests.support.enrolling import Dictation, Enrolling, enrolling, heard, recording

SILENCE = 0


@pytest.fixture
def desk() -> Iterator[Enrolling]:
    with enrolling() as opened:
        yield opened


def reason_of(call: Callable[[], object]) -> str:
    with pytest.raises(SingalikeError) as refused:
        call()
    return refused.value.reason


def test_who_reads_the_phrase_in_the_voice_of_the_takes_is_enrolled(desk: Enrolling) -> None:
    enrolment = desk.with_reading(recording(1, 20.0), recording(1, 15.0))
    phrase = desk.stores.targets.get_phrase(TENANT.name, enrolment.phrase_id)

    target = desk.enroller.enrol(enrolment)

    record = target.consent
    assert (target.engines, target.voice_s) == ({ENGINE: "1"}, 35.0)
    assert (record.subject, record.statement, record.method) == ("Mia", STATEMENT, ConsentMethod.READ_BACK)
    assert record.statement_sha256 == hashlib.sha256(STATEMENT.encode()).hexdigest()
    assert (record.time, record.phrase) == (START, phrase.text)
    assert record.read_back_likeness is not None
    assert record.read_back_likeness > 0.9
    assert desk.stores.targets.get_target(TENANT.name, target.voice_id) == target


def test_engines_learn_from_the_takes_alone_not_from_the_reading(desk: Enrolling) -> None:
    target = desk.enroller.enrol(desk.with_reading(recording(1, 20.0), engines=("other", ENGINE)))

    assert list(target.engines) == ["other", ENGINE]
    assert desk.engines.all["other"].heard_s == [20.0]


def test_the_record_says_whether_words_were_checked(desk: Enrolling) -> None:
    unchecked = desk.enroller.enrol(desk.with_reading(recording(1, 20.0)))

    with enrolling(Dictation()) as listening:
        checked = listening.enroller.enrol(listening.with_reading(recording(1, 20.0)))

    assert unchecked.consent.word_error_rate is None
    assert checked.consent.word_error_rate == 0.0


def test_other_words_than_those_of_the_phrase_are_refused_where_they_can_be_heard() -> None:
    with enrolling(Dictation(draw_phrase("en", Random(77)))) as listening:
        enrolment = listening.with_reading(recording(1, 20.0))

        assert reason_of(lambda: listening.enroller.enrol(enrolment)) == "READ_BACK_OTHER_WORDS"


REFUSED: dict[str, tuple[Callable[[Enrolling], Enrolment], str]] = {
    "nobody agreed": (
        lambda desk: (
            desk.with_reading(recording(1, 20.0), consent=None)
            if False
            else replace(desk.with_reading(recording(1, 20.0)), consent=Consent(" ", STATEMENT, START))
        ),
        "CONSENT_MISSING",
    ),
    "nothing was read": (
        lambda desk: replace(desk.with_reading(recording(1, 20.0)), reading=None),
        "CONSENT_MISSING",
    ),
    "no phrase was asked for": (
        lambda desk: replace(desk.with_reading(recording(1, 20.0)), phrase_id="p-unknown"),
        "PHRASE_NOT_FOUND",
    ),
    "the phrase was given to others": (
        lambda desk: replace(desk.with_reading(recording(1, 20.0)), tenant="choir"),
        "PHRASE_NOT_FOUND",
    ),
    "the consent has run out": (
        lambda desk: desk.with_reading(recording(1, 20.0), expire_time=START - timedelta(seconds=1)),
        "CONSENT_EXPIRED",
    ),
    "somebody else read": (
        lambda desk: desk.with_reading(recording(1, 20.0), reading=recording(2, 8.0)),
        "READ_BACK_OTHER_VOICE",
    ),
    "one take is another's": (
        lambda desk: desk.with_reading(recording(1, 20.0), recording(1, 12.0), recording(2, 6.0)),
        "MIXED_VOICES",
    ),
    "little was sung": (lambda desk: desk.with_reading(recording(1, 3.0)), "TOO_LITTLE_VOICE"),
    "little was read": (
        lambda desk: desk.with_reading(recording(1, 20.0), reading=recording(1, 1.0)),
        "TOO_LITTLE_VOICE",
    ),
    "a take is silent": (lambda desk: desk.with_reading(recording(1, 20.0), recording(SILENCE)), "SILENT"),
    "the reading is silent": (
        lambda desk: desk.with_reading(recording(1, 20.0), reading=recording(SILENCE)),
        "SILENT",
    ),
    "ten minutes are not enough": (
        lambda desk: desk.with_reading(recording(1, 400.0), recording(1, 201.0)),
        "TOO_MUCH_VOICE",
    ),
    "an engine is unknown": (lambda desk: desk.with_reading(recording(1, 20.0), engines=("moog",)), "ENGINE_UNKNOWN"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_why_and_keeps_nothing_but_the_phrase(desk: Enrolling, case: str) -> None:
    make, reason = REFUSED[case]
    enrolment = make(desk)

    assert reason_of(lambda: desk.enroller.enrol(enrolment)) == reason

    assert desk.engines.all[ENGINE].heard_s == []
    if reason != "PHRASE_NOT_FOUND":
        assert desk.stores.targets.get_phrase(TENANT.name, enrolment.phrase_id)


def test_a_phrase_that_ran_out_is_told_from_one_that_never_was(desk: Enrolling) -> None:
    enrolment = desk.with_reading(recording(1, 20.0))

    desk.stores.clock.forward(seconds=600)

    assert reason_of(lambda: desk.enroller.enrol(enrolment)) == "PHRASE_EXPIRED"


def test_a_phrase_is_good_for_one_enrolment_but_the_same_request_again_is_answered_as_before(desk: Enrolling) -> None:
    enrolment = desk.with_reading(recording(1, 20.0), request_id="r-1", content="aa")

    first = desk.enroller.enrol(enrolment)

    assert desk.enroller.enrol(enrolment) == first
    assert reason_of(lambda: desk.enroller.enrol(replace(enrolment, request_id=""))) == "PHRASE_NOT_FOUND"
    assert reason_of(lambda: desk.enroller.enrol(replace(enrolment, content="bb"))) == "REQUEST_ID_TAKEN"


def test_takes_that_lie_closer_to_a_catalogue_singer_than_to_their_reading_are_refused(desk: Enrolling) -> None:
    desk.catalogue += [heard(number) for number in (3, 4, 5)]
    nobody = desk.enroller.enrol(desk.with_reading(recording(1, 20.0), reading=recording(1.4, 8.0)))
    desk.catalogue.append(heard(1.1))

    enrolment = desk.with_reading(recording(1, 20.0), reading=recording(1.4, 8.0))

    assert nobody.voice_id
    assert reason_of(lambda: desk.enroller.enrol(enrolment)) == "VOICE_OF_CATALOGUE_SINGER"
    assert desk.enroller.enrol(desk.with_reading(recording(1, 20.0), reading=recording(1, 8.0))).voice_id


def test_declared_consent_is_recorded_as_such_and_asks_for_no_reading(desk: Enrolling) -> None:
    desk.catalogue.append(heard(1))
    enrolment = Enrolment(TENANT.name, Consent("Mia", STATEMENT, START), (recording(1, 20.0),))

    record = desk.enroller.enrol_declared(enrolment).consent

    assert (record.method, record.phrase, record.read_back_likeness) == (ConsentMethod.DECLARED, "", None)


def test_declared_takes_of_two_people_are_refused_as_well(desk: Enrolling) -> None:
    takes = (recording(1, 20.0), recording(3, 20.0))

    enrolment = Enrolment(TENANT.name, Consent("Mia", STATEMENT, START), takes)

    assert reason_of(lambda: desk.enroller.enrol_declared(enrolment)) == "MIXED_VOICES"
