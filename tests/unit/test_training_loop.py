"""The training loop: what it learns, keeps, refuses, and how it goes on after a kill."""

import contextlib
import csv
import math
import multiprocessing
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.pace import Progress
from singalike.embeddings.training.run_folder import STATE, RunFolder, write_whole
from singalike.embeddings.training.run_log import CsvLog, open_logs
from singalike.embeddings.training.schedule import LoopPreset, Precision, learning_rate_at, progress_of
from singalike.embeddings.training.trainee import Share
from singalike.errors import CapacityError, InvalidInputError, WrongStateError
from tests.support.tiny_trainee import TinyTrainee, counting_clock, run_and_report_steps, run_share, run_tiny

LOOP = LoopPreset(
    steps=60, learning_rate=0.02, warm_up=5, validate_every=20, save_every=7, log_every=5, ema=0.9, patience=9
)
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["singalike.embeddings.training.loop"])


def assert_same_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor], tolerance: float = 0.0) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, atol=tolerance, rtol=0)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_run_learns_logs_its_losses_and_keeps_the_best_network(tmp_path: Path) -> None:
    trainee, standing = run_tiny(tmp_path, LOOP)

    training, validation = rows(tmp_path / "training.csv"), rows(tmp_path / "validation.csv")
    assert float(training[-1]["total"]) < 0.5 * float(training[0]["total"])
    assert [row["step"] for row in validation] == ["20", "40", "60"]
    assert standing.best_score == pytest.approx(max(float(row["score"]) for row in validation))
    assert trainee.validate()["score"] == pytest.approx(standing.best_score)
    assert not trainee.network.training


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (run_tiny(tmp_path / str(run), LOOP, seed=seed)[0] for run, seed in enumerate((3, 3, 4)))

    assert_same_weights(first.network.state_dict(), again.network.state_dict())
    assert not torch.equal(first.network[0].weight, other.network[0].weight)


def kill_during(folder: Path, loop: LoopPreset, steps: int) -> bool:
    """Train in a child and send it SIGKILL when it has asked for so many batches; was it still at work?"""
    told, reports = CHILDREN.Pipe(duplex=False)
    child = CHILDREN.Process(target=run_and_report_steps, args=(folder, loop, reports))
    child.start()
    reports.close()
    with contextlib.suppress(EOFError):
        for _ in range(steps):
            told.recv_bytes()
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def test_a_run_killed_at_any_moment_ends_with_the_weights_of_an_unbroken_one(tmp_path: Path) -> None:
    loop = replace(LOOP, steps=60, save_every=1)  # most of the time goes into saving: kills fall into it
    whole, _ = run_tiny(tmp_path / "whole", loop)

    killed = [kill_during(tmp_path / "broken", loop, steps) for steps in (1, 8, 11, 15)]
    broken, standing = run_tiny(tmp_path / "broken", loop)

    assert all(killed)
    assert standing.ended == "steps"
    assert_same_weights(whole.network.state_dict(), broken.network.state_dict())
    whole_state, broken_state = (RunFolder(tmp_path / name).load(STATE) for name in ("whole", "broken"))
    assert whole_state is not None
    assert broken_state is not None
    assert_same_weights(whole_state.tensors, broken_state.tensors)
    logged = [[(row["step"], row["learning_rate"]) for row in rows(tmp_path / name / "training.csv")]
              for name in ("whole", "broken")]  # fmt: skip
    assert logged[0] == logged[1]


def test_a_run_that_is_asked_to_stop_goes_on_later(tmp_path: Path) -> None:
    whole, _ = run_tiny(tmp_path / "whole", LOOP)
    answers = iter([False] * 30 + [True])
    plan, stopped = RunPlan("tiny", LOOP), TinyTrainee()

    first = train(
        stopped, plan, RunFolder(tmp_path / "run"), Surroundings(counting_clock(), stop=lambda: next(answers))
    )
    resumed, last = run_tiny(tmp_path / "run", LOOP)

    assert (first.step, first.ended) == (31, "stopped")
    assert (last.step, last.ended) == (60, "steps")
    assert_same_weights(whole.network.state_dict(), resumed.network.state_dict())


