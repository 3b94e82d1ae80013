"""The use case behind IdentifySinger, and how its classifier follows the catalogue."""

import pytest

from singalike.errors import InvalidInputError, WrongStateError
from singalike.services.recommender.classifier_keeper import ClassifierKeeper
from singalike.services.recommender.identify import IdentifyOptions, SingerIdentifier
from singalike.services.view_keeper import ViewKeeper
from tests.support.catalogues import MemoryCatalogue
from tests.support.voices import voice

EQUAL = 1e-9


def fill(catalogue: MemoryCatalogue, singers: int = 5, tracks: int = 4) -> MemoryCatalogue:
    for singer in range(singers):
        for take in range(tracks):
            catalogue.put(f"s{singer}", f"t{take}", voice(singer, take + 1))
    return catalogue


def views_of(catalogue: MemoryCatalogue) -> ViewKeeper:
    return ViewKeeper(catalogue, "fake-1", monotonic=lambda: 0.0)  # type: ignore[arg-type]


def identifier_of(catalogue: MemoryCatalogue) -> SingerIdentifier:
    return SingerIdentifier(views_of(catalogue), "fake-1")


def test_another_take_of_a_singer_names_the_singer_and_the_state_of_the_catalogue() -> None:
    catalogue = fill(MemoryCatalogue())

    answer = identifier_of(catalogue).identify(voice(3, 80), IdentifyOptions(k=2))

    assert answer.singers[0].singer_id == "s3"
    assert len(answer.singers) == 2
    assert answer.singer_count == 5
    assert answer.catalogue_revision == catalogue.revision()
    assert answer.named_probability + answer.probability_of_none <= 1.0 + EQUAL
    assert answer.notes == ()


def test_all_singers_and_nobody_share_all_probability() -> None:
    answer = identifier_of(fill(MemoryCatalogue())).identify(voice(1, 80))

    assert answer.named_probability + answer.probability_of_none == pytest.approx(1.0, abs=EQUAL)


def test_singers_of_one_track_get_an_answer_with_a_note() -> None:
    answer = identifier_of(fill(MemoryCatalogue(), tracks=1)).identify(voice(1, 80))

    assert answer.singers[0].singer_id == "s1"
    assert any("not calibrated" in note for note in answer.notes)


def test_an_empty_catalogue_another_ear_and_a_senseless_request_are_refused() -> None:
    full = identifier_of(fill(MemoryCatalogue()))

    with pytest.raises(WrongStateError) as empty:
        identifier_of(MemoryCatalogue()).identify(voice(1))
    with pytest.raises(WrongStateError) as deaf:
        full.identify(voice(1, model_version="old-ear"))
    with pytest.raises(InvalidInputError) as prior:
        full.identify(voice(1), IdentifyOptions(prior_of_none=2.0))
    with pytest.raises(InvalidInputError) as many:
        IdentifyOptions(k=101)

    reasons = [refused.value.reason for refused in (empty, deaf, prior, many)]
    assert reasons == ["CATALOGUE_EMPTY", "MODEL_VERSION_MISMATCH", "BAD_PRIOR", "BAD_K"]


def test_nothing_is_fitted_twice_for_one_state_of_the_catalogue() -> None:
    keeper = ClassifierKeeper(views_of(fill(MemoryCatalogue())))

    assert keeper.newest() is keeper.newest()


def test_a_new_singer_is_known_after_the_fit_in_the_background() -> None:
    catalogue = fill(MemoryCatalogue())
    views = views_of(catalogue)
    keeper = ClassifierKeeper(views)
    old = keeper.newest()
    catalogue.put("new", "song", voice(40, 1))
    views.refresh()

    during = keeper.newest()
    with keeper._fitting:  # held until the fit in the background has ended
        after = keeper.newest()

    assert during is old
    assert after.state.revision == catalogue.revision()
    assert "new" in after.state.view.singer_rows


def test_nothing_of_an_erased_track_is_kept_though_nobody_asks_again() -> None:
    catalogue = fill(MemoryCatalogue())
    views = views_of(catalogue)
    keeper = ClassifierKeeper(views)
    keeper.newest()
    catalogue.remove_track("s2-t0")

    views.refresh()

    assert keeper._kept is None


def test_an_erased_singer_is_not_named_any_more() -> None:
    catalogue = fill(MemoryCatalogue(), tracks=1)
    views = views_of(catalogue)
    identifier = SingerIdentifier(views, "fake-1")
    identifier.identify(voice(2, 80))
    catalogue.remove_track("s2-t0")
    views.refresh()

    answer = identifier.identify(voice(2, 80))

    assert "s2" not in {singer.singer_id for singer in answer.singers}
    assert answer.catalogue_revision == catalogue.revision()
