"""Plugins that are broken in every way are told, and harm nothing but the specs that use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.plugins.sites import BROKEN, WIRED, broken_site, distribution, unetkit

SPEC = "unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [4, 8]\nblock: {}\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return broken_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def listed(site: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(unetkit("plugins", "--json", site=site, folder=site).stdout)
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_listed(name: str, listed: list[dict[str, str]]) -> None:
    (row,) = [row for row in listed if row["distribution"] == name]
    assert row["state"] == "broken" and BROKEN[name][3] in row["reason"] and f"{name} 1.0" in row["reason"]


def test_a_sound_one_beside_them_is_ok(listed: list[dict[str, str]]) -> None:
    assert [row["block"] for row in listed if row["state"] == "ok"] == ["sound/sound_conv"]


def test_shipped_specs_work_beside_them(site: Path) -> None:
    shipped = [row["name"] for row in json.loads(unetkit("specs", "--json", site=site, folder=site).stdout)]
    assert shipped and unetkit("validate", *shipped, site=site, folder=site).returncode == 0


def test_listing_blocks_imports_none_of_them(tmp_path: Path) -> None:
    seen = tmp_path / "imported"
    probe = f"import pathlib\npathlib.Path({str(seen)!r}).touch()\n{WIRED}"
    broken_site(tmp_path / "site")
    distribution(tmp_path / "site", "probe", {"blocks/probe": "probe:Conv"}, probe)
    done = unetkit("blocks", "--json", site=tmp_path / "site", folder=tmp_path)
    assert {"exits/one", "probe/probe"} <= {row["name"] for row in json.loads(done.stdout)} and not seen.exists()
    assert unetkit("blocks", "probe/probe", site=tmp_path / "site", folder=tmp_path).returncode == 0 and seen.exists()


def test_a_spec_that_uses_one_is_told_place_block_and_owner(site: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SPEC.format("raises/one"))
    done = unetkit("validate", "mine.yaml", site=site, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "mine.yaml:5:8: error[block-import]: block.type: block 'raises/one' of raises 1.0 (raises:Conv) "
        "cannot be imported: ZeroDivisionError: division by zero\n"
    )


def test_what_is_left_out_is_not_imported(site: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SPEC.format("sound/sound_conv"))
    assert unetkit("validate", "mine.yaml", site=site, folder=tmp_path).returncode == 0
    for words in ("all", "other, unetkit_sound", "sound"):
        done = unetkit("validate", "mine.yaml", site=site, folder=tmp_path, UNETKIT_DISABLE_PLUGINS=words)
        assert "which UNETKIT_DISABLE_PLUGINS leaves out" in done.stderr


def test_strict_plugins_fail_at_the_first_fault(site: Path, tmp_path: Path) -> None:
    done = unetkit("validate", "unet-2015", site=site, folder=tmp_path, UNETKIT_STRICT_PLUGINS="1")
    assert done.returncode == 1 and "'absent/one' of absent 1.0" in done.stderr


def test_a_block_of_a_file_does_not_stand_in_front_of_an_installed_one(site: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WIRED.replace("class Conv", "class SoundConv"))
    for name, code in (("sound_conv", 1), ("sound/sound_conv", 0)):
        (tmp_path / "mine.yaml").write_text(SPEC.format(name))
        done = unetkit("validate", "mine.yaml", "--plugin", "mine.py", site=site, folder=tmp_path)
        assert done.returncode == code, done.stderr
        if code:
            assert "'sound_conv' is offered by mine, which registers it, and by sound/sound_conv" in done.stderr
            assert "Write sound/sound_conv, or register yours under another name." in done.stderr