def test_a_run_that_is_over_is_not_trained_again(tmp_path: Path) -> None:
    trained, _ = run_tiny(tmp_path, LOOP)

    again, standing = run_tiny(tmp_path, LOOP, TinyTrainee(scores=()))

    assert standing.ended == "steps"
    assert_same_weights(trained.network.state_dict(), again.network.state_dict())


@pytest.mark.parametrize(
    ("loop", "seed", "named"),
    [(replace(LOOP, learning_rate=0.5), 0, "loop.learning_rate 0.02, not 0.5"), (LOOP, 8, "seed 0, not 8")],
)
def test_a_run_folder_refuses_another_run(tmp_path: Path, loop: LoopPreset, seed: int, named: str) -> None:
    run_tiny(tmp_path, LOOP)

    with pytest.raises(WrongStateError, match=named) as refused:
        run_tiny(tmp_path, loop, seed=seed)

    assert refused.value.reason == "RUN_DIFFERS"


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    with RunFolder(tmp_path).held(), pytest.raises(WrongStateError) as refused:
        run_tiny(tmp_path, LOOP)

    assert refused.value.reason == "RUN_IN_USE"


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    run_tiny(tmp_path, LOOP)
    (tmp_path / STATE).write_bytes((tmp_path / STATE).read_bytes()[:-9])

    with pytest.raises(WrongStateError) as refused:
        run_tiny(tmp_path, LOOP)

    assert refused.value.reason == "RUN_DAMAGED"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named_and_leaves_the_old_state(tmp_path: Path) -> None:
    write_whole(tmp_path / "state", b"old")
    (tmp_path / "state.part").symlink_to("/dev/full")

    with pytest.raises(CapacityError, match="the same command goes on"):
        write_whole(tmp_path / "state", b"new")

    assert [file.name for file in tmp_path.iterdir()] == ["state"]
    assert (tmp_path / "state").read_bytes() == b"old"


def test_training_ends_when_the_score_no_longer_grows_and_keeps_the_best(tmp_path: Path) -> None:
    scores = (0.1, 0.5, 0.4, math.nan, 0.3)

    trainee, standing = run_tiny(tmp_path, replace(LOOP, validate_every=4, patience=3), TinyTrainee(scores=scores))

    best, _ = run_tiny(tmp_path / "until best", replace(LOOP, validate_every=4, steps=8, floor=1.0), TinyTrainee())
    assert (standing.ended, standing.step) == ("patience", 20)
    assert (standing.best_step, standing.best_score) == (8, 0.5)
    assert int(trainee.network.get_buffer("seen")) == int(best.network.get_buffer("seen")) == 8


def test_without_validation_the_last_network_is_kept_averaged(tmp_path: Path) -> None:
    loop = replace(LOOP, validate_every=0)

    trainee, _ = run_tiny(tmp_path, loop)

    state = RunFolder(tmp_path).load(STATE)
    assert state is not None
    for name, parameter in trainee.network.named_parameters():
        torch.testing.assert_close(parameter.detach(), state.tensors[f"average/{name}"], atol=0, rtol=0)
        assert not torch.equal(parameter, state.tensors[f"network/{name}"])


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_run_of_lower_precision_learns_and_is_resumed_exactly(tmp_path: Path, precision: Precision) -> None:
    loop = replace(LOOP, precision=precision, save_every=10)
    answers = iter([False] * 12 + [True])
    whole, standing = run_tiny(tmp_path / "whole", loop)

    train(TinyTrainee(), RunPlan("tiny", loop), RunFolder(tmp_path / "run"),
          Surroundings(counting_clock(), stop=lambda: next(answers)))  # fmt: skip
    resumed, _ = run_tiny(tmp_path / "run", loop)

    assert standing.best_score is not None
    assert standing.best_score > TinyTrainee().validate()["score"]
    assert_same_weights(whole.network.state_dict(), resumed.network.state_dict())


