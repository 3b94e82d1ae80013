"""Train the model "separator": the mask network that takes vocals out of songs.

First a bank of voices and accompaniments is made (`separation_material`), then clips are mixed from it anew for every
step. `singalike train separator --data FOLDER --out FOLDER` does both, and reads rows of the manifest with use=train.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from singalike.audio.separation.mask_network import MaskNetwork, MaskPreset
from singalike.audio.separation.masking import NAME, save_mask_network
from singalike.embeddings.training.datasets import TrainingVoice, read_voices
from singalike.embeddings.training.loop import RunPlan, Standing, Surroundings, train
from singalike.embeddings.training.material_bank import Bank, read_bank
from singalike.embeddings.training.model_card import ModelCard, write_card
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.separation_material import MaterialPreset, fill_bank
from singalike.embeddings.training.separator_training import SeparatorTrainee, SeparatorTraining
from singalike.embeddings.training.soundfont import SoundFont

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SeparatorPreset:
    """How the model is made.

    Attributes:
        loop: How training is paced.
        shape: Of the network.
        training: What it is trained on, and for what.
        material: What clips are mixed from.
    """

    loop: LoopPreset = field(default_factory=LoopPreset)
    shape: MaskPreset = field(default_factory=MaskPreset)
    training: SeparatorTraining = field(default_factory=SeparatorTraining)
    material: MaterialPreset = field(default_factory=MaterialPreset)


@dataclass(frozen=True)
class SeparatorSources:
    """What the model is made from, and where.

    Attributes:
        data: Folder with the manifest.
        out: Folder of the model.
        run: Folder of the training run, which keeps the bank.
        soundfont: Plays the bands; None has them made by our own synthesis.
        seed: Of all chance.
        workers: Processes that make the bank.
        device: Where the network trains.
        say: Told in words what happens.
    """

    data: Path
    out: Path
    run: Path
    soundfont: SoundFont | None = None
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    say: Callable[[str], None] = _LOG.info


def fit(preset: SeparatorPreset, sources: SeparatorSources, around: Surroundings) -> MaskNetwork | None:
    """Make the bank, train the network or go on with its run, and save model and card.

    Args:
        preset: How.
        sources: From what, and where.
        around: Clock, listeners and processes; the first process alone makes the bank and saves.

    Returns:
        The network; None in the other processes, and when the run was asked to stop.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND.
        InvalidInputError: BANK_EMPTY, the data folder holds too little.
        WrongStateError: Of the bank and of the run's folder.
    """
    bank = _bank(preset, sources) if around.processes.share.rank == 0 else None
    around.processes.agree([0.0])  # the bank is full before the others read it
    bank = bank or read_bank(sources.run / "bank")
    assert bank is not None
    return fit_to_bank(bank, preset, sources, around)


def fit_to_bank(
    bank: Bank, preset: SeparatorPreset, sources: SeparatorSources, around: Surroundings
) -> MaskNetwork | None:
    """Do what `fit` does once there is a bank, with the same arguments, results and errors."""
    torch.manual_seed(sources.seed)
    trainee = SeparatorTrainee(MaskNetwork(preset.shape), preset.training, bank, sources.seed, sources.device)
    settings = {name: value for name, value in asdict(preset).items() if name != "loop"}
    standing = train(trainee, RunPlan(NAME, preset.loop, settings, sources.seed), RunFolder(sources.run), around)
    sources.say(f"network trained for {standing.step} steps ({standing.ended}), best score {standing.best_score}")
    if standing.ended == "stopped" or around.processes.share.rank > 0:
        return None
    with torch.no_grad():
        figures = trainee.validate()
    network: MaskNetwork = trainee.network.cpu()
    made = settings | {"loop": asdict(preset.loop), "seed": sources.seed, "steps": standing.step}
    save_mask_network(network, {"training": made}, sources.out)
    write_card(_card(read_voices(sources.data), bank, preset, standing, figures, sources), sources.out)
    return network


def _bank(preset: SeparatorPreset, sources: SeparatorSources) -> Bank:
    sources.say("making voices and accompaniments")
    return fill_bank(
        sources.data,
        sources.run / "bank",
        sources.soundfont,
        preset.material,
        sources.seed,
        sources.workers,
        sources.say,
    )


def _card(
    voices: tuple[TrainingVoice, ...],
    bank: Bank,
    preset: SeparatorPreset,
    standing: Standing,
    figures: Mapping[str, float],
    sources: SeparatorSources,
) -> ModelCard:
    voices_s, backings_s = bank.seconds
    heard_h = standing.step * preset.training.batch * preset.training.frames * 512 / 16_000 / 3600
    band = sources.soundfont.path.name if sources.soundfont else "our own synthesis"
    method = (
        "A U-Net on log magnitudes of middle and side at 16 kHz, with layers over all bins in every block, tells how "
        "much of every cell is sung. Clips are mixed anew for every step, with equalisers, rooms, places, saturation, "
        f"compression and noise, from {voices_s / 3600:.1f} h of voices (recordings, the same sung by WORLD as other "
        f"people, invented singers) and {backings_s / 3600:.1f} h of accompaniments, played from MIDI by {band}. The "
        "loss is the distortion in dB beside the error of compressed magnitudes. "
        f"The network heard {heard_h:.0f} h in {standing.step} steps."
    )
    return ModelCard(
        name=NAME,
        purpose="Takes the vocals out of a song: a mask over the spectrogram of its middle and of its side.",
        method=(method,),
        figures=(
            f"Mixtures of voices and songs held out ({preset.training.validated}): SDR {figures['score']:.1f} dB.",
            f"Gain over the mixture itself: {figures['gain']:.1f} dB.",
            "Real songs: docs/models.md, by `python benchmarks/separation.py`.",
        ),
        limits=(
            "All singing is vocal, backing voices too.",
            "Instruments that sing, such as violins and lead synthesisers, may be taken for voices.",
            "Nothing above 8 kHz is heard: there, vocals follow what is sung from 5 to 8 kHz.",
        ),
        voices=voices,
        seed=sources.seed,
        command=NAME,
        also=(
            "songs of OpenScore Lieder, https://github.com/OpenScore/Lieder, CC0",
            "instruments: FluidR3_GM.sf2, Frank Wen and others, https://member.keymusician.com/Member/FluidR3_GM, MIT"
            if sources.soundfont and sources.soundfont.path.name == "FluidR3_GM.sf2"
            else f"instruments: {band}",
        ),
    )
