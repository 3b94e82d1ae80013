"""Many negatives for little work: vectors of past batches, made by a slow copy of the network."""

import torch
from torch import Tensor, nn

from singalike.embeddings.training.objectives.contrast import chance, contrast
from singalike.errors import InvalidInputError


class MemoryQueue(nn.Module):
    """Hold the newest vectors, first in, first out.

    All of it is buffers, so a run resumes with the queue it had.

    Args:
        size: Vectors held.
        dim: Numbers in a vector.

    Raises:
        InvalidInputError: QUEUE_SIZE.

    Source:
        He et al. 2020, MoCo, https://arxiv.org/abs/1911.05722.
    """

    vectors: Tensor
    labels: Tensor
    pushed: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        if size < 1:
            raise InvalidInputError("QUEUE_SIZE", f"a queue holds at least one vector, not {size}")
        self.register_buffer("vectors", torch.zeros(size, dim))
        self.register_buffer("labels", torch.zeros(size, dtype=torch.long))
        self.register_buffer("pushed", torch.zeros((), dtype=torch.long))

    def held(self) -> tuple[Tensor, Tensor]:
        """Return what is in the queue: unit vectors (n, dim) and labels (n,), n at most `size`, order not told."""
        filled = min(int(self.pushed), len(self.vectors))
        return self.vectors[:filled].clone(), self.labels[:filled].clone()

    @torch.no_grad()
    def push(self, vectors: Tensor, labels: Tensor) -> None:
        """Put vectors (n, dim) with labels (n,) over the oldest ones; only the last `size` of them are kept."""
        size = len(self.vectors)
        first = int(self.pushed) + max(len(vectors) - size, 0)
        places = torch.arange(first, int(self.pushed) + len(vectors), device=self.vectors.device) % size
        self.vectors[places] = vectors[-size:].to(self.vectors.dtype)
        self.labels[places] = labels[-size:]
        self.pushed += len(vectors)


def queue_contrast(
    queries: Tensor, keys: Tensor, labels: Tensor, queue: MemoryQueue, temperature: float = 0.1
) -> Tensor:
    """Let every query find the keys of its label among other keys and the queue.

    Args:
        queries: Unit vectors of the network, float (batch, dim).
        keys: Unit vectors of the slow copy for the same views, (batch, dim); no gradient flows into them.
        labels: Recording of each view, int (batch,); at least one of them twice.
        queue: Negatives; those of a query's own recording are left out.
        temperature: Softmax temperature, above zero.

    Returns:
        Mean loss in nats, shape (), above zero. The key of a view itself is no positive of it.

    Raises:
        InvalidInputError: NO_PAIRS, no label is in the batch twice; NO_NEGATIVES, a query has none.

    Source:
        He et al. 2020, MoCo, eq. 1, https://arxiv.org/abs/1911.05722.
    """
    past, past_labels = queue.held()
    candidates = torch.cat([keys.detach(), past])
    similarity = queries @ candidates.T / temperature
    return contrast(similarity, *_masks(labels, past_labels), decoupled=False)


def queue_chance(labels: Tensor, queue: MemoryQueue) -> float:
    """Return what `queue_contrast` is for vectors without information, in nats; as in `nt_xent_chance`."""
    return chance(*_masks(labels, queue.held()[1]), decoupled=False)


def _masks(labels: Tensor, past_labels: Tensor) -> tuple[Tensor, Tensor]:
    same = labels[:, None] == torch.cat([labels, past_labels])[None]
    positive = same.clone()
    positive[:, len(labels) :] = False
    positive.fill_diagonal_(False)
    return positive, ~same
