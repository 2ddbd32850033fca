"""Record the journals that every later version has to replay: ``python tests/durability/record.py [NAME ...]``.

To be run again only when the journal's format, a prompt or a task changes on purpose before a release; once released, a
journal stays as it is, and new ones are added beside it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from recordings import RECORDINGS

from doxa.memory import Home, Journal, archive

FOLDER = Path(__file__).parent / "journals"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or RECORDINGS:
        recording = RECORDINGS[name]
        with tempfile.TemporaryDirectory() as folder:
            run = recording.record(recording.experiment, Path(folder) / "home")
            with Journal.open(Home(Path(folder) / "home"), write=False) as journal:
                archive.write(journal, run, FOLDER / f"{name}.doxa")
        print(f"{name}: {run}, {(FOLDER / f'{name}.doxa').stat().st_size} bytes")


if __name__ == "__main__":
    main()
