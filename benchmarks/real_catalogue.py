"""Recommend for real voices whose singers are in the catalogue, over songs that were left out.

usage: SINGALIKE_DEV_DATA=... python benchmarks/real_catalogue.py [--cache FOLDER]

One catalogue: the first halves of the whole mixed songs of ultrastar and librosa_data, separated, and of each mir1k
singer the voice stems of every second song. Queries: the second halves (separated), and all clips of the other mir1k
songs, once as voice stem and once as mixture (both channels averaged, separated). Each query ranks all singers; printed
is how often the true one comes first or among five, with 95 % bootstrap intervals over queries. A query that is refused
counts as a miss; names are asked for however little was heard.
"""

import argparse
import csv
import hashlib
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import soundfile

from singalike.audio.decoding import select_channel
from singalike.audio.separation import IdentitySeparator
from singalike.audio.sound import Sound
from singalike.audio.watching import Watch, nobody_watches
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError, SingalikeError
from singalike.recsys.ranking_metrics import bootstrap as bootstrap_interval
from singalike.recsys.ranking_metrics import hits_at
from singalike.services import bootstrap
from singalike.services.index_follower import IndexFollower
from singalike.services.ingest import IngestTools, ingest
from singalike.services.ports import IngestItem
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.records import TrackInfo
from singalike.services.settings import read_settings
from singalike.services.singer_ids import singer_id_of

VARIANTS = {
    "blend": RecommendOptions(k=100),
    **{
        f"{signal} only": RecommendOptions(k=100, weights={signal: 1.0})
        for signal in ("timbre", "style", "melody", "voice_gender", "tessitura")
    },
    "all but timbre": RecommendOptions(k=100, signals_off=frozenset({"timbre"})),
}


@dataclass(frozen=True)
class Query:
    """A recording whose singer is known.

    Attributes:
        path, channel, mixture: What to listen to, and whether vocals are separated first.
        singer: Who sings.
        group: Under which heading it is counted.
    """

    path: Path
    channel: str
    mixture: bool
    singer: str
    group: str


class CachedSeparator:
    """Keeps separated vocals on disk: separation takes most of the time, and never changes between runs."""

    def __init__(self, separator: Any, folder: Path) -> None:
        self._separator, self._folder = separator, folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def name(self) -> str:
        """As the separator's."""
        return str(self._separator.name)

    @property
    def version(self) -> str:
        """As the separator's."""
        return str(self._separator.version)

    def separate(self, mixture: Sound, watch: Watch = nobody_watches) -> Sound:
        """Return the vocals, from disk when they are there."""
        key = hashlib.sha256(mixture.waveform.tobytes() + str(mixture.sample_rate).encode()).hexdigest()
        path = self._folder / f"{self.name}-{key[:24]}.npz"
        if not path.exists():
            vocals = self._separator.separate(mixture, watch)
            np.savez(path, waveform=vocals.waveform, sample_rate=vocals.sample_rate)
        with np.load(path) as kept:
            return Sound(kept["waveform"], int(kept["sample_rate"]))