def test_a_loss_that_is_not_finite_ends_the_run_before_it_is_saved(tmp_path: Path) -> None:
    class Exploding(TinyTrainee):
        def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
            losses = super().losses(step, share)
            return {"total": losses["total"] * (math.inf if step == 25 else 1.0)}

    with pytest.raises(WrongStateError) as stopped:
        run_tiny(tmp_path, LOOP, Exploding())

    state = RunFolder(tmp_path).load(STATE)
    assert stopped.value.reason == "LOSS_NOT_FINITE"
    assert state is not None
    assert all(torch.isfinite(tensor).all() for tensor in state.tensors.values())


def test_time_ends_a_run_and_lowers_its_learning_rate(tmp_path: Path) -> None:
    _, standing = run_tiny(tmp_path, replace(LOOP, steps=10_000, minutes=1.0, save_every=1000, log_every=1))

    rates = [float(row["learning_rate"]) for row in rows(tmp_path / "training.csv")]
    assert standing.ended == "minutes"
    assert rates[-1] < 0.05 * max(rates)


def test_people_are_told_rate_time_left_losses_and_score(tmp_path: Path) -> None:
    told: list[Progress] = []
    loop = replace(LOOP, log_every=10)

    train(TinyTrainee(), RunPlan("tiny", loop), RunFolder(tmp_path), Surroundings(counting_clock(), tell=told.append))

    first, last = told[0], told[-1]
    assert (first.step, first.steps) == (7, 60)
    assert first.clips_per_s == pytest.approx(8 * first.steps_per_s)
    assert first.left_s == pytest.approx(53 / first.steps_per_s)
    assert set(first.losses) == {"total", "gradient_norm"}
    assert last.left_s == 0.0
    assert "score" in last.validation


def test_two_processes_learn_what_one_learns_from_the_whole_batch(tmp_path: Path) -> None:
    loop = replace(LOOP, steps=40)
    whole, _ = run_tiny(tmp_path / "whole", loop, TinyTrainee(dropout=0.0))

    pair = [CHILDREN.Process(target=run_share, args=(tmp_path, loop, Share(rank, 2))) for rank in (0, 1)]
    for process in pair:
        process.start()
    for process in pair:
        process.join()

    resumed, standing = run_tiny(tmp_path / "run", loop, TinyTrainee(dropout=0.0))
    assert [process.exitcode for process in pair] == [0, 0]
    assert standing.ended == "steps"
    assert_same_weights(whole.network.state_dict(), resumed.network.state_dict(), tolerance=1e-5)


def test_the_learning_rate_warms_up_and_falls_along_a_cosine() -> None:
    preset = LoopPreset(steps=100, learning_rate=1.0, warm_up=10, floor=0.1)

    rates = [learning_rate_at(preset, step, progress_of(preset, step, 0.0)) for step in range(101)]

    np.testing.assert_allclose(rates[0], 0.1)
    assert int(np.argmax(rates)) == 9
    np.testing.assert_allclose(rates[50], 0.55)
    np.testing.assert_allclose(rates[100], 0.1)


def test_a_preset_that_cannot_train_is_refused_by_the_names_of_its_settings() -> None:
    with pytest.raises(InvalidInputError, match="steps must be at least 1; ema must be") as refused:
        LoopPreset(steps=0, ema=1.0)

    assert [violation.field for violation in refused.value.violations] == ["steps", "ema"]


def test_a_log_forgets_rows_after_the_saved_step_and_a_row_cut_short(tmp_path: Path) -> None:
    log = CsvLog(tmp_path)
    for step in (10, 20, 30):
        log.write("training", step, {"total": 1.5 * step})
    log.write("training", 40, {"total": 1.0, "late": 2.0})
    with (tmp_path / "training.csv").open("a", encoding="utf-8") as file:
        file.write("1")

    again = CsvLog(tmp_path)
    again.go_on_from(20)
    again.write("training", 30, {"total": 9.0})

    assert (tmp_path / "training.csv").read_text("utf-8") == "step,total,late\n10,15,\n20,30,\n30,9,\n"


def test_figures_go_to_tensorboard_where_it_is_installed(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    logs = open_logs(tmp_path)

    train(TinyTrainee(), RunPlan("tiny", LOOP), RunFolder(tmp_path), Surroundings(counting_clock(), logs=logs))

    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("validation/score")] == [20, 40, 60]
    assert (tmp_path / "training.csv").exists()
