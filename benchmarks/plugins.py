"""What other distributions cost those who do not use them: broken ones beside `blocks`, 200 beside `validate`."""

import tempfile
from pathlib import Path

from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from tests.plugins.sites import broken_site, distribution, unetkit

ROUNDS = 11
USES = """\
unetkit: 1
in_channels: 1
out_channels: 2
channels: [8, 16]
block: p7/conv3
"""


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares whole processes with and without distributions on the path."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        empty, many = home / "empty", home / "many"
        empty.mkdir()
        broken = broken_site(home / "broken")
        for number in range(200):
            points = {f"blocks/conv{index}": f"unetkit_p{number}:Conv" for index in range(5)}
            distribution(many, f"unetkit-p{number}", points)

        one = home / "one"
        distribution(one, "unetkit-p7", {f"blocks/conv{index}": "unetkit_p7:Conv" for index in range(5)})
        (home / "uses.yaml").write_text(USES)

        def beside(site: Path, *command: str) -> Comparison:
            ours = timed(lambda: unetkit(*command, site=site, folder=home))
            other = one if command[-1] == "uses.yaml" else empty
            theirs = timed(lambda: unetkit(*command, site=other, folder=home))
            wanted = 1.2 if site == broken else 1.3
            return Comparison(
                f"{' '.join(command)} beside {site.name}",
                *interleave(ours, theirs, rounds=0 if small else ROUNDS),
                wanted=wanted,
            )

        rows = [beside(many, "validate", "uses.yaml")]
        if not small:
            rows = [beside(broken, "blocks"), beside(many, "validate", "unet-2015"), *rows]
        report("with / without", rows, folder)


if __name__ == "__main__":
    main()
