"""The training loop: trains any `Trainee`, and goes on where it was after a kill at any moment."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from singalike.embeddings.training.learner import Learner
from singalike.embeddings.training.pace import Meter, Progress
from singalike.embeddings.training.processes import OneProcess, Processes
from singalike.embeddings.training.run_folder import BEST, STATE, RunFolder, Saved
from singalike.embeddings.training.run_log import RunLog
from singalike.embeddings.training.schedule import LoopPreset, learning_rate_at, progress_of
from singalike.embeddings.training.trainee import Trainee
from singalike.errors import WrongStateError

TOTAL, SCORE, GRADIENT = "total", "score", "gradient_norm"


@dataclass(frozen=True)
class RunPlan:
    """What makes two runs the same run: they end with the same weights on the same machine.

    Attributes:
        name: What is trained: "melody".
        loop: How the run is paced.
        settings: Of the trainee, JSON values.
        seed: Of weights and data.
    """

    name: str
    loop: LoopPreset
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class Standing:
    """How far a run is.

    Attributes:
        step: Updates done.
        trained_s: Seconds that they took, over all sittings.
        best_score: Highest validation score, None before the first.
        best_step: Updates before it.
        misses: Validations since it.
        ended: None while the run goes on; "steps", "minutes" or "patience" when it is over, "stopped" when it was asked
            to stop and will go on.
    """

    step: int = 0
    trained_s: float = 0.0
    best_score: float | None = None
    best_step: int | None = None
    misses: int = 0
    ended: str | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a run needs from outside.

    Attributes:
        clock: Seconds that only grow.
        tell: Told at every row of the log and after every validation how far the run is.
        stop: Asked after every step whether to save and leave.
        processes: Who trains with us.
        logs: Where figures are written.
    """

    clock: Callable[[], float]
    tell: Callable[[Progress], None] = lambda _progress: None
    stop: Callable[[], bool] = lambda: False
    processes: Processes = field(default_factory=OneProcess)
    logs: Sequence[RunLog] = ()


def train(trainee: Trainee, plan: RunPlan, folder: RunFolder, around: Surroundings) -> Standing:
    """Train, or go on training, until the run is over or asked to stop.

    The state is saved so that a process killed at any moment and started again with the same plan ends with the same
    weights, bit for bit, as one that never was (with `minutes`, which depend on the clock, it only goes on). A run that
    is over is not trained again.

    Args:
        trainee: Fresh, made from the plan's settings and seed. Its network ends in evaluation mode with the weights of
            the best score, or the last ones if nothing was validated.
        plan: What to train and how.
        folder: Of this run; several processes share it.
        around: Clock, listeners and processes.

    Returns:
        Where the run stands.

    Raises:
        WrongStateError: RUN_DIFFERS, RUN_IN_USE or RUN_DAMAGED, from the folder; LOSS_NOT_FINITE.
    """
    first = around.processes.share.rank == 0
    with folder.held() if first else nullcontext(), _repeatable():
        if first:
            folder.begin({**asdict(plan), "settings": dict(plan.settings)})
        around.processes.agree([0.0])  # the others read the folder after the first one has prepared it
        return _Run(trainee, plan, folder, around).go()


