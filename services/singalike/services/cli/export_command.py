"""`singalike export`: the ear's models as files for other runtimes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.audio.sound import Waveform
    from singalike.embeddings.export.writing import Graph, Run

EXIT_DIFFERENT = 1


@click.command()
@click.argument("model", type=click.Choice(["timbre", "melody"]))
@click.option("--format", "file_format", type=click.Choice(["onnx", "torchscript"]), default="onnx", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option("--check", is_flag=True, help="Compare the file with the ear itself on noise and on singing.")
def command(model: str, file_format: str, out: Path, check: bool) -> int:
    """Write MODEL as one graph that takes a waveform, float32 (1, samples) at 16 kHz.

    timbre gives the unit vector `timbre` (1, dim), and a manifest beside the file lets Singalike itself read it again;
    melody gives `latent` (1, steps, 32), `pitch` (1, frames, 97) and `voicing` (1, frames). docs/ears.md says more.
    """
    from singalike.embeddings.export import graphs, writing

    graph, own, dim = _graph(model)
    write, run = {
        "onnx": (writing.write_onnx, writing.run_onnx),
        "torchscript": (writing.write_torchscript, writing.run_torchscript),
    }[file_format]
    write(graph, out)
    if dim:
        writing.write_manifest(graph, out, dim)
    size_mib, answers = out.stat().st_size / 2**20, ", ".join(graph.outputs)
    click.echo(f"{out}: {size_mib:.1f} MiB, {answers} of {graph.facts['model_version']}")
    if not check:
        return 0
    difference = graphs.largest_difference(own, run(out), _waveforms())
    same = difference <= graphs.EQUAL
    click.echo(f"largest difference to the ear itself {difference:.1e}: {'equal' if same else 'DIFFERENT'}")
    return 0 if same else EXIT_DIFFERENT


def _graph(model: str) -> "tuple[Graph, Run, int]":
    """Return the graph, what the model itself answers, and the length of its vector (0: it gives none)."""
    from singalike.embeddings import encoder
    from singalike.embeddings.checkpoint import SHIPPED
    from singalike.embeddings.export import graphs
    from singalike.embeddings.melody import MelodyEncoder
    from singalike.embeddings.timbre import TimbreEncoder

    folder = read_settings().checkpoints or SHIPPED
    version = encoder.model_version(folder)
    if model == "timbre":
        timbre = TimbreEncoder.load(folder)
        return graphs.timbre_graph(timbre, version), graphs.own_timbre(timbre), timbre.dim
    melody = MelodyEncoder.load(folder)
    return graphs.melody_graph(melody, version), graphs.own_melody(melody), 0


def _waveforms() -> "Sequence[Waveform]":
    """Noise, and synthetic singers, of lengths that fall between frames."""
    import numpy as np

    from singalike.audio.synthesis import compose_melody, draw_singer, sing

    rng = np.random.default_rng(0)
    waveforms: list[Waveform] = [rng.normal(0.0, 0.1, 37_123).astype(np.float32)]
    for seconds in (2.0, 5.0, 12.3):
        voice = draw_singer(rng)
        waveforms.append(
            sing(voice, compose_melody(rng, voice.centre_midi, seconds), sample_rate=16_000, rng=rng).waveform[0]
        )
    return waveforms
