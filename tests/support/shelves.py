"""Shelves of shards that are rendered at once."""

import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import torch

from singalike.embeddings.training.melody_clips import Shard
from singalike.embeddings.training.melody_shards import ShardShelf
from singalike.embeddings.training.processes import joined
from singalike.embeddings.training.trainee import Share


def rendered_number(number: int) -> Shard:
    """A shard that shows its number."""
    return Shard(np.full((1, 48, 4), number % 1000, np.float32), np.full((1, 4), 60.0, np.float32))


def render_at_once(rendered: list[int]) -> Callable[[int], "Future[Shard]"]:
    """Return a renderer that is done at once and notes what it was asked for."""

    def render(number: int) -> "Future[Shard]":
        rendered.append(number)
        done: Future[Shard] = Future()
        done.set_result(rendered_number(number))
        return done

    return render


def ask_a_shelf(folder: Path, share: Share) -> None:
    """In one of several child processes, ask for four shards and write down what was seen and rendered."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    rendered: list[int] = []
    with joined(torch.device("cpu"), share, f"file://{folder}/meeting") as processes:
        shelf = ShardShelf(render_at_once(rendered), folder / "shards", remembered=4, ahead=0, processes=processes)
        seen = [float(shelf(number).mel[0, 0, 0]) for number in range(4)]
    (folder / f"{share.rank}.json").write_text(json.dumps({"seen": seen, "rendered": rendered}), "utf-8")