class _Run:
    def __init__(self, trainee: Trainee, plan: RunPlan, folder: RunFolder, around: Surroundings) -> None:
        self.trainee, self.plan, self.folder, self.around = trainee, plan, folder, around
        self.preset, self.share = plan.loop, around.processes.share
        self.first = self.share.rank == 0
        self.learner = Learner(trainee.network, plan.loop, around.processes)
        self.meter = Meter(trainee.clips, around.clock)

    def go(self) -> Standing:
        standing = self._resume()
        before_s, begun_s = standing.trained_s, self.around.clock()
        while standing.ended is None:
            self._step(standing)
            trained_s, stop = self.around.processes.agree(
                [before_s + self.around.clock() - begun_s, float(self.around.stop())]
            )
            standing = self._judge(replace(standing, step=standing.step + 1, trained_s=trained_s))
            if stop and standing.ended is None:
                self._save(standing)
                standing = replace(standing, ended="stopped")
        self._finish(standing)
        return standing

    def _step(self, standing: Standing) -> None:
        rate = learning_rate_at(self.preset, standing.step, self._progress(standing))
        self.trainee.network.train()
        _seed_torch(self.plan.seed, standing.step, self.share.rank)
        with self.learner.autocast():
            losses = self.trainee.losses(standing.step, self.share)
        norm = self.learner.update(losses[TOTAL], rate)
        self.meter.add(losses, {GRADIENT: norm}, rate)

    def _judge(self, standing: Standing) -> Standing:
        """After a step: log, validate, save and end where it is due."""
        preset, ended = self.preset, self._over(standing)

        def due(every: int) -> bool:
            return every > 0 and (standing.step % every == 0 or ended is not None)

        validate, save = due(preset.validate_every), due(preset.save_every)
        if due(preset.log_every) or validate or save:
            self._report(standing)
        if validate:
            standing = self._validate(standing)
            if ended is None and 0 < preset.patience <= standing.misses:
                ended = "patience"
        standing = replace(standing, ended=ended)
        if validate or save:
            self._save(standing)
        return standing

    def _over(self, standing: Standing) -> str | None:
        if self._progress(standing) < 1.0:
            return None
        return "steps" if standing.step >= self.preset.steps else "minutes"

    def _progress(self, standing: Standing) -> float:
        return progress_of(self.preset, standing.step, standing.trained_s)

    def _report(self, standing: Standing) -> None:
        progress = self.meter.read(standing.step, standing.trained_s, self.preset)
        self._require_finite(progress)
        if self.first:
            others = {"learning_rate": progress.learning_rate, "trained_s": standing.trained_s}
            for log in self.around.logs:
                log.write("training", standing.step, {**progress.losses, **others})
            self.around.tell(progress)

    def _require_finite(self, progress: Progress) -> None:
        """Stop before a state is saved that no training can leave; in fp16 an infinite gradient is skipped anyway."""
        watched = (TOTAL,) if self.preset.precision == "fp16" else (TOTAL, GRADIENT)
        wrong = [name for name in watched if not math.isfinite(progress.losses[name])]
        if wrong:
            raise WrongStateError(
                "LOSS_NOT_FINITE",
                f"{wrong[0]} is {progress.losses[wrong[0]]} at step {progress.step}: lower the learning rate or raise "
                f"the precision, in another run folder",
            )

    def _validate(self, standing: Standing) -> Standing:
        figures: Mapping[str, float] = {}
        with self.learner.averaged(), self.meter.paused(), torch.no_grad():
            if self.first:
                self.trainee.network.eval()
                _seed_torch(self.plan.seed, standing.step, self.share.world)
                figures = self.trainee.validate()
            (score,) = self.around.processes.agree([figures[SCORE] if self.first else math.nan])
            better = score > (-math.inf if standing.best_score is None else standing.best_score)
            if better and self.first:
                self.folder.save(BEST, Saved(self.learner.weights(), {"step": standing.step, SCORE: score}))
        if self.first:
            for log in self.around.logs:
                log.write("validation", standing.step, figures)
            self.around.tell(self.meter.validated(figures))
        if better:
            return replace(standing, best_score=score, best_step=standing.step, misses=0)
        return replace(standing, misses=standing.misses + 1)

    def _save(self, standing: Standing) -> None:
        if self.first:
            facts = {"standing": asdict(standing), "scaling": self.learner.scaling()}
            self.folder.save(STATE, Saved(self.learner.tensors(), facts))

    def _resume(self) -> Standing:
        saved = self.folder.load(STATE)
        standing = Standing() if saved is None else Standing(**saved.facts["standing"])
        if saved is not None:
            self.learner.restore(saved.tensors, saved.facts["scaling"])
        if self.first:
            for log in self.around.logs:
                log.go_on_from(standing.step)
        return standing

    def _finish(self, standing: Standing) -> None:
        """Leave the best weights in the network, or the last ones (averaged, if that is asked for)."""
        for log in self.around.logs if self.first else ():
            log.close()
        self.around.processes.agree([0.0])  # the best network is on the disk when the others read it
        best = self.folder.load(BEST) if standing.best_step is not None else None
        if best is not None:
            self.trainee.network.load_state_dict(best.tensors)
        else:
            self.learner.keep_average()
        self.trainee.network.eval()


def _seed_torch(seed: int, step: int, rank: int) -> None:
    """Make torch's own chance, for instance dropout, depend on the step and not on what came before."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]))


@contextmanager
def _repeatable() -> Iterator[None]:
    """Use deterministic algorithms where torch has them while the block lasts."""
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.backends.cudnn.benchmark = benchmark
