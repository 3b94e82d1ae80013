"""Run as `python -m singalike.services.adapters.edge_optimizer FOLDER TIMBRE_DIM STYLE_DIM`.

Optimises a copy of a shard in a process of its own: the engine holds Python's lock for the whole time (40 s at 100 000
points), and a server must go on answering.
"""

import os
import sys
from pathlib import Path

from singalike.services.adapters.edge_shard import EdgeShard

NICENESS = 10


def main() -> None:
    """Optimise the shard and write it to disk."""
    os.nice(NICENESS)
    folder, timbre_dim, style_dim = sys.argv[1:]
    shard = EdgeShard(Path(folder), int(timbre_dim), int(style_dim))
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    main()
