"""``make accept``: write every generated file of the repository.

These are the files under ``conf/`` that show settings, ``docs/reference/settings.md``,
``docs/reference/messages.md``, the tables of methods, of ``summary.tsv`` and of what jobs
request, the drawing of the rooms, ``tests/revisions.json``, and schemas with a new number in
``tests/schemas.json``. Tests compare them and change nothing.
"""

from __future__ import annotations

from pathlib import Path

from tests.support import REPOSITORY
from tests.support.documentation import SCHEMAS, record_schemas
from tests.support.estimates import PAGE as CLUSTER
from tests.support.estimates import cluster_page
from tests.support.generated import generated_files
from tests.support.messages.page import PAGE, messages_page
from tests.support.revisions import EXPECTED, write_expected_results
from tests.support.rooms_drawing import DRAWING, drawing


def write_generated_files(root: Path) -> list[str]:
    """Write the generated files that differ, and return their paths relative to the repository."""
    changed = []
    files = {
        **generated_files(root),
        PAGE: messages_page(),
        CLUSTER: cluster_page(),
        DRAWING: drawing(),
    }
    for name, text in files.items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


if __name__ == "__main__":
    for name in write_generated_files(REPOSITORY):
        print(f"wrote {name}")
    if write_expected_results():
        print(f"wrote {EXPECTED.relative_to(REPOSITORY)}")
    if record_schemas():
        print(f"wrote {SCHEMAS.relative_to(REPOSITORY)}")
