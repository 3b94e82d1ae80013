"""The topics of an evaluation: each looks at one thing that an ear says, beside baselines.

A topic is one function of a module of its own, and one line in `TOPICS`:

    def evaluate_style(bench: Bench) -> Sequence[Section]: ...

It takes recordings from `bench.sets("singing")` (or from `bench.folder`), vectors from
`bench.embed(recordings, {"style": Method(lambda heard: ..., bench.encoder.model_version)})`, tells a person what it
does through `bench.say`, and returns tables. Everything a `Hearing` offers is computed as in a profile. Intervals come
from `intervals.mean_interval`. What curves look like is told at `Section.curves`.
"""

from collections.abc import Callable, Mapping, Sequence

from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.melody import evaluate_melody
from singalike.embeddings.evaluation.section import Section
from singalike.embeddings.evaluation.style import evaluate_style
from singalike.embeddings.evaluation.timbre import evaluate_timbre
from singalike.embeddings.evaluation.voice_gender import evaluate_voice_gender

Topic = Callable[[Bench], Sequence[Section]]

TOPICS: Mapping[str, Topic] = {
    "timbre": evaluate_timbre,
    "melody": evaluate_melody,
    "gender": evaluate_voice_gender,
    "style": evaluate_style,
}
"""By the name that `singalike evaluate` takes, in the order of a whole report; the command repeats the names."""
