"""The contract of what is kept of consents and target voices: on SQLite and, where a server is named, on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
import sqlalchemy as sa

from singalike.conversion.engine import TargetVoice
from singalike.errors import CapacityError, WrongStateError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_schema import target_arrays
from singalike.services.adapters.sql_targets import SqlTargets
from singalike.services.conversion_records import StoredTarget, Tenant
from tests.support.catalogue_entries import CONSENT, assert_same_profile
from tests.support.conversion_stores import (
    ENGINE,
    START,
    TENANT,
    ConversionStores,
    add_target,
    consent,
    conversion_stores,
    outcome,
    phrase,
    target_voice,
)
from tests.support.fake_ear import make_profile
from tests.support.folders import quick_folder

OTHER = Tenant("choir")


def enrol(stores: ConversionStores, phrase_id: str = "", request_id: str = "", content: str = "") -> StoredTarget:
    asked = {"phrase_id": phrase_id, "request_id": request_id, "content": content}
    return stores.targets.add_target(TENANT.name, make_profile(1), consent(), {ENGINE: target_voice()}, **asked)


def test_a_voice_comes_back_as_it_was_enrolled(stores: ConversionStores) -> None:
    record = consent(expire_time=START + timedelta(days=30))
    learnt = {"rvc": target_voice(2, "rvc"), ENGINE: target_voice(1)}

    target = stores.targets.add_target(TENANT.name, make_profile(5), record, learnt)

    assert target == stores.targets.get_target(TENANT.name, target.voice_id)
    assert (target.consent, target.tenant, target.create_time) == (record, TENANT.name, START)
    assert list(target.engines.items()) == [("rvc", "1"), (ENGINE, "1")]
    assert (target.voice_s, target.median_midi) == (42.5, 57.25)
    assert_same_profile(stores.targets.load_profile(target.voice_id), make_profile(5))
    for engine, voice in learnt.items():
        loaded = stores.targets.load_target_voice(target.voice_id, engine)
        assert (loaded.engine, loaded.engine_version, loaded.facts) == (engine, "1", voice.facts)
        assert loaded.arrays.keys() == voice.arrays.keys()
        assert all(np.array_equal(loaded.arrays[name], array) for name, array in voice.arrays.items())
        assert all(loaded.arrays[name].dtype == array.dtype for name, array in voice.arrays.items())


@pytest.mark.parametrize("damaged", [b"", b"no numbers at all"])
def test_a_voice_that_the_disk_has_damaged_is_refused_and_not_sung_with(
    stores: ConversionStores, damaged: bytes
) -> None:
    voice_id = add_target(stores).voice_id
    database = sa.create_engine(stores.url)
    with database.begin() as connection:
        connection.execute(sa.update(target_arrays).values(arrays=damaged))
    database.dispose()

    with pytest.raises(WrongStateError) as refused:
        stores.targets.load_target_voice(voice_id, ENGINE)
    assert refused.value.reason == "TARGET_VOICE_DAMAGED"


@pytest.mark.parametrize("column", ["arrays", "facts"])
def test_numbers_that_the_disk_has_changed_are_not_sung_with(stores: ConversionStores, column: str) -> None:
    voice_id = add_target(stores).voice_id
    database = sa.create_engine(stores.url)
    with database.begin() as connection:
        row = connection.execute(sa.select(target_arrays)).mappings().one()
        others = {
            "arrays": row["arrays"][:-1] + bytes([row["arrays"][-1] ^ 1]),
            "facts": row["facts"].replace("57.25", "57.75"),
        }
        connection.execute(sa.update(target_arrays).values({column: others[column]}))
    changed = outcome(lambda: stores.targets.load_target_voice(voice_id, ENGINE))
    with database.begin() as connection:
        connection.execute(sa.update(target_arrays).values(sha256=None))
    database.dispose()

    of_before_digests_were_kept = stores.targets.load_target_voice(voice_id, ENGINE)

    assert changed == "TARGET_VOICE_DAMAGED"
    assert of_before_digests_were_kept.engine == ENGINE


def test_numbers_that_stand_for_nothing_are_no_damage(stores: ConversionStores) -> None:
    learnt = TargetVoice(ENGINE, "1", {"f0": np.array([0.5, np.nan, -np.inf], np.float32)}, target_voice().facts)
    voice_id = stores.targets.add_target(TENANT.name, make_profile(1), consent(), {ENGINE: learnt}).voice_id

    loaded = stores.targets.load_target_voice(voice_id, ENGINE)

    assert np.array_equal(loaded.arrays["f0"], learnt.arrays["f0"], equal_nan=True)


def test_the_recommender_knows_an_enrolled_voice_under_the_same_id(stores: ConversionStores) -> None:
    target, catalogue = add_target(stores, 5), SqlCatalogue(stores.url)

    voice = catalogue.get_voice(target.voice_id)
    catalogue.close()

    assert_same_profile(voice.profile, make_profile(5))
    assert (voice.consent.subject, voice.consent.statement) == (target.consent.subject, target.consent.statement)


def test_a_phrase_is_good_for_one_voice(stores: ConversionStores) -> None:
    said = phrase()
    stores.targets.add_phrase(said)

    found = stores.targets.get_phrase(TENANT.name, said.phrase_id)
    elsewhere = outcome(lambda: stores.targets.get_phrase(OTHER.name, said.phrase_id))
    enrol(stores, said.phrase_id)
    again = outcome(lambda: enrol(stores, said.phrase_id))

    assert found == said
    assert elsewhere == again == "PHRASE_NOT_FOUND"
    assert outcome(lambda: stores.targets.get_phrase(TENANT.name, said.phrase_id)) == "PHRASE_NOT_FOUND"


def test_a_phrase_that_ran_out_is_known_for_a_day_and_then_forgotten(stores: ConversionStores) -> None:
    first = phrase(1)
    stores.targets.add_phrase(first)

    stores.clock.forward(hours=24)
    stores.targets.add_phrase(phrase(2))
    known = stores.targets.get_phrase(TENANT.name, first.phrase_id)
    stores.clock.forward(hours=2)
    stores.targets.add_phrase(phrase(3))

    assert known.expire_time < stores.clock.time
    assert outcome(lambda: stores.targets.get_phrase(TENANT.name, first.phrase_id)) == "PHRASE_NOT_FOUND"


def test_a_tenant_has_so_many_phrases_to_read_and_is_told_when_one_runs_out(stores: ConversionStores) -> None:
    with closing(SqlTargets(stores.url, now=stores.clock, most_phrases=2)) as targets:
        for number in (1, 2):
            targets.add_phrase(phrase(number))
        targets.add_phrase(phrase(3, OTHER))
        stores.clock.forward(minutes=20)
        with pytest.raises(CapacityError) as refused:
            targets.add_phrase(phrase(4))
        enrol(stores, phrase(1).phrase_id)
        targets.add_phrase(phrase(4))

        known = targets.get_phrase(TENANT.name, phrase(2).phrase_id)

    assert (refused.value.reason, refused.value.retry_after_s) == ("TOO_MANY_PHRASES", 40 * 60)
    assert known == phrase(2)


def test_of_phrases_that_ran_out_the_oldest_are_forgotten_where_they_are_many(stores: ConversionStores) -> None:
    with closing(SqlTargets(stores.url, now=stores.clock, most_phrases=2)) as targets:
        for number in range(5):
            said = replace(phrase(number), expire_time=stores.clock.time + timedelta(minutes=1))
            targets.add_phrase(said)
            stores.clock.forward(minutes=2)
        targets.add_phrase(replace(phrase(5), expire_time=stores.clock.time + timedelta(minutes=1)))

        left = [outcome(partial(targets.get_phrase, TENANT.name, phrase(number).phrase_id)) for number in range(6)]

    assert left[:3] == ["PHRASE_NOT_FOUND"] * 3
    assert [getattr(each, "phrase_id", each) for each in left[3:]] == [phrase(n).phrase_id for n in (3, 4, 5)]


def test_a_repeated_request_returns_the_first_voice_though_its_phrase_is_used_up(stores: ConversionStores) -> None:
    stores.targets.add_phrase(phrase())
    first = enrol(stores, phrase().phrase_id, "request-1", "digest-1")

    again = enrol(stores, phrase().phrase_id, "request-1", "digest-1")
    other = outcome(lambda: enrol(stores, "", "request-1", "digest-2"))

    assert again == first == stores.targets.find_target_request(TENANT.name, "request-1", "digest-1")
    assert other == "REQUEST_ID_TAKEN"
    assert outcome(lambda: stores.targets.find_target_request(TENANT.name, "request-1", "x")) == "REQUEST_ID_TAKEN"
    assert stores.targets.find_target_request(OTHER.name, "request-1", "digest-2") is None


def test_a_request_that_comes_twice_at_once_makes_one_voice(stores: ConversionStores) -> None:
    stores.targets.add_phrase(phrase())

    with conversion_stores(stores.url, stores.clock) as elsewhere, ThreadPoolExecutor(2) as pool:
        calls = [partial(enrol, each, phrase().phrase_id, "request-1", "digest") for each in (stores, elsewhere)]
        results = list(pool.map(outcome, calls))

    assert isinstance(results[0], StoredTarget)
    assert results[0] == results[1]


def test_voices_that_nobody_may_sing_with_are_told_apart(stores: ConversionStores) -> None:
    target, catalogue = add_target(stores), SqlCatalogue(stores.url)
    listener = catalogue.add_voice(make_profile(9), CONSENT)
    catalogue.close()
    targets = stores.targets

    assert outcome(lambda: targets.get_target(OTHER.name, target.voice_id)) == "VOICE_NOT_FOUND"
    assert outcome(lambda: targets.get_target(TENANT.name, "v-unknown")) == "VOICE_NOT_FOUND"
    assert outcome(lambda: targets.get_target(TENANT.name, listener.voice_id)) == "VOICE_NOT_FOR_CONVERSION"
    assert outcome(lambda: targets.load_target_voice("v-unknown", ENGINE)) == "VOICE_NOT_FOUND"
    assert outcome(lambda: targets.load_target_voice(target.voice_id, "rvc")) == "VOICE_NOT_ENROLLED_FOR_ENGINE"
    assert outcome(lambda: targets.remove_target(OTHER.name, target.voice_id)) == "VOICE_NOT_FOUND"
    assert outcome(lambda: targets.revoke_consent(OTHER.name, target.voice_id, START)) == "VOICE_NOT_FOUND"


def test_after_a_revocation_only_the_record_is_left(stores: ConversionStores) -> None:
    target, targets = add_target(stores), stores.targets
    when = START + timedelta(minutes=3)

    left, _ = targets.revoke_consent(TENANT.name, target.voice_id, when)
    again, _ = targets.revoke_consent(TENANT.name, target.voice_id, when + timedelta(minutes=1))

    assert left == again == targets.get_target(TENANT.name, target.voice_id)
    assert (left.engines, left.voice_s, left.median_midi) == ({}, 0.0, 0.0)
    assert (left.consent.revoke_time, left.consent.statement) == (when, target.consent.statement)
    assert outcome(lambda: targets.load_target_voice(target.voice_id, ENGINE)) == "CONSENT_REVOKED"
    assert outcome(lambda: targets.load_profile(target.voice_id)) == "VOICE_NOT_FOUND"


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("through", ["targets", "catalogue"])
def test_an_erased_voice_leaves_not_even_its_record(stores: ConversionStores, through: str, revoked: bool) -> None:
    target, targets = add_target(stores), stores.targets
    if revoked:
        targets.revoke_consent(TENANT.name, target.voice_id, START)

    if through == "targets":
        targets.remove_target(TENANT.name, target.voice_id)
    else:
        catalogue = SqlCatalogue(stores.url)
        catalogue.remove_voice(target.voice_id)
        catalogue.close()

    assert outcome(lambda: targets.get_target(TENANT.name, target.voice_id)) == "VOICE_NOT_FOUND"
    assert outcome(lambda: targets.remove_target(TENANT.name, target.voice_id)) == "VOICE_NOT_FOUND"


def test_a_consent_that_runs_out_takes_along_what_was_learnt(stores: ConversionStores) -> None:
    targets = stores.targets
    lasting, ending = add_target(stores, 1), add_target(stores, 2, expire_time=START + timedelta(hours=1))

    stores.clock.forward(hours=1)
    refused = outcome(lambda: targets.load_target_voice(ending.voice_id, ENGINE))
    targets.lapse_consents(stores.clock.time)
    targets.lapse_consents(stores.clock.time)

    assert refused == "CONSENT_EXPIRED"
    assert targets.get_target(TENANT.name, ending.voice_id).engines == {}
    assert outcome(lambda: targets.load_profile(ending.voice_id)) == "VOICE_NOT_FOUND"
    assert targets.load_target_voice(lasting.voice_id, ENGINE).engine == ENGINE


@pytest.mark.parametrize("how", ["revoked", "removed", "removed from the catalogue"])
def test_what_is_erased_of_a_voice_leaves_no_byte_behind(how: str) -> None:
    with quick_folder() as folder, conversion_stores(f"sqlite:///{folder / 'catalogue.db'}") as stores:
        for seed in range(3):
            add_target(stores, seed)
        target = add_target(stores, 77, subject="Zerubabel Quux")
        voice, profile = target_voice(77), make_profile(77)
        traces = [voice.arrays["keys"].tobytes(), profile.timbre.tobytes(), profile.segments.style[1].tobytes()]
        traces += [] if how == "revoked" else [b"Zerubabel"]

        def found() -> list[bool]:
            files = [path.read_bytes() for path in folder.iterdir()]
            return [any(trace in content for content in files) for trace in traces]

        before = found()
        if how == "revoked":
            stores.targets.revoke_consent(TENANT.name, target.voice_id, START)
        elif how == "removed":
            stores.targets.remove_target(TENANT.name, target.voice_id)
        else:
            catalogue = SqlCatalogue(stores.url)
            catalogue.remove_voice(target.voice_id)
            catalogue.close()

        assert all(before)
        assert not any(found())
