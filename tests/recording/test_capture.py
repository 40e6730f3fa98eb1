"""Sacred's capturing with our reader in it."""

from __future__ import annotations

import os
import sys
import threading

from tracker.recording.sacred_fixes import import_sacred

capturing = import_sacred().stdout_capturing


def test_a_thread_that_reads_while_another_prints_gets_every_line() -> None:
    pieces: list[str] = []
    stop = threading.Event()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with capturing.tee_output_python() as captured:
            captured.divert(also_to_sacred=True)

            def read() -> None:
                while not stop.is_set():
                    pieces.append(captured.take())

            reader = threading.Thread(target=read)
            reader.start()
            for number in range(5000):
                sys.stdout.write(f"{number}\n")
            stop.set()
            reader.join()
    finally:
        sys.setswitchinterval(interval)

    printed = [f"{number}" for number in range(5000)]
    assert "".join([*pieces, captured.take()]).split() == printed
    assert captured.get().split() == printed
    assert captured.take() == captured.get() == ""


def test_bytes_that_are_no_utf_8_and_letters_cut_in_two_are_read() -> None:
    with capturing.tee_output_fd() as captured:
        captured.divert(also_to_sacred=False)
        os.write(1, "grün ".encode() + b"\xff " + "ü".encode()[:1])
        early = ""
        while not early.endswith("\ufffd "):  # the copying processes take a moment
            early += captured.take()
        os.write(1, "ü".encode()[1:] + b"\n")

    assert early + captured.take() == "grün \ufffd ü\n"
    assert captured.get() == ""
