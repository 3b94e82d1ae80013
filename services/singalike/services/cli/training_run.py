"""What a training run gets from outside: clock, signals, logs, progress, and the other processes of torchrun."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from singalike.services.cli.stopping import stop_signals
from singalike.services.cli.training_progress import told_progress

if TYPE_CHECKING:
    from singalike.embeddings.training.loop import Surroundings


def own_rank() -> int:
    """Tell the number of this process among those of torchrun, from zero."""
    return int(os.environ.get("RANK", "0"))


def own_device(device: str) -> str:
    """Choose the torch device of this process: with torchrun every process has a GPU of its own."""
    import torch

    from singalike.embeddings.encoder import choose_device

    if device == "auto" and torch.cuda.is_available():
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return choose_device(device)


@contextmanager
def surroundings(model: str, run: Path, device: str, *, as_json: bool) -> Iterator["Surroundings"]:
    """Open everything that a run needs while the block lasts.

    Args:
        model: What is trained, for people.
        run: Folder of the run.
        device: As `own_device` chose it.
        as_json: Print JSON lines instead of a bar.
    """
    # cuBLAS is repeatable only with a workspace of fixed size, and reads this when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    from singalike.embeddings.training.loop import Surroundings
    from singalike.embeddings.training.processes import joined
    from singalike.embeddings.training.run_log import open_logs
    from singalike.embeddings.training.trainee import Share

    share = Share(own_rank(), int(os.environ.get("WORLD_SIZE", "1")))
    with joined(torch.device(device), share) as processes, stop_signals() as stop:
        if share.rank > 0:
            yield Surroundings(time.monotonic, stop=stop.is_set, processes=processes)
            return
        with told_progress(model, time.monotonic, as_json=as_json) as tell:
            yield Surroundings(time.monotonic, tell, stop.is_set, processes, open_logs(run))
