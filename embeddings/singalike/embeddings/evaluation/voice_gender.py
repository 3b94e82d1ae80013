"""Does voice gender come out right, calibrated, and the same when the voice sings higher or lower."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import hz_to_midi
from singalike.embeddings.evaluation.bench import Bench, Embedded, Hearing, Method, Vectors
from singalike.embeddings.evaluation.conditions import CLEAN, shifted
from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.evaluation.timbre_probes import CLIPS_OF_EACH, SHIFTS, few_of_each
from singalike.errors import InvalidInputError

Floats = NDArray[np.float64]
Sets = Mapping[str, Sequence[Recording]]

VOICE_GENDER, F0 = "voice gender", "f0 threshold at 165 Hz"
THRESHOLD_MIDI = float(hz_to_midi(np.array([165.0]))[0])
"""Between the usual pitch of speaking men and women (Titze 1989, https://doi.org/10.1121/1.397959)."""

BINS = 10
_NOTE = (
    "Right: on the true side of 1/2; a singer by the mean log odds of all recordings. Undecided: inside the ear's "
    "band around 1/2. Calibration error: between the mean probability and the share of female voices in ten equal "
    "bins, weighted by their recordings; Brier: mean squared error of the probability. Intervals: 95 %, bootstrap over "
    "singers."
)
_SHIFT_NOTE = (
    f"Up to {CLIPS_OF_EACH} recordings of each singer, resynthesised by WORLD with the formants kept. A singer changes "
    "when the mean log odds over the moved recordings lie on another side of 1/2 than over the recordings as they are."
)


@dataclass(frozen=True, eq=False)
class Answers:
    """What was said of the recordings of one set.

    Attributes:
        recordings: In order, all of known voice gender.
        probability: float64 (recordings,), of sounding female.
    """

    recordings: Sequence[Recording]
    probability: Floats

    @property
    def female(self) -> NDArray[np.bool_]:
        """The truth."""
        return np.array([one.voice_gender == "f" for one in self.recordings])

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is on the true side."""
        return np.asarray((self.probability >= 0.5) == self.female)

    def by_singer(self) -> Mapping[str, float]:
        """Return the mean log odds of each singer's recordings."""
        bounded = np.clip(self.probability, 1e-6, 1.0 - 1e-6)
        log_odds = np.log(bounded / (1.0 - bounded))
        singers = np.array([one.singer for one in self.recordings])
        return {singer: float(log_odds[singers == singer].mean()) for singer in sorted(set(singers.tolist()))}

    def wrong_singers(self) -> list[str]:
        """Name the singers whose recordings together are taken for the other voice gender."""
        truth = {one.singer: one.voice_gender == "f" for one in self.recordings}
        return [singer for singer, log_odds in self.by_singer().items() if (log_odds >= 0.0) != truth[singer]]


def evaluate_voice_gender(bench: Bench) -> Sequence[Section]:
    """Judge voice gender on every set with known voice genders.

    Raises:
        InvalidInputError: NOTHING_TO_MEASURE.
    """
    known = {name: [one for one in members if one.voice_gender in {"f", "m"}] for name, members in bench.sets().items()}
    sets = {name: members for name, members in known.items() if members}
    if not sets:
        message = f"no row in {bench.folder.root} says gender f or m: fill the column"
        raise InvalidInputError("NOTHING_TO_MEASURE", message)
    version = bench.encoder.model_version
    methods = {VOICE_GENDER: Method(_female_probability, version), F0: Method(_median_pitch, version, baseline=True)}
    bench.say("Telling voice genders apart")
    heard = bench.embed(list(chain.from_iterable(sets.values())), methods)
    return [_section(bench, sets, heard), _shift_section(bench, sets, methods, heard)]


def calibration_error(probability: Floats, truth: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return how far probabilities are from frequencies, in [0, 1].

    Args:
        probability: Of the class, (items,).
        truth: Whether it was the class, (items,).
        bins: Of equal width over [0, 1].

    Source:
        Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian binning, section 3.
    """
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    off = np.bincount(place, probability - truth, minlength=bins)
    return float(np.abs(off).sum() / len(probability))


def _female_probability(heard: Hearing) -> Vectors:
    return np.array([heard.encoder.voice_gender.female_probability(heard.frames, heard.pitch)], dtype=np.float32)


def _median_pitch(heard: Hearing) -> Vectors:
    midi_pitch = heard.pitch.midi_pitch
    voiced = midi_pitch[np.isfinite(midi_pitch)]
    return np.array([np.median(voiced) if len(voiced) else THRESHOLD_MIDI], dtype=np.float32)


def _answers(heard: Embedded, method: str, threshold_midi: float = THRESHOLD_MIDI) -> Answers:
    """Probabilities of a method; a pitch becomes one by a logistic curve whose steepness decides nothing."""
    values = heard.matrix(method)[:, 0].astype(np.float64)
    probability = values if method == VOICE_GENDER else 1.0 / (1.0 + np.exp(threshold_midi - values))
    return Answers(heard.recordings, probability)


def _section(bench: Bench, sets: Sets, heard: Embedded) -> Section:
    rows, notes, curves = [], [_NOTE], {}
    reliability = {}
    for name, members in sets.items():
        chosen = heard.only(members)
        ear, pitch = _answers(chosen, VOICE_GENDER), _answers(chosen, F0)
        rows.append(
            Row(VOICE_GENDER, name, len(chosen.recordings), {**_right(ear), **_probability_figures(bench, ear)})
        )
        best = _answers(chosen, F0, _best_threshold(chosen))
        rows.append(Row(F0, name, len(chosen.recordings), _right(pitch), baseline=True))
        rows.append(Row("f0 threshold, best of this set", name, len(chosen.recordings), _right(best), baseline=True))
        if wrong := ear.wrong_singers():
            notes.append(f"{name}: wrong are {', '.join(wrong)}.")
        curves[f"confusion of voice gender {name}"] = _confusion(bench, ear)
        reliability[name] = _reliability(ear)
    curves["reliability: share of female voices over probability"] = reliability
    notes += [f"Left out: {recording}: {message}" for recording, message in heard.refused]
    return Section("voice-gender", "Voice gender", rows, notes, curves)


def _right(answers: Answers) -> dict[str, Figure]:
    singers = [one.singer for one in answers.recordings]
    return {
        "recordings right": mean_interval(answers.right.astype(np.float64), singers),
        "singers right": Figure(1.0 - len(answers.wrong_singers()) / len(set(singers))),
    }


def _probability_figures(bench: Bench, answers: Answers) -> dict[str, Figure]:
    singers = [one.singer for one in answers.recordings]
    decided = _decided(bench, answers)
    certain = [singer for singer, sure in zip(singers, decided, strict=True) if sure]
    return {
        "undecided": mean_interval(1.0 - decided, singers),
        "right when decided": mean_interval(answers.right[decided].astype(np.float64), certain),
        "calibration error": Figure(calibration_error(answers.probability, answers.female)),
        "Brier": mean_interval(np.square(answers.probability - answers.female), singers),
    }


def _decided(bench: Bench, answers: Answers) -> NDArray[np.bool_]:
    band = getattr(bench.encoder.voice_gender, "undecided_band", None)
    if band is None:  # an ear without a band always decides
        return np.ones(len(answers.recordings), dtype=bool)
    return np.asarray((answers.probability <= band.male_up_to) | (answers.probability >= band.female_from))


def _best_threshold(heard: Embedded) -> float:
    """The pitch that parts this very set best: more than a threshold could know."""
    pitches = np.sort(heard.matrix(F0)[:, 0].astype(np.float64))
    candidates = [pitches[0] - 1.0, *((pitches[1:] + pitches[:-1]) / 2), pitches[-1] + 1.0]
    return float(max(candidates, key=lambda candidate: _answers(heard, F0, float(candidate)).right.sum()))


def _confusion(bench: Bench, answers: Answers) -> Mapping[str, Sequence[tuple[float, float]]]:
    decided, female = _decided(bench, answers), answers.probability >= 0.5
    called = {"female": female & decided, "male": ~female & decided, "undecided": ~decided}
    rows: dict[str, list[tuple[float, float]]] = {}
    for label, group in (("female", answers.female), ("male", ~answers.female)):
        shares = [float(share[group].mean()) if group.any() else 0.0 for share in called.values()]
        rows[label] = [(float(place), share) for place, share in enumerate(shares)]
    return {**rows, "undecided": []}


def _reliability(answers: Answers) -> Sequence[tuple[float, float]]:
    place = np.minimum((answers.probability * BINS).astype(np.int64), BINS - 1)
    return [
        (float(answers.probability[place == one].mean()), float(answers.female[place == one].mean()))
        for one in range(BINS)
        if (place == one).any()
    ]


def _shift_section(bench: Bench, sets: Sets, methods: Mapping[str, Method], heard: Embedded) -> Section:
    bench.say("Asking for the voice gender 5 semitones lower and higher, formants kept")
    sung = {name: few_of_each(members) for name, members in sets.items() if members[0].kind != "speech"}
    everything = [one for one in chain.from_iterable(sung.values()) if one in set(heard.recordings)]
    whole = bench.embed(everything, methods, CLEAN)
    moved = {shift: bench.embed(everything, methods, shifted(shift)) for shift in SHIFTS}
    rows, notes = [], [_SHIFT_NOTE]
    for set_name, chosen in sung.items():
        for name, method in methods.items():
            before = _answers(whole.only(chosen), name)
            after = {shift: _answers(embedded.only(chosen), name) for shift, embedded in moved.items()}
            changed = {shift: _changed(before, answers) for shift, answers in after.items()}
            figures = {f"singers changed at {shift:+g}": Figure(float(len(changed[shift]))) for shift in SHIFTS}
            figures |= {
                f"recordings right at {shift:+g}": mean_interval(answers.right.astype(np.float64))
                for shift, answers in after.items()
            }
            rows.append(Row(name, set_name, len(before.by_singer()), figures, method.baseline))
            names = sorted({f"{singer} at {shift:+g}" for shift in SHIFTS for singer in changed[shift]})
            if names and not method.baseline:
                notes.append(f"{set_name}: {', '.join(names)} changed.")
    title = "Voice gender of the same recordings sung lower and higher (n: singers)"
    return Section("voice-gender-shifted", title, rows, notes)


def _changed(before: Answers, after: Answers) -> list[str]:
    moved, still = after.by_singer(), before.by_singer()
    return [singer for singer in still if singer in moved and (still[singer] >= 0.0) != (moved[singer] >= 0.0)]
