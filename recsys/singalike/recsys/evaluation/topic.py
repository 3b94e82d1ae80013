"""The topic `recommender` of `singalike evaluate`."""

from collections.abc import Sequence

from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.section import Section
from singalike.recsys.evaluation.interaction_contest import judge_log
from singalike.recsys.evaluation.interaction_log import InteractionLog
from singalike.recsys.evaluation.listener_sections import evaluate_listeners
from singalike.recsys.evaluation.listener_world import USUAL_SIZE, WorldSize
from singalike.recsys.evaluation.real_voices import evaluate_real_voices
from singalike.recsys.presets import SIMILAR, SINGERS, SONGS, Presets, shipped_presets


def evaluate_recommender(
    bench: Bench,
    presets: Presets | None = None,
    log: InteractionLog | None = None,
    log_name: str = "",
    size: WorldSize = USUAL_SIZE,
) -> Sequence[Section]:
    """Judge suggestions on real voices, on invented listeners, and on a log of what people did.

    Args:
        bench: Recordings and ear; without recordings the first part is left out.
        presets: The default ones are judged; None: those that ship.
        log: Who chose what and when; None leaves that part out.
        log_name: What the log is called in its table.
        size: Of the invented worlds.

    Raises:
        InvalidInputError: TOO_FEW_INTERACTIONS.
    """
    presets = presets or shipped_presets()
    sections: list[Section] = []
    if bench.folder.recordings:
        sections += evaluate_real_voices(bench, presets.default(SIMILAR, SINGERS))
    bench.say("recommender: invented listeners")
    sections += evaluate_listeners(presets, bench.seed, size)
    if log is not None:
        bench.say(f"recommender: {log_name}")
        sections.append(judge_log(log_name, log, presets.default(SIMILAR, SONGS), bench.seed))
    return sections
