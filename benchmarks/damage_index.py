"""Damage an edge index in seeded random ways, start on it, and look whether it was found and rebuilt.

    .venv/bin/python benchmarks/damage_index.py --damages 100

Bit flips, cut, overwritten and removed files, anywhere in the index folder; after each, the index must be found damaged
and agree with the catalogue again. One damage in ten removes the whole folder instead.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from singalike.services.adapters.edge_index import EdgeIndex  # noqa: E402 - after the path of the test support
from singalike.services.adapters.sql_catalogue import SqlCatalogue  # noqa: E402
from singalike.services.index_follower import Finding, IndexFollower  # noqa: E402
from singalike.services.records import TrackInfo  # noqa: E402
from tests.support.damage import damage  # noqa: E402
from tests.support.fake_ear import FakeEar, make_profile  # noqa: E402

EAR = FakeEar("bench-1", timbre_dim=115, style_dim=32, melody_dim=8)
SEGMENTS = 20
REMOVE_EVERY = 10
DONE: Counter[str] = Counter()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--damages", type=int, default=100)
    parser.add_argument("--tracks", type=int, default=500, help="of 20 segments each; 500 are enough for a graph")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        catalogue = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
        fill(catalogue, options.tracks)
        start(catalogue, folder)
        started = time.perf_counter()
        missed = [what for seed in range(options.damages) if (what := damage_once(catalogue, folder, seed))]
        took_s = time.perf_counter() - started
        catalogue.close()
    print(f"{options.damages} damages of {options.tracks * SEGMENTS} points, {took_s / options.damages:.1f} s each:")
    print(f"{options.damages - len(missed)} found and rebuilt, {len(missed)} missed {dict(DONE)}", *missed, sep="\n")
    sys.exit(1 if missed else 0)


def fill(catalogue: SqlCatalogue, tracks: int) -> None:
    """Add random tracks."""
    for number in range(tracks):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        info = TrackInfo(f"Singer {number % 50}", f"Song {number}", genre=("pop", "rock", None)[number % 3])
        catalogue.add_track(info, sha256, 60.0, "identity", make_profile(number, SEGMENTS, EAR))


def start(catalogue: SqlCatalogue, folder: Path) -> Finding:
    """Open, reconcile, build the graph and close; returns what was found."""
    index = EdgeIndex(folder / "index", EAR.timbre_dim, EAR.style_dim)
    try:
        report = IndexFollower(catalogue, index, EAR.model_version).start()
        held, expected = index.state(), catalogue.expected_index_state(EAR.model_version)
        if held != expected:
            raise SystemExit(f"the index holds {held}, the catalogue expects {expected}")
        index.optimize()
    finally:
        index.close()
    return report.finding


def damage_once(catalogue: SqlCatalogue, folder: Path, seed: int) -> str:
    """Damage and start again; returns what was done when it went unnoticed, else nothing."""
    if seed % REMOVE_EVERY == REMOVE_EVERY - 1:
        shutil.rmtree(folder / "index")
        what, expected = "removed the folder", Finding.NEW
    else:
        what, expected = damage(folder / "index", seed), Finding.DAMAGED
    DONE[what.split()[0]] += 1
    found = start(catalogue, folder)
    return "" if found is expected else f"{what}: {found}"


if __name__ == "__main__":
    main()
