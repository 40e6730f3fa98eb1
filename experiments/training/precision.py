"""Where a run computes: its device, its precision."""

from __future__ import annotations

import torch

from experiments.training.setting_checks import PRECISIONS, SettingsError, device_parts


def resolve(device: str, precision: str) -> tuple[torch.device, str]:
    """The device and "fp32" or "bf16" that two settings stand for on this machine.

    Raises SettingsError for a device that is unknown or not here.
    """
    place = resolve_device(device)
    return place, resolve_precision(precision, place)


def resolve_device(name: str) -> torch.device:
    """The device of a name such as auto, cpu, cuda, cuda:1 or mps; auto prefers CUDA, then the CPU."""
    kind, number = device_parts(name)
    if name == "auto":
        # Metal has to be asked for: nothing of this has been measured on it
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda":
        _check_cuda(name, number)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise SettingsError(f"device={name!r}: there is no Metal GPU here; use device=cpu or device=auto")
    return torch.device(name)


def _check_cuda(name: str, index: int) -> None:
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found == 0:
        raise SettingsError(f"device={name!r}: torch finds no CUDA GPU here; use device=cpu or device=auto")
    if index >= found:
        raise SettingsError(f"device={name!r}: torch finds {found} CUDA GPU(s), cuda:0 to cuda:{found - 1}")


def resolve_precision(name: str, device: torch.device) -> str:
    """Fp32 or bf16: auto takes bf16 where the hardware computes it; asking for either always gives it."""
    if name not in PRECISIONS:
        raise SettingsError(f"precision={name!r} is not one of {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    return "bf16" if computes_bf16(device) else "fp32"


def computes_bf16(device: torch.device) -> bool:
    """Whether bf16 runs on instructions of its own, so that it saves time; emulated, it costs time."""
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return False


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context of a forward pass; weights, optimiser and running statistics stay fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
