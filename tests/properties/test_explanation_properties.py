"""Whatever the facts are, sentences are whole and claim no more than they hold."""

from hypothesis import given
from hypothesis import strategies as st

from singalike.recsys.explanations.facts import Facts, KeyFacts
from singalike.recsys.explanations.languages import LANGUAGES
from singalike.recsys.explanations.particles import FORMS, with_particle
from singalike.recsys.explanations.sentences import reason_of, told_evidence
from singalike.recsys.explanations.wording import percent, percent_rounded_up
from singalike.recsys.signals import SIGNALS
from singalike.recsys.suggestions import Evidence, Likeness

SHARES = st.floats(0.0, 1.0)
PITCHES = st.none() | st.tuples(st.floats(30.0, 60.0), st.floats(60.0, 90.0))
GENDERS = st.sampled_from(["female", "male", "undecided", ""])
ROUNDING = 1e-6


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    names = draw(st.lists(st.sampled_from(SIGNALS), min_size=1, unique=True))
    values = {name: draw(st.none() | SHARES) for name in names}
    evidence = tuple(
        Evidence(name, value, 1.0 / len(names), (value or 0.0) / len(names)) for name, value in values.items()
    )
    low, middle, high = sorted(draw(st.tuples(SHARES, SHARES, SHARES)))
    return Facts(
        singer=draw(st.text(min_size=1, max_size=20)),
        evidence=evidence,
        title=draw(st.text(max_size=20)),
        own_voice=draw(st.booleans()),
        likeness=draw(st.none() | st.just(Likeness(middle, low, high))),
        person_midi=draw(PITCHES),
        singer_midi=draw(PITCHES),
        person_gender=draw(GENDERS),
        singer_gender=draw(GENDERS),
        key=draw(st.none() | st.builds(KeyFacts, st.integers(-12, 12), SHARES, SHARES, st.none() | SHARES)),
        usual={name: draw(SHARES) for name in names},
    )


@given(facts(), st.sampled_from(sorted(LANGUAGES)))
def test_every_sentence_is_whole(given_facts: Facts, code: str) -> None:
    phrases = LANGUAGES[code]

    reason, evidence = reason_of(given_facts, phrases), told_evidence(given_facts, phrases)

    known = any(part.value is not None for part in given_facts.evidence) or (given_facts.title and given_facts.key)
    assert reason.endswith(".") == bool(known)
    assert all(part.text.endswith(".") for part in evidence)
    assert [part.contribution for part in evidence] == [part.contribution for part in given_facts.evidence]


@given(SHARES)
def test_a_share_is_told_as_no_more_and_the_end_of_an_interval_as_no_less(share: float) -> None:
    down, up = (float(told.rstrip("%")) for told in (percent(share), percent_rounded_up(share)))

    assert down <= 100.0 * share + ROUNDING
    assert up >= 100.0 * share - ROUNDING
    assert up - down <= 1.0 + ROUNDING


@given(st.text(max_size=30), st.sampled_from(sorted(FORMS)))
def test_a_particle_follows_any_word_in_one_of_its_forms(word: str, particle: str) -> None:
    written = with_particle(word, particle)

    after_consonant, after_vowel = FORMS[particle]
    assert written.startswith(word)
    assert written[len(word) :] in {after_consonant, after_vowel, f"{after_consonant}({after_vowel})"}
