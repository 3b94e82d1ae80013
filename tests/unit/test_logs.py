"""What a log may never say."""

import subprocess
import sys

PROGRAM = """
import structlog
from singalike.services.logs import configure_logs
from singalike.services.settings import Settings

configure_logs(Settings(log_json={as_json}))
recording = "somebody's" + " voice"
try:
    raise RuntimeError("our bug")
except RuntimeError:
    structlog.get_logger().exception("rpc_failed")
"""


def logged(*, as_json: bool) -> str:
    """Log a failure in a process of its own and return what it wrote."""
    program = PROGRAM.format(as_json=as_json)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr


def test_a_logged_failure_shows_no_variables() -> None:
    for people_or_machines in (logged(as_json=False), logged(as_json=True)):
        assert "our bug" in people_or_machines
        assert "somebody's voice" not in people_or_machines
