"""Write docs/settings.md: `python -m singalike.services.settings_page > docs/settings.md`."""

from singalike.services.settings import Settings

HEAD = """# Settings

Every process reads these variables once, at start; a bad value stops it with the variable's name. Options of a command
(`--data-dir`, `--host`, ...) win over them. This page is written by `python -m singalike.services.settings_page`.

| variable | default | meaning |
|---|---|---|
"""
DEFAULTS = {"data_dir": "`~/.local/share/singalike`", "auth_token": "", "qdrant_api_key": "", "watermark_key": ""}


def render() -> str:
    """Return the page as Markdown."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = DEFAULTS.get(name, "" if field.default in {None, ""} else f"`{field.default}`")
        rows.append(f"| `SINGALIKE_{name.upper()}` | {default} | {field.description} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - the page is this command's output
