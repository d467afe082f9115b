"""Weights for pruned networks, and for networks with more or fewer heads for training than the file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import unetkit
from tests.support.commandline import answer, run
from unetkit.document.document import to_text
from unetkit.model.importing import ImportWeightsError, import_weights, read_checkpoint

BASE: dict[str, Any] = {
    "unetkit": 1,
    "name": "nested",
    "in_channels": 1,
    "out_channels": 2,
    "channels": [4, 8, 12],
    "topology": "unet_plus_plus",
}
BOTH = BASE | {"heads": {"early": {"at": "column_1"}, "late": {"at": "column_2"}}}
SUPERVISED = BASE | {"heads": {"output": {}, "early": {"at": "column_1", "when": "training"}}}
IMAGE = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))


def saved(values: dict[str, Any], file: Path, **options: Any) -> Any:
    """Writes the model file of a network with random weights and statistics, and returns the network."""
    network = unetkit.build(values, seed=1)
    with torch.no_grad():
        for number, buffer in enumerate(one for one in network.buffers() if one.is_floating_point()):
            buffer.add_(torch.rand(buffer.shape, generator=torch.Generator().manual_seed(number)))
    unetkit.save(network, file, **options)
    return network.eval()


@pytest.mark.parametrize("name", ["output", "early"])
def test_a_pruned_network_takes_the_weights_of_the_whole_and_computes_its_output(tmp_path: Path, name: str) -> None:
    whole = saved(BOTH, tmp_path / "whole.safetensors")
    pruned = BASE | {"heads": {name: {"at": "column_1"}}}
    (tmp_path / "pruned.yaml").write_text(to_text(pruned))
    told = answer("import-weights", tmp_path / "whole.safetensors", "--spec", tmp_path / "pruned.yaml",
                  "-o", tmp_path / "pruned.safetensors")  # fmt: skip
    network = unetkit.load_model(tmp_path / "pruned.safetensors")
    assert torch.equal(network(IMAGE), whole(IMAGE).early)
    assert {"heads.late.conv1", "bottleneck.block.conv1"} <= set(told["left_over"]) and told["untrained"] == []
    assert len(told["layers"]) + len(told["left_over"]) == len({one.rpartition(".")[0] for one in whole.state_dict()})


def test_a_head_that_reads_another_map_is_not_taken_for_that_of_a_pruned_network(tmp_path: Path) -> None:
    saved(BASE, tmp_path / "whole.safetensors")
    pruned = unetkit.load(BASE | {"heads": {"output": {"at": "column_1"}}})
    checkpoint = read_checkpoint(tmp_path / "whole.safetensors")
    with pytest.raises(ImportWeightsError, match="no head that reads the same map") as caught:
        import_weights(checkpoint, pruned)
    assert "when: training" in str(caught.value)


@pytest.mark.parametrize("own", [True, False], ids=["model-file", "state-dict"])
def test_heads_for_training_may_be_missing_from_the_file(tmp_path: Path, own: bool) -> None:
    file = tmp_path / ("plain.safetensors" if own else "plain.pt")
    plain = saved(BASE, tmp_path / "plain.safetensors")
    if not own:
        torch.save(plain.state_dict(), file)
    (tmp_path / "spec.yaml").write_text(to_text(SUPERVISED))
    told = run("import-weights", file, "--spec", tmp_path / "spec.yaml", "-o", tmp_path / "new.safetensors").stdout
    assert "not in the file, for training only: heads.early.conv1" in told
    assert torch.equal(unetkit.load_model(tmp_path / "new.safetensors")(IMAGE), plain(IMAGE))


@pytest.mark.parametrize("own", [True, False], ids=["model-file", "state-dict"])
def test_heads_for_training_may_be_more_in_the_file(tmp_path: Path, own: bool) -> None:
    file = tmp_path / ("supervised.safetensors" if own else "supervised.pt")
    supervised = saved(SUPERVISED, tmp_path / "supervised.safetensors", training_outputs=True)
    if not own:
        torch.save(supervised.state_dict(), file)
    checkpoint = read_checkpoint(file)
    if own:
        imported = import_weights(checkpoint, unetkit.load(BASE))
        assert imported.left == ("heads.early.conv1",)
        assert torch.equal(imported.model(IMAGE), supervised(IMAGE))
    else:  # which of two heads alike is the one for training cannot be seen
        imported = import_weights(checkpoint, unetkit.load(BASE), drop=["heads.early"])
        assert imported.dropped == ("heads.early.conv1",)
        assert torch.equal(imported.model(IMAGE), supervised(IMAGE))
    whole = import_weights(checkpoint, unetkit.load(SUPERVISED), drop=())
    assert whole.untrained == whole.left == ()
