"""What a person is told whose study file is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study.studies import study
from unetkit.errors import SpecError

BAD = {
    "unknown key": (
        "sedes: 3\n",
        """\
study.yaml:10:1: error[unknown-key]: sedes: there is no key 'sedes' here
   sedes: 3
   ^^^^^
   Did you mean: seeds?""",
    ),
    "group without a name": (
        'group: "patient_*"\n',
        """\
study.yaml:10:8: error[split-group]: group: 'patient_*' has no {group}
   group: "patient_*"
          ^^^^^^^^^^^
   Write it as in: {group}_*""",
    ),
    "unknown path": (
        "axes: {skp.align: [pad]}\n",
        """\
study.yaml:10:8: error[unknown-path]: 'skp.align' leads neither into a spec nor into training or data
   axes: {skp.align: [pad]}
          ^^^^^^^^^
   Did you mean: skip.align? An axis with a name of its own has a map: by label, the paths that are set.""",
    ),
    "unknown parameter": (
        "axes: {block.kernal: [3, 5]}\n",
        """\
study.yaml:10:14: error[unknown-key]: block.kernal: there is no key 'kernal' here
   axes: {block.kernal: [3, 5]}
                ^^^^^^
   Did you mean: kernel?""",
    ),
    "unknown path of a label": (
        "axes: {depth: {deep: {chanels.levels: 4}}}\n",
        """\
study.yaml:10:23: error[unknown-path]: 'chanels.levels' leads neither into a spec nor into training or data
   axes: {depth: {deep: {chanels.levels: 4}}}
                         ^^^^^^^^^^^^^^
   Did you mean: channels.levels?""",
    ),
    "no values": (
        "axes: {norm: []}\n",
        """\
study.yaml:10:14: error[wrong-value]: [] gives no values
   axes: {norm: []}
                ^^
   Give a list, or a map of labels and values.""",
    ),
    "condition that is none": (
        "axes: {norm: [none]}\nexclude: [norm]\n",
        """\
study.yaml:11:11: error[wrong-type]: norm is no condition
   exclude: [norm]
             ^^^^
   Write {path: value}, or {path: [one value, another]}.""",
    ),
    "arm that sets nothing": (
        "arms: {deep: 4}\n",
        """\
study.yaml:10:14: error[wrong-type]: 4 is no map of paths and values
   arms: {deep: 4}
                ^
   Write {skip.align: pad}, for example.""",
    ),
    "unequal pairs": (
        "design: paired\naxes: {norm: [none, layer], act: [gelu]}\n",
        """\
study.yaml:11:8: error[wrong-length]: paired axes differ in length: norm has 2, act has 1
   axes: {norm: [none, layer], act: [gelu]}
          ^^^^
   Give each axis as many values.""",
    ),
    "seeds twice": (
        "axes: {training.seed: [1, 2]}\n",
        """\
study.yaml:10:8: error[taken]: training.seed: training.seed is what seeds of the study says
   axes: {training.seed: [1, 2]}
          ^^^^^^^^^^^^^
   Leave it, or seeds, out.""",
    ),
    "width that is chosen": (
        "match: parameters\naxes: {channels.base: [16]}\n",
        """\
study.yaml:11:8: error[taken]: channels.base: channels.base is what match of the study says
   axes: {channels.base: [16]}
          ^^^^^^^^^^^^^
   Leave it, or match, out.""",
    ),
    "condition without effect": (
        "axes: {norm: [none, layer]}\nexclude:\n  - {norm: group}\n",
        """\
study.yaml:12:5: error[no-effect]: this has no effect: norm is group in no arm
     - {norm: group}
       ^^^^^^^^^^^^^
   Leave it out.""",
    ),
    "value that conditions leave out": (
        "axes: {norm: [none, layer]}\nexclude:\n  - {norm: layer}\n",
        """\
study.yaml:10:21: error[no-effect]: norm=layer is in no arm: conditions leave out all that have it
   axes: {norm: [none, layer]}
                       ^^^^^
   Change the conditions, or leave it out.""",
    ),
    "unknown axis": (
        "axes: {norm: [none]}\nwhen: {nrm: {skip: add}}\n",
        """\
study.yaml:11:8: error[unknown-axis]: there is no axis 'nrm'
   when: {nrm: {skip: add}}
          ^^^
   Did you mean: norm?""",
    ),
    "condition on nothing": (
        "axes: {norm: [none]}\nexclude: [{depth: 3}]\n",
        """\
study.yaml:11:12: error[unknown-path]: 'depth' is neither an axis nor a path
   exclude: [{depth: 3}]
              ^^^^^
   Known: norm.""",
    ),
    "design without axes": (
        "design: full\n",
        """\
study.yaml:10:1: error[no-effect]: design: design has no effect without axes
   design: full
   ^^^^^^
   Leave design out.""",
    ),
    "two budgets": (
        "budget: {steps: 3, minutes: 1}\n",
        """\
study.yaml:10:9: error[wrong-value]: budget: a budget is steps, epochs or minutes
   budget: {steps: 3, minutes: 1}
           ^^^^^^^^^^^^^^^^^^^^^^
   Give one of them.""",
    ),
    "name that is no folder": (
        "name: a/b\n",
        """\
study.yaml:10:7: error[wrong-value]: name: 'a/b' cannot name a folder
   name: a/b
         ^^^
   Use letters, digits, '-', '_' and '.'.""",
    ),
    "base as a name": (
        "arms: {base: {norm: none}}\n",
        """\
study.yaml:10:8: error[wrong-value]: the base is an arm already
   arms: {base: {norm: none}}
          ^^^^
   Choose another name.""",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_the_message_says_where_what_and_how_to_cure(case: str, tmp_path: Path) -> None:
    text, message = BAD[case]
    with pytest.raises(SpecError) as caught:
        study(tmp_path, text)
    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_a_study_without_a_base_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="the key 'base' is missing"):
        study(tmp_path, "", head="unetkit: 1\n")


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        study(tmp_path, "axes: {skp: [none], nrm: [none]}\n")
    assert len(caught.value.faults) == 2