def read_rows(data: Path, folder: str, kind: str) -> list[dict[str, str]]:
    """Read a folder's rows of the manifest."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["path"].startswith(f"{folder}/") and row["kind"] == kind]


def halve(data: Path, row: dict[str, str], scratch: Path) -> tuple[Path, Path]:
    """Write both halves of a song as lossless files."""
    waveform, sample_rate = soundfile.read(data / row["path"], dtype="float32", always_2d=True)
    name = hashlib.sha256(row["path"].encode()).hexdigest()[:12]
    middle = len(waveform) // 2
    paths = (scratch / f"{name}-first.flac", scratch / f"{name}-second.flac")
    for path, part in zip(paths, (waveform[:middle], waveform[middle:]), strict=True):
        soundfile.write(path, part, sample_rate)
    return paths


def left_out_songs(rows: Sequence[dict[str, str]]) -> set[str]:
    """Choose every second song of each singer, in the order of their names."""
    songs = defaultdict(set)
    for row in rows:
        songs[row["singer"]].add(row["song"])
    return {song for of_singer in songs.values() for song in sorted(of_singer)[1::2]}


def plan(data: Path, scratch: Path) -> tuple[list[IngestItem], list[IngestItem], list[Query]]:
    """List the mixtures and stems to ingest, and the queries."""
    mixtures, stems, queries = [], [], []
    for folder in ("ultrastar", "librosa_data"):
        for row in read_rows(data, folder, "mixture"):
            first, second = halve(data, row, scratch)
            mixtures.append(IngestItem(str(first), TrackInfo(row["singer"], row["song"])))
            queries.append(Query(second, "mix", True, row["singer"], "whole songs, other half"))
    rows = read_rows(data, "mir1k", "stem")
    left_out = left_out_songs(rows)
    for row in rows:
        path = data / row["path"]
        if row["song"] not in left_out:
            stems.append(IngestItem(str(path), TrackInfo(row["singer"], f"{row['song']} {path.stem}"), "right"))
            continue
        queries.append(Query(path, "right", False, row["singer"], "mir1k, voice stem"))
        queries.append(Query(path, "mix", True, row["singer"], "mir1k, mixture"))
    return mixtures, stems, queries


def listen(query: Query, tools: IngestTools) -> VoiceProfile | None:
    """Turn a query into a profile, as `singalike recommend` does; the channels are averaged before separation."""
    try:
        sound = tools.decoder.decode(query.path.read_bytes())
        if query.group.startswith("mir1k"):
            sound = select_channel(sound, query.channel)
        vocals = tools.separator.separate(sound).mono() if query.mixture else sound
        return tools.encoder.encode([vocals])[0]
    except SingalikeError as error:
        print(f"refused {query.path.name} ({query.group}): {error.message} [{error.reason}]")
        return None


def rank_of(recommender: Recommender, profile: VoiceProfile | None, singer: str, options: RecommendOptions) -> int:
    """Return the place of the true singer, one behind the last when the recording is refused."""
    nowhere = len(recommender.view()) + 1
    if profile is None:
        return nowhere
    try:
        found = recommender.recommend_singers(profile, replace(options, even_if_unsure=True))
    except InvalidInputError:
        return nowhere
    return [each.singer_id for each in found.singers].index(singer_id_of(singer)) + 1


def report(name: str, ranks: Sequence[int]) -> str:
    """Format hit@1 with its interval, hit@5 and mean reciprocal rank (the MAP with one relevant singer)."""
    found = np.array(ranks)
    first = bootstrap_interval(hits_at(found, 1), np.random.default_rng(0))
    five, mean = hits_at(found, 5).mean(), (1.0 / found).mean()
    interval = f"{first.mean:.3f} ({first.low:.2f}-{first.high:.2f})"
    return f"| {name:34} | {len(found):4} | {interval} | {five:.3f} | {mean:.3f} |"


def run(options: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
    """Ingest, ask and print."""
    data = Path(os.environ["SINGALIKE_DEV_DATA"])
    settings = read_settings(data_dir=folder / "catalogue", device=options.device, index=options.index)
    encoder = bootstrap.load_encoder(settings)
    catalogue = bootstrap.open_catalogue(settings)
    stack.callback(catalogue.close)
    decoder = stack.enter_context(bootstrap.build_decoder(settings))
    separator = CachedSeparator(bootstrap.build_separator(settings), folder / "vocals")
    tools = IngestTools(catalogue, decoder, separator, encoder)
    scratch = folder / "halves"
    scratch.mkdir(parents=True, exist_ok=True)
    mixtures, stems, queries = plan(data, scratch)
    start = time.perf_counter()
    for items, part in ((mixtures, tools), (stems, replace(tools, separator=IdentitySeparator()))):
        outcome = ingest(items, part)
        for path, reason, message in outcome.refused:
            print(f"refused {Path(path).name}: {message} [{reason}]")
    index = bootstrap.open_index(settings, encoder.timbre_dim, encoder.style_dim, encoder.model_version)
    stack.callback(index.close)
    held = IndexFollower(catalogue, index, encoder.model_version).start()
    recommender = Recommender(catalogue, index, encoder.model_version)
    view = recommender.refresh()
    print(f"ear {encoder.model_version}, separator {separator.name}, index {options.index}: {len(view)} singers, "
          f"{len(view.tracks)} tracks, {held.count} segments, {time.perf_counter() - start:.0f} s")  # fmt: skip
    heard = [(query, listen(query, tools)) for query in queries]
    print(f"{len(heard)} queries, {time.perf_counter() - start:.0f} s\n")
    print_tables(recommender, heard)


def print_tables(recommender: Recommender, heard: Sequence[tuple[Query, VoiceProfile | None]]) -> None:
    """Print a table for each variant of the blend."""
    groups = list(dict.fromkeys(query.group for query, _ in heard))
    pools = {group: [group] for group in groups} | {
        "ALL, voice stems and whole songs": ["mir1k, voice stem", "whole songs, other half"],
        "ALL, mixtures only": ["mir1k, mixture", "whole songs, other half"],
        "ALL": groups,
    }
    for variant, options in VARIANTS.items():
        ranks = defaultdict(list)
        for query, profile in heard:
            ranks[query.group].append(rank_of(recommender, profile, query.singer, options))
        print(f"| {variant:34} |    n | hit@1 (95 %)        | hit@5 | MAP   |")
        print("|---|---|---|---|---|")
        for pool, members in pools.items():
            print(report(pool, [rank for member in members for rank in ranks[member]]))
        print()


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="Keep catalogue and separated vocals here between runs.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--index", choices=["edge", "exact"], default="edge")
    options = parser.parse_args()
    if not os.environ.get("SINGALIKE_DEV_DATA"):
        parser.error("set SINGALIKE_DEV_DATA to the folder of development sound")
    with ExitStack() as stack:
        folder = options.cache or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run(options, folder, stack)


if __name__ == "__main__":
    main()
