"""Documents: files, `extends`, overrides."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.yamltrees import MAPS, flow, paths, spot
from unetkit.document.document import Document, override, parse, read
from unetkit.document.merge import plain, without_removed
from unetkit.errors import Fault, SpecError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(path: str) -> Fault:
    with pytest.raises(SpecError) as caught:
        read(Path(path))
    (only,) = caught.value.faults
    return only


def test_a_missing_file_is_answered_with_its_neighbours(folder: Path) -> None:
    (folder / "small.yaml").write_text("a: 1")
    assert str(refusal("smal.yaml")) == ("error[file-missing]: smal.yaml does not exist\n   Did you mean: small.yaml?")
    assert refusal("q").cure == "Known: small.yaml."
    assert refusal("none/a.yaml").cure == "There is no folder none."
    for i in range(25):
        (folder / f"n{i}.yaml").touch()
    assert refusal("qqq").cure == "Its folder has 26 other YAML files."


def test_a_folder_and_names_that_cannot_exist_are_refused(folder: Path) -> None:
    assert str(refusal(".")) == "error[file-folder]: . is a folder\n   Name a file in it."
    assert refusal("a\0b").code in ("file-unreadable", "file-missing")
    assert refusal("a" * 5000).code == "file-unreadable"
    (folder / "a.yaml").touch()
    assert refusal("a.yaml/b.yaml").code == "file-missing"


def test_a_file_without_permission_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (folder / "a.yaml").write_text("a: 1")
    monkeypatch.setattr(Path, "open", deny)
    assert str(refusal("a.yaml")) == (
        "error[file-permission]: no permission to read a.yaml\n   Change its permissions."
    )


def test_a_large_file_is_refused_unread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "a.yaml").open("wb") as file:
        file.truncate(10_000_000)
    monkeypatch.setattr(Path, "open", None)
    assert str(refusal("a.yaml")) == (
        "a.yaml:1:1: error[yaml-too-large]: the file has 10,000,000 bytes\n   A spec has at most 262,144 bytes."
    )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs an endless file")
def test_an_endless_file_is_refused() -> None:
    assert refusal("/dev/zero").message == "the file has more than 262,144 bytes"


def test_bytes_that_are_no_text_are_refused_with_their_offset(folder: Path) -> None:
    for content, place, message in (
        (b"\x89PNG\r\n\x1a\n\0", "1:1", "byte 0x89 at byte offset 0"),
        (b"a: 1\nb: \xe4", "2:4", "byte 0xE4 at byte offset 8"),
        (b"\xff\xfea\0:\0", "1:1", "byte 0xFF at byte offset 0"),
        (b"\xef\xbb\xbfa: \0", "1:4", "character U+0000 at byte offset 6"),
    ):
        (folder / "a.yaml").write_bytes(content)
        found = refusal("a.yaml")
        assert (str(found.place), found.message) == (f"a.yaml:{place}", f"not a text in UTF-8: {message}")


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def test_extends_merges_and_every_node_keeps_its_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(folder, a="x: 1\nblock:\n  type: conv\n  kernel: 3\nchannels: [1, 2]")
    write(folder / "sub", b="extends: ../a.yaml\nblock: {padding: valid}\nchannels: [4]", c="extends: b.yaml\ny: 2")
    document = read(Path("sub/c.yaml"))
    assert document.name == "sub/c.yaml"
    assert document.values() == {
        "x": 1, "block": {"type": "conv", "kernel": 3, "padding": "valid"}, "channels": (4,), "y": 2
    }  # fmt: skip
    places = {".".join(path): str(document.place(path)) for path in (("x",), ("block", "kernel"), ("channels",), ())}
    assert places == {
        "x": "sub/../a.yaml:1:4",
        "block.kernel": "sub/../a.yaml:4:11",
        "channels": "sub/b.yaml:3:11",
        "": "sub/c.yaml:1:1",
    }
    assert str(document.place(("block", "padding"), key=True)) == "sub/b.yaml:2:9"


def test_of_several_extended_files_the_later_win(folder: Path) -> None:
    write(folder, a="x: 1\ny: 1\nblock: {type: conv, kernel: 3}", b="y: 2\nz: 2\nblock: {kernel: 5}")
    write(folder, c="extends: [a.yaml, b.yaml]\nz: 3")
    document = read(Path("c.yaml"))
    assert document.values() == {"x": 1, "y": 2, "z": 3, "block": {"type": "conv", "kernel": 5}}
    assert str(document.place(("y",))) == "b.yaml:1:4"
    write(folder, c="extends: [a.yaml, d.yaml]")
    fault = refusal("c.yaml")
    assert (str(fault.place), fault.code) == ("c.yaml:1:19", "extends-missing")


def test_an_empty_map_over_one_that_is_inherited_is_refused(folder: Path) -> None:
    write(folder, a="levels: {1: {block: conv}}\nempty: {}", b="extends: a.yaml\nlevels: {1: {}}")
    fault = refusal("b.yaml")
    assert (str(fault.place), fault.code) == ("b.yaml:2:13", "no-effect") and "null removes" in fault.cure
    write(folder, b="extends: a.yaml\nempty: {}\nother: {}")
    assert read(Path("b.yaml")).values()["other"] == {}


def test_null_removes_what_is_inherited_and_nothing_else() -> None:
    base = parse("norm: {type: group, groups: 8}\nlevels: {1: {block: conv}, 2: {block: conv}}\nother: null")
    document = override(base, ["norm.groups=null", "levels.1=null", "third=null"])
    left = {"norm": {"type": "group"}, "levels": {2: {"block": "conv"}}, "other": None, "third": None}
    assert plain(without_removed(document.root)) == left
    again = override(document, ["levels.1.block=residual"])
    assert plain(without_removed(again.root))["levels"][1] == {"block": "residual"}


def test_a_missing_base_is_told_at_the_extends(folder: Path) -> None:
    write(folder, base="x: 1", a="extends: bas.yaml", b="extends: a.yaml")
    assert str(refusal("b.yaml")).splitlines() == [
        "a.yaml:1:10: error[extends-missing]: bas.yaml does not exist",
        "   extends: bas.yaml",
        "            ^^^^^^^^",
        "   Did you mean: base.yaml?",
    ]


def test_a_fault_in_a_base_keeps_its_place(folder: Path) -> None:
    write(folder, base="x: 1\nx: 2", a="extends: base.yaml")
    assert str(refusal("a.yaml").place) == "base.yaml:2:1"
    write(folder, a="extends: .")
    assert str(refusal("a.yaml")).splitlines()[0] == "a.yaml:1:10: error[file-folder]: . is a folder"


def test_a_cycle_is_named_in_full(folder: Path) -> None:
    write(folder, a="extends: b.yaml", b="extends: a.yaml", c="extends: c.yaml")
    assert str(refusal("a.yaml")).splitlines()[:2] == [
        "b.yaml:1:10: error[extends-cycle]: files extend each other: a.yaml -> b.yaml -> a.yaml",
        "   extends: a.yaml",
    ]
    assert refusal("c.yaml").message == "files extend each other: c.yaml -> c.yaml"


def test_sixteen_files_deep_is_the_limit(folder: Path) -> None:
    write(folder, n0="x: 1", **{f"n{i}": f"extends: n{i - 1}.yaml" for i in range(1, 18)})
    assert read(Path("n16.yaml")).values() == {"x": 1}
    assert refusal("n17.yaml").code == "extends-depth"


def test_names_of_specs_can_be_injected(folder: Path) -> None:
    write(folder, shipped="x: 1")
    seen: list[tuple[str, Path | None]] = []

    def find(reference: str, base: Path | None) -> Path:
        seen.append((reference, base))
        if reference != "unet":
            raise SpecError(Fault("spec-unknown", f"no spec is called {reference}"))
        return folder / "shipped.yaml"

    assert parse("extends: unet\ny: 2", find=find).values() == {"x": 1, "y": 2}
    write(folder, a="extends: unet")
    assert read(Path("a.yaml"), find=find).values() == {"x": 1}
    assert seen == [("unet", None), ("unet", Path("a.yaml"))]
    with pytest.raises(SpecError, match=r"^f\.yaml:1:10: error\[spec-unknown\]"):
        parse("extends: unit", "f.yaml", find=find)


def overridden(text: str, *assignments: str) -> Any:
    return override(parse(text), assignments).values()


def test_overrides_are_yaml_and_apply_in_order() -> None:
    text = "channels: [8, 16]\nnorm: group\nblock: {type: conv, kernel: 3}\na: {b: {c: 1}}"
    assert overridden(
        text, "levels.2.block.kernel=5", "channels.0=32", "norm.groups=4", "a.b.c=[1, 'x=y']", "new=no", "a.d=null"
    ) == {
        "channels": (32, 16),
        "norm": {"type": "group", "groups": 4},
        "block": {"type": "conv", "kernel": 3},
        "a": {"b": {"c": (1, "x=y")}, "d": None},
        "new": "no",
        "levels": {2: {"block": {"kernel": 5}}},
    }
    assert overridden("block: {type: a, x: 1}", "block.type=b", "block.y=2") == {"block": {"type": "b", "y": 2}}
    assert overridden("a: [{b: 1}, 2]", " a . 0 . b = 3 ") == {"a": ({"b": 3}, 2)}
    assert overridden("a: 1", "a={b: &x 1, c: *x}", "010=''", "a.-1=x") == {"a": {"b": 1, "c": 1, "-1": "x"}, 10: ""}


def test_the_place_of_an_override_is_in_its_assignment() -> None:
    document = override(parse("a: {b: [1, 2], c: 3}\nd: 4", "f.yaml"), ["a.b.1={x: yes}", "levels.2.k=5"])
    texts = {path: spot(document, path) for path, _ in paths(document.values())}
    assert texts[("a", "b", 1, "x")] == "yes"
    assert texts[("a", "b", 1)] == "{x: yes}"
    assert texts[("a", "c")] == "3"
    assert texts[("levels", 2, "k")] == "5"
    assert spot(document, ("levels", 2), key=True) == "2"
    place = document.place(("a", "b", 1, "x"))
    assert place is not None
    assert (str(place), place.text) == ("--set:1:11", "a.b.1={x: yes}")
    assert str(document.place(())) == "f.yaml:1:1"
    assert str(document.place(("d",))) == "f.yaml:2:4"


@given(MAPS, st.data())
def test_setting_a_value_to_itself_changes_nothing(values: dict[Any, Any], data: st.DataObject) -> None:
    plain = [path for path, _ in paths(values) if all(re.fullmatch(r"[a-z0-9]+", str(part)) for part in path)]
    keyed = [path for path in plain if all(isinstance(part, int) or not part.isdigit() for part in path)]
    if not keyed:
        return
    path = data.draw(st.sampled_from(keyed))
    child: Any = values
    for part in path:
        child = child[part]
    assert overridden(flow(values), f"{'.'.join(map(str, path))}={flow(child)}") == values


def test_shared_values_change_only_where_they_are_set() -> None:
    document = parse("a: &x {k: 1, l: &y [1, 2]}\nb: *x\nc: *y")
    before = document.values()
    changed = override(document, ["a.k=2", "b.l.0=7"]).values()
    assert changed == {"a": {"k": 2, "l": (1, 2)}, "b": {"k": 1, "l": (7, 2)}, "c": (1, 2)}
    assert document.values() == before


EXAMPLE = "Write PATH=VALUE, for example skip.align=pad"
BAD_OVERRIDES = {
    "a.b=": ("1:4", "override-syntax", "the value is missing", "Write a.b=null if null is meant."),
    "a= # b": ("1:2", "override-syntax", "the value is missing", "Write a=null if null is meant."),
    "foo": ("1:1", "override-syntax", "an override needs a '='", EXAMPLE),
    "": ("1:1", "override-syntax", "an override needs a '='", EXAMPLE),
    "=3": ("1:1", "override-syntax", "a part of the path is empty", EXAMPLE),
    "a..b=1": ("1:3", "override-syntax", "a part of the path is empty", EXAMPLE),
    "extends=b": ("1:1", "override-syntax", "'extends' cannot be overridden", "Choose another spec to start from."),
    "list.2=3": ("1:6", "override-path", "'2' is no index of the list at f.yaml:1:7, which has length 2",
                 "Its indexes are 0 to 1."),
    "list.x=3": ("1:6", "override-path", "'x' is no index of the list at f.yaml:1:7, which has length 2",
                 "Its indexes are 0 to 1."),
    "none.0=3": ("1:6", "override-path", "'0' is no index of the list at f.yaml:2:7, which has length 0",
                 "Replace the list as a whole."),
    "flag.x=1": ("1:6", "override-path", "'x' leads into a value that has no keys: true at f.yaml:3:7",
                 "Replace that value as a whole."),
    "null.x=1": ("1:6", "override-path", "'x' leads into a value that has no keys: null at f.yaml:4:8",
                 "Replace that value as a whole."),
    "list.0.x=1": ("1:8", "override-path", "'x' leads into a value that has no keys: 1 at f.yaml:1:8",
                   "Replace that value as a whole."),
    "a=[1": ("1:3", "yaml-syntax", "the list that opens here is not closed",
             "Put ',' between values, ']' at the end."),
    "a={b: 1, b: 2}": ("1:10", "yaml-duplicate-key", "'b' is already given at --set:1:4", "Keep one of the two."),
    "a=\t1": ("1:3", "yaml-tab", "a tab character stands where YAML wants spaces", "Indent with spaces only."),
    "a=\x1b": ("1:3", "yaml-encoding", "not a text in UTF-8: character U+001B at byte offset 2",
               "Save the file as UTF-8 text."),
}  # fmt: skip


@pytest.mark.parametrize("assignment", BAD_OVERRIDES)
def test_a_bad_override_is_refused_with_place_rule_and_cure(assignment: str) -> None:
    document = parse("list: [1, 2]\nnone: []\nflag: true\n'null':", "f.yaml")
    with pytest.raises(SpecError) as caught:
        override(document, [assignment])
    (found,) = caught.value.faults
    assert (str(found.place)[6:], found.code, found.message, found.cure) == BAD_OVERRIDES[assignment]


def test_all_faults_of_the_overrides_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        override(parse("a: 1"), ["b", "c=1", "a.x=1"])
    assert [found.code for found in caught.value.faults] == ["override-syntax", "override-path"]


def written(document: Document, *path: str | int) -> list[str]:
    return [f"{one.value} {one.place}" for one in document.history(path)]


def test_everything_that_was_written_at_a_path_is_known_the_newest_first(folder: Path) -> None:
    (folder / "base.yaml").write_text("norm: {type: group, groups: 8}\nblock: [{kernel: 3}]\nup: conv\n")
    (folder / "mine.yaml").write_text("extends: base.yaml\nnorm:\n  groups: 4\nup: {factor: 2}\n")
    document = override(read(Path("mine.yaml")), ["norm.groups=2", "block.0.kernel=5"])
    assert written(document, "norm", "groups") == ["2 --set:1:13", "4 mine.yaml:3:11", "8 base.yaml:1:29"]
    assert written(document, "norm", "type") == ["group base.yaml:1:14"]
    assert written(document, "block", 0, "kernel") == ["5 --set:1:16", "3 base.yaml:2:18"]
    assert written(document, "up", "type") == ["conv base.yaml:3:5"]
    assert written(document, "down") == []


def test_what_another_type_or_a_list_drops_was_written_all_the_same(folder: Path) -> None:
    (folder / "base.yaml").write_text("norm: {type: group, groups: 8}\nblock: [{kernel: 3}]\n")
    (folder / "mine.yaml").write_text("extends: base.yaml\nnorm: batch\nblock: [{kernel: 5}]\n")
    document = read(Path("mine.yaml"))
    assert document.values() == {"norm": "batch", "block": ({"kernel": 5},)}
    assert written(document, "norm", "type") == ["batch mine.yaml:2:7", "group base.yaml:1:14"]
    assert written(document, "norm", "groups") == ["8 base.yaml:1:29"]
    assert len(written(document, "block")) == 2
    assert written(document, "block", 0, "kernel") == ["5 mine.yaml:3:18"], "the items of lists do not correspond"
