"""A run computes where, and as precisely as, it was asked to."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.training.evaluate import forward
from experiments.training.precision import computes_bf16, resolve, resolve_device, resolve_precision
from experiments.training.settings import SettingsError

CPU = torch.device("cpu")


def test_the_cpu_can_always_be_asked_for() -> None:
    assert resolve("cpu", "fp32") == (CPU, "fp32")


def test_auto_takes_the_gpu_where_there_is_one() -> None:
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["tpu", "", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "mps:0", "CPU"])
def test_an_unknown_device_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(SettingsError, match=r"^device='.*' is not one of auto, cpu, cuda, mps"):
        resolve_device(name)


def test_a_gpu_that_is_not_here_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match=r"device='cuda:9'.*(device=cpu|cuda:0 to)"):
        resolve_device("cuda:9")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has a Metal GPU")
def test_metal_that_is_not_here_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match=r"device='mps'.*device=cpu"):
        resolve_device("mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
def test_a_missing_gpu_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match=r"device='cuda'.*device=cpu"):
        resolve_device("cuda")


def test_explicit_bf16_is_given_on_any_hardware() -> None:
    assert resolve_precision("bf16", CPU) == "bf16"
    assert resolve_precision("fp32", CPU) == "fp32"


@pytest.mark.parametrize(
    ("able", "precision"),
    [
        ({"avx512_bf16": True}, "bf16"),
        ({"amx_bf16": True}, "bf16"),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, "fp32"),
        ({"neon": True}, "fp32"),
    ],
)
def test_auto_takes_bf16_where_the_cpu_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], precision: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert resolve_precision("auto", CPU) == precision


def test_auto_stays_with_fp32_on_metal() -> None:
    assert not computes_bf16(torch.device("mps"))


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(SettingsError, match="precision='fp16' is not one of auto, fp32, bf16"):
        resolve_precision("fp16", CPU)


def test_bf16_is_for_the_forward_pass_and_running_statistics_stay_fp32() -> None:
    seen = []
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(36, 2))
    model[0].register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    outputs = forward(model, torch.randn(6, 3, 5, 5), "bf16")
    assert seen == [torch.bfloat16]
    assert outputs.dtype == torch.float32
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32, torch.int64}
    assert not torch.equal(model.get_buffer("1.running_mean"), torch.zeros(4))


def test_fp32_has_no_bf16_in_it() -> None:
    model = nn.Linear(3, 2)
    images = torch.randn(4, 3)
    assert torch.equal(forward(model, images, "fp32"), model(images))
    assert not torch.equal(forward(model, images, "bf16"), model(images))
