"""Every reason for which the conversion service refuses stands in its documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (
    "services/singalike/services/conversion",
    "services/singalike/services/conversion_refusals.py",
    "services/singalike/services/wire/enrolment_upload.py",
    "services/singalike/services/wire/upload_stream.py",
    "services/singalike/services/wire/consents.py",
    "conversion/singalike/conversion/consent",
    "conversion/singalike/conversion/song",
    "conversion/singalike/conversion/writing.py",
    "services/singalike/services/adapters/conversion_files.py",
    "services/singalike/services/adapters/song_reader.py",
    "services/singalike/services/adapters/private_files.py",
    "conversion/singalike/conversion/engines.py",
    "conversion/singalike/conversion/neural",
    "conversion/singalike/conversion/knn_svc",
    "conversion/singalike/conversion/rvc",
)
INSIDE = {"CONVERSION_MOVED", "TENANT_BUSY", "WATERMARK_KEY_DAMAGED"}
"""Told to workers and operators, never to callers."""

RAISED = re.compile(r'(?:Error|Fault)\(\s*"([A-Z][A-Z_0-9]+)"')
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def files(source: str) -> list[Path]:
    path = ROOT / source
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def test_every_reason_is_documented_once() -> None:
    raised = {
        reason for source in SOURCES for path in files(source) for reason in RAISED.findall(path.read_text("utf-8"))
    }
    documented = ROW.findall((ROOT / "docs" / "conversion.md").read_text("utf-8"))

    assert len(raised) > 30
    assert raised - INSIDE - set(documented) == set()
    assert len(documented) == len(set(documented))
