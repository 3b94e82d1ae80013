"""A trainee that learns in milliseconds, and runs of it in processes of their own."""

import itertools
import os
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from singalike.embeddings.training.loop import RunPlan, Standing, Surroundings, train
from singalike.embeddings.training.processes import joined
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.run_log import CsvLog
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.trainee import Share

CPU = torch.device("cpu")


class TinyTrainee:
    """A network of two layers learns a fixed linear map of random numbers.

    Args:
        seed: Of weights, task and batches.
        dropout: Of the layer between.
        scores: What validation says, one after the other; None: how well the map is learned.
    """

    clips = 8

    def __init__(self, seed: int = 0, dropout: float = 0.2, scores: tuple[float, ...] | None = None) -> None:
        self.seed = seed
        self.scores = None if scores is None else iter(scores)
        torch.manual_seed(seed)
        self.network = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 3))
        self.network.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.task = torch.from_numpy(np.random.default_rng(seed).normal(size=(6, 3)).astype(np.float32))

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        rng = np.random.default_rng([self.seed, step])
        inputs = torch.from_numpy(rng.normal(size=(self.clips, 6)).astype(np.float32))[share.of(self.clips)]
        self.network.get_buffer("seen").add_(1)
        return {"total": functional.mse_loss(self.network(inputs), inputs @ self.task)}

    def validate(self) -> Mapping[str, float]:
        if self.scores is not None:
            return {"score": next(self.scores)}
        inputs = torch.from_numpy(np.random.default_rng(99).normal(size=(64, 6)).astype(np.float32))
        return {"score": -functional.mse_loss(self.network(inputs), inputs @ self.task).item()}


def counting_clock() -> Callable[[], float]:
    """A clock that says one second more every time."""
    seconds = itertools.count()
    return lambda: float(next(seconds))


def run_tiny(
    folder: Path, loop: LoopPreset, trainee: TinyTrainee | None = None, seed: int = 0
) -> tuple[TinyTrainee, Standing]:
    """Train in this process."""
    trainee = trainee or TinyTrainee(seed)
    around = Surroundings(counting_clock(), logs=[CsvLog(folder)])
    return trainee, train(trainee, RunPlan("tiny", loop, seed=seed), RunFolder(folder), around)


def run_and_report_steps(folder: Path, loop: LoopPreset, reports: Connection) -> None:
    """Train in a child process, telling whenever the losses of a step are asked for."""

    class Reporting(TinyTrainee):
        def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
            reports.send_bytes(b"step")
            return super().losses(step, share)

    torch.set_num_threads(1)
    run_tiny(folder, loop, Reporting())


def run_share(folder: Path, loop: LoopPreset, share: Share) -> None:
    """Train in one of several child processes that find each other through a file."""
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    trainee = TinyTrainee(dropout=0.0)
    with joined(CPU, share, f"file://{folder}/meeting") as processes:
        around = Surroundings(counting_clock(), processes=processes)
        train(trainee, RunPlan("tiny", loop), RunFolder(folder / "run"), around)
