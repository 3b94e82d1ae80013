"""Workers as children: what happens when they die, and when their parent does."""

import queue
import signal
import subprocess
import sys
from pathlib import Path

from singalike.services.conversion.supervisor import Supervisor
from singalike.services.settings import Settings, as_environment, read_settings
from tests.support.patience import PATIENCE_S, await_that

LIVE_ON = "import sys; sys.stdin.read()"
"""A child that lives until its parent's end of the pipe closes."""


class Children:
    """Supervised processes that each leave a file of the name and with the id it runs by, and tell who died."""

    def __init__(self, folder: Path, program: str, *, had_lived: bool = True, count: int = 1) -> None:
        self.deaths: queue.Queue[str] = queue.Queue()
        self._had_lived = had_lived
        note = "import os, pathlib, sys\n"
        note += f"place = pathlib.Path({str(folder)!r}, sys.argv[-1])\n"
        note += "aside = place.with_suffix('.unfinished')\n"
        note += "aside.write_text(str(os.getpid()))\n"
        note += "aside.replace(place)\n"  # whole, whenever the child is killed
        self.supervisor = Supervisor(count, {}, self._note_death, [sys.executable, "-c", note + program])

    def _note_death(self, executor_id: str) -> bool:
        self.deaths.put(executor_id)
        return self._had_lived


def test_a_child_that_dies_is_told_of_and_another_one_is_started_under_another_name(tmp_path: Path) -> None:
    children = Children(tmp_path, "sys.exit(3)")

    children.supervisor.start()
    first, second = (children.deaths.get(timeout=PATIENCE_S) for _ in range(2))
    children.supervisor.stop(grace_s=1.0)

    assert first != second
    assert {first, second} <= {path.name for path in tmp_path.iterdir()}


def test_stopping_ends_all_children_and_is_no_death(tmp_path: Path) -> None:
    children = Children(tmp_path, LIVE_ON, count=2)

    children.supervisor.start()
    await_that(lambda: len(notes(tmp_path)) == 2)
    running = [is_running(note) for note in notes(tmp_path)]
    children.supervisor.stop(grace_s=1.0)

    assert running == [True, True]
    assert children.deaths.empty()
    assert not [note for note in notes(tmp_path) if is_running(note)]


def notes(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix != ".unfinished"]


def is_running(note: Path) -> bool:
    return Path("/proc", note.read_text("utf-8")).exists()


PARENT = """
import sys, time
from singalike.services.conversion.supervisor import Supervisor
child = "from singalike.services.conversion.supervisor import end_with_parent\\n"
child += "import signal, time\\nend_with_parent(1.0)\\nprint('up', flush=True)\\nsignal.pause()"
Supervisor(1, {}, lambda _: True, [sys.executable, "-c", child]).start()
time.sleep(60)
"""


def test_a_child_goes_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        said = next(line for line in parent.stdout if line == b"up\n")

        parent.kill()
        # Ends when nobody holds the other end of the pipe any more: the child has gone too.
        parent.communicate(timeout=PATIENCE_S)

    assert (said, parent.returncode) == (b"up\n", -signal.SIGKILL)


def test_children_get_the_settings_of_their_parent(tmp_path: Path) -> None:
    given = read_settings(
        data_dir=tmp_path, auth_token="secret", reflection=True, torch_threads=3, jobs_url="sqlite://"
    )

    written = as_environment(given)

    assert Settings(**{name.removeprefix("SINGALIKE_").lower(): value for name, value in written.items()}) == given
