"""Text without the credentials that addresses in it carry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.address import masked

# a MongoDB address ends where no address goes on; its options may be secret, too
_MONGO = re.compile(r"mongodb(?:\+srv)?://[^\s\"'`<>]+", re.IGNORECASE)
# the user alone may be a token in an address of the web; elsewhere (ssh://git@host) it is no secret
_WEB = re.compile(r"(https?://)[^\s/@\"'`<>]+@", re.IGNORECASE)
_OTHER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@:\"'`<>]*:[^\s/@\"'`<>]+@", re.IGNORECASE)


@dataclass(frozen=True)
class Mask:
    """Hides credentials in texts; `addresses` are known to hold some, with whatever letters in them."""

    addresses: tuple[str, ...] = ()

    def text(self, text: str) -> str:
        """The text with *** in place of users and passwords."""
        if "://" not in text:
            return text
        for address in self.addresses:
            text = text.replace(address, masked(address))
        text = _MONGO.sub(lambda found: masked(found[0]) if re.search("[@?]", found[0]) else found[0], text)
        return _OTHER.sub(r"\1***@", _WEB.sub(r"\1***@", text))

    def value(self, value: Any) -> Any:
        """Plain data with every text in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item) for item in value]
        return value
