"""Texts lose their credentials, and nothing else."""

from __future__ import annotations

import pytest

from tracker.recording.credentials import Mask


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("at mongodb://me:secret@host:1/db now", "at mongodb://***@host:1/db now"),
        ("mongodb+srv://me:se@cret/x@host/db", "mongodb+srv://***@host/db"),
        ("'mongodb://a:b@h1,h2/db?tlsCertificateKeyFilePassword=secret'", "'mongodb://***@h1,h2/db'"),
        ("https://token@github.com/a/b", "https://***@github.com/a/b"),
        ("https://me:secret@host/x@y and more", "https://***@host/x@y and more"),
        ("redis://:secret@host", "redis://***@host"),
        ("ssh://git@github.com/a", "ssh://git@github.com/a"),
        ("git+https://github.com/a/b@main", "git+https://github.com/a/b@main"),
        ("mongodb://localhost:27017/db", "mongodb://localhost:27017/db"),
        ("me@example.org, 50 % @ 3://", "me@example.org, 50 % @ 3://"),
    ],
)
def test_user_and_password_are_hidden(text: str, clean: str) -> None:
    assert Mask().text(text) == clean


def test_a_known_address_is_hidden_whatever_letters_it_has() -> None:
    address = "mongodb://me:sec ret'\"@host/db"

    assert Mask((address,)).text(f"no answer from {address}!") == "no answer from mongodb://***@host/db!"


def test_every_text_in_a_record_is_masked() -> None:
    address = "mongodb://me:secret@host/db"

    masked = Mask().value({"a": [1, None, {"b": address}], address: (0.5, True)})

    assert masked == {
        "a": [1, None, {"b": "mongodb://***@host/db"}],
        "mongodb://***@host/db": [0.5, True],
    }
