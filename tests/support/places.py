"""Fresh environments for tests, into which distributions are installed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.support.warm import Warm

ROOT = Path(__file__).parents[2]
COMMAND = """\
#!{python}
from unetkit.cli import main
main()
"""


class Place:
    """A fresh environment, and a folder to work in. Its other packages are those of the environment of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warm: Warm | None = None
        self.bin = folder / "venv" / "bin"
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        site = next((folder / "venv" / "lib").glob("python*/site-packages"))
        (site / "parent.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
        command = self.bin / "unetkit"
        command.write_text(COMMAND.format(python=self.bin / "python"))
        command.chmod(0o755)

    def pip(self, *arguments: str) -> None:
        """Has pip do something here, with what there is on this machine alone."""
        offline = {"install": ["--no-index", "--no-deps", "--no-build-isolation"], "uninstall": ["--yes"]}
        verb, *rest = arguments
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), verb, *offline[verb], *rest]
        self.call(command)

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Returns what a command of unetkit gave; its exit code is asserted, and that nothing fell through."""
        done = self.python(str(self.bin / "unetkit"), *arguments, code=code)
        assert "Traceback" not in done.stderr
        return done

    def python(self, *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Returns what a script or a module of this environment gave; its exit code is asserted."""
        if self.warm is None:
            self.warm = Warm(self.bin / "python")
        return checked(self.warm.call(list(command), self.folder, self.environment), code)

    def call(self, command: list[str]) -> None:
        """Runs a command of another environment."""
        environment = self.environment
        checked(subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=environment, check=False))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all commands."""
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return kept | {"XDG_CACHE_HOME": str(self.folder / "cache")}

    def close(self) -> None:
        """Ends the Python that is kept running."""
        if self.warm is not None:
            self.warm.end()


def checked(done: subprocess.CompletedProcess[str], code: int = 0) -> subprocess.CompletedProcess[str]:
    """Returns what a command gave, with its exit code asserted."""
    assert done.returncode == code, done.stdout + done.stderr
    return done
