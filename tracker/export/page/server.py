"""The page over HTTP, for a browser on this machine."""

from __future__ import annotations

import errno
import ipaddress
import json
import socket
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tracker.errors import TrackerError
from tracker.export.page.site import Site

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class PageServer(ThreadingHTTPServer):
    """Serves one site; `address` is what to open."""

    daemon_threads = True

    def __init__(self, site: Site, host: str, port: int) -> None:
        self.site = site
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.is_private = is_loopback(host)
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise TrackerError(_refusal(host, port, error)) from error
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{self.server_address[1]}/"

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, which may take seconds and is never used."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news; anything else is shown as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "tracker"
    sys_version = ""

    def do_GET(self) -> None:
        """The page, or its version."""
        if not self._is_meant():
            self._send(403, "text/plain", "This server answers to its own address alone.\n")
            return
        path = urlsplit(self.path).path
        if path not in ("/", "/version"):
            self._send(404, "text/plain", "There is the page at / and nothing else.\n")
            return
        edition = self.server.site.edition()
        if path == "/":
            self._send(200, "text/html", edition.text)
        else:
            told = {"version": edition.version, "trouble": edition.trouble}
            self._send(200, "application/json", json.dumps(told))

    def do_HEAD(self) -> None:
        """The same without content."""
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the page asks every few seconds."""

    def _is_meant(self) -> bool:
        """Whether the browser asks for this machine by name; another site's name may lead here by a trick."""
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
        return not self.server.is_private or is_loopback(name)

    def _send(self, status: int, kind: str, text: str) -> None:
        content = text.encode("utf-8", errors="replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another with --port, or 0 for any that is free"
    return f"cannot serve on port {port} of {host}: {error.strerror}; choose others with --host and --port"
