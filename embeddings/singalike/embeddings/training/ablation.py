"""The deck's table again: all nine positions of the switches `pitch` and `stretch`, trained alike and judged alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from singalike.embeddings.training.ablation_figures import (
    PairErrors,
    Sets,
    judge_mean_mel,
    judge_network,
    read_measured_clips,
)
from singalike.embeddings.training.ablation_material import Material, MaterialPreset, NamedClip, make_material
from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.objectives.choice import ObjectivePreset
from singalike.embeddings.training.pace import Progress
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.self_supervised import SelfSupervisedPreset, SelfSupervisedTrainee
from singalike.embeddings.training.view_bank import ViewBank
from singalike.embeddings.training.views import COMBINATIONS, Switches
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.embeddings.voice_frames import HOP_S

HELD_OUT = "held-out singers"


@dataclass(frozen=True)
class AblationPreset:
    """What is the same for all nine.

    Attributes:
        shape: Of the network.
        objective: How views are compared.
        loop: How a run is paced; nothing is validated meanwhile, so all nine hear equally much.
        clips: Views in a batch.
        crop_frames: Frames of a view, 10 ms each.
        material: What is made of the recorded voices.
    """

    shape: TrunkPreset = field(default_factory=lambda: TrunkPreset(inputs=80, narrow=48, wide=64, blocks=2))
    objective: ObjectivePreset = field(default_factory=ObjectivePreset)
    loop: LoopPreset = field(
        default_factory=lambda: LoopPreset(steps=300, learning_rate=2e-3, warm_up=30, save_every=50)
    )
    clips: int = 72
    crop_frames: int = 150
    material: MaterialPreset = field(default_factory=MaterialPreset)


@dataclass(frozen=True)
class AblationRow:
    """One method of the table.

    Attributes:
        method: "trained", "untrained" or "mean-mel".
        pitch: Position of the switch, "" for a baseline.
        stretch: Position of the other one.
        loss: On recordings of voices that were not trained on; None for a baseline.
        chance: What vectors without information have.
        errors: By set of clips, for a network also by set of whitened clips.
    """

    method: str
    pitch: str
    stretch: str
    loss: float | None
    chance: float | None
    errors: Mapping[str, PairErrors]

    @property
    def below_chance(self) -> float | None:
        """How far the loss lies below chance, in nats."""
        return None if self.loss is None or self.chance is None else self.chance - self.loss


@dataclass(frozen=True)
class AblationPlace:
    """Where the ablation finds and leaves things.

    Attributes:
        data: Folder with the manifest, of which only rows with use=train are heard.
        out: Folder for material and runs; the same command goes on with what it finds there.
        measure: Folder with recordings that only measure; None leaves their columns out.
    """

    data: Path
    out: Path
    measure: Path | None = None


def run_ablation(
    place: AblationPlace, preset: AblationPreset, seed: int, around: Surroundings, say: Callable[[str], None]
) -> tuple[AblationRow, ...] | None:
    """Train and judge all nine combinations, and the baselines beside them.

    A combination that is over is not trained again, and one that was killed goes on from its last saved state.

    Args:
        place: Folders.
        preset: Settings.
        seed: Of all chance.
        around: Clock, and whether to stop.
        say: Told in words how far the work is and what time it needs.

    Returns:
        The table, or None when it was asked to stop: the same call goes on.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND.
        WrongStateError: RUN_DIFFERS, the folder holds runs with other settings.
    """
    measured = {} if place.measure is None else read_measured_clips(place.measure)
    material = make_material(place.data, place.out / "material", preset.material, seed, _told(around.clock, say))
    sets: Sets = {HELD_OUT: material.clips, **measured}
    heard = material.plain_pieces(round(preset.material.clip_s / HOP_S))
    untrained = make_trainee(Switches("off", "off"), material, preset, seed)
    rows = [
        AblationRow("mean-mel", "", "", None, None, judge_mean_mel(sets)),
        _judged("untrained", untrained, sets, heard),
    ]
    for number, switches in enumerate(COMBINATIONS):
        title = f"{number + 1} of {len(COMBINATIONS)}, {switches}"
        tell = _teller(title, len(COMBINATIONS) - number - 1, around.clock, say)
        trainee = make_trainee(switches, material, preset, seed)
        folder = RunFolder(place.out / "runs" / f"pitch-{switches.pitch}-stretch-{switches.stretch}")
        plan = RunPlan("ablation", preset.loop, _settings(preset, switches), seed)
        if train(trainee, plan, folder, replace(around, tell=tell)).ended == "stopped":
            return None
        rows.append(_judged("trained", trainee, sets, heard))
        say(f"{title}: {_in_words(rows[-1])}")
    return tuple(rows)


def make_trainee(switches: Switches, material: Material, preset: AblationPreset, seed: int) -> SelfSupervisedTrainee:
    """Build a fresh network and what trains it; the same weights for all nine."""
    fit = ViewBank(material.fit, seed)
    held_out = {HELD_OUT: material.clips}
    return SelfSupervisedTrainee(
        _fresh_network(fit, preset, seed),
        preset.shape.timbre_dim,
        fit,
        ViewBank(material.held_out, seed),
        lambda encoder: {"score": -judge_network(encoder, held_out)[HELD_OUT].eer},
        SelfSupervisedPreset(preset.objective, switches, preset.clips, preset.crop_frames),
    )


def _fresh_network(fit: ViewBank, preset: AblationPreset, seed: int) -> Trunk:
    torch.manual_seed(seed)
    network = Trunk(preset.shape)
    mean, deviation = fit.normalisation()
    network.input_mean.copy_(torch.from_numpy(mean))
    network.input_deviation.copy_(torch.from_numpy(deviation))
    return network


def _judged(method: str, trainee: SelfSupervisedTrainee, sets: Sets, heard: Sequence[NamedClip]) -> AblationRow:
    told, switches = trainee.held_out_loss(), trainee.preset.switches
    errors = judge_network(trainee.objective.encoder, sets, heard)
    return AblationRow(method, switches.pitch, switches.stretch, told["loss"], told["chance"], errors)


def _settings(preset: AblationPreset, switches: Switches) -> dict[str, Any]:
    """All that the run's weights depend on, apart from its pace and seed."""
    return {**{name: value for name, value in asdict(preset).items() if name != "loop"}, "switches": asdict(switches)}


def _told(clock: Callable[[], float], say: Callable[[str], None]) -> Callable[[int, int], None]:
    begun_s = clock()

    def advance(done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            left_s = (clock() - begun_s) / done * (total - done)
            say(f"recordings of {done} of {total} voices, {left_s / 60:.1f} min left for them")

    return advance


def _teller(
    title: str, others: int, clock: Callable[[], float], say: Callable[[str], None]
) -> Callable[[Progress], None]:
    """Tell every half minute how far a run is, and when all are over if the others need as long."""
    last_s = clock()

    def tell(progress: Progress) -> None:
        nonlocal last_s
        if clock() - last_s < 30.0 or not progress.steps_per_s:
            return
        last_s = clock()
        left_s = progress.left_s + others * progress.steps / progress.steps_per_s
        loss, chance = progress.losses["total"], progress.losses["chance"]
        say(
            f"{title}: step {progress.step} of {progress.steps}, loss {loss:.2f} (chance {chance:.2f}), "
            f"{progress.clips_per_s:.0f} clips/s, {left_s / 60:.0f} min left for all"
        )

    return tell


def _in_words(row: AblationRow) -> str:
    errors = row.errors[HELD_OUT]
    return f"{row.below_chance:.2f} nats below chance, EER {errors.eer:.3f}, same-gender {errors.same_gender_eer:.3f}"
