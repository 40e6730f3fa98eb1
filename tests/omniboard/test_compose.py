"""docker-compose.yml keeps to this machine, to known versions, and to secrets from .env."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = ("mongo", "omniboard")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def variables() -> set[str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


@pytest.mark.parametrize("service", SERVICES)
def test_every_port_is_bound_to_loopback(compose: Any, service: str) -> None:
    ports = compose["services"][service]["ports"]

    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_version_a_health_check_and_comes_back(compose: Any, service: str) -> None:
    told = compose["services"][service]

    assert re.fullmatch(r"[\w/-]+:\d+\.\d+(\.\d+)?", told["image"])
    assert told["healthcheck"]["test"]
    assert told["restart"] == "unless-stopped"


def test_omniboard_waits_for_a_healthy_mongodb_and_tries_again(compose: Any) -> None:
    board = compose["services"]["omniboard"]

    assert board["depends_on"] == {"mongo": {"condition": "service_healthy"}}
    assert board["environment"]["NODE_OPTIONS"] == "--unhandled-rejections=warn"
    assert "MONGO_URI" in board["environment"]


def test_omniboard_is_built_from_the_versions_that_are_tested(compose: Any) -> None:
    build = compose["services"]["omniboard"]["build"]

    assert build["context"] == "tests/omniboard"
    assert "npm ci" in build["dockerfile_inline"]
    packages = (ROOT / build["context"] / "package.json").read_text(encoding="utf-8")
    version = compose["services"]["omniboard"]["image"].rpartition(":")[2]
    assert f'"omniboard": "{version}"' in packages


def test_the_data_stay_in_a_volume_and_mongodb_asks_for_a_password(compose: Any) -> None:
    mongo = compose["services"]["mongo"]

    assert mongo["volumes"] == ["mongo_data:/data/db"]
    assert "mongo_data" in compose["volumes"]
    assert {"MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD"} <= set(mongo["environment"])


def test_no_secret_stands_in_the_files(compose: Any) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    for name in ("MONGO_USER", "MONGO_PASSWORD"):
        assert all(not value.startswith(":-") for value in re.findall(rf"\$\{{{name}([^}}]*)\}}", text))
    assert re.search(r"^MONGO_PASSWORD=$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"\$\{(\w+)", text)) == variables()


def test_git_keeps_no_env_file() -> None:
    assert subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=ROOT).returncode == 0


def test_make_writes_an_env_file_with_a_password_of_its_own(tmp_path: Path) -> None:
    for name in ("Makefile", ".env.example"):
        shutil.copy(ROOT / name, tmp_path / name)
    passwords = set()
    for _ in range(2):
        subprocess.run(["make", "-s", ".env"], cwd=tmp_path, check=True)
        text = (tmp_path / ".env").read_text(encoding="utf-8")
        passwords |= set(re.findall(r"^MONGO_PASSWORD=([0-9a-f]{32})$", text, re.MULTILINE))
        assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
        subprocess.run(["make", "-s", ".env"], cwd=tmp_path, check=True)
        assert (tmp_path / ".env").read_text(encoding="utf-8") == text
        (tmp_path / ".env").unlink()

    assert len(passwords) == 2


def test_docker_compose_reads_it(tmp_path: Path) -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("needs the docker command with compose")
    (tmp_path / ".env").write_text("\n".join(f"{name}=1024" for name in variables()))
    command = [
        "docker",
        "compose",
        "--project-directory",
        str(ROOT),
        "--env-file",
        str(tmp_path / ".env"),
        "config",
    ]

    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
