"""Made findings of every kind, and a real Chromium to look at their pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.export.page.followed import Followed
from tests.export.page.made import Made, MadeStore, a_group, a_question, every_kind, many
from tracker.export.page import write_page
from tracker.questions.question import Metric, Question


@pytest.fixture(scope="session")
def kinds() -> Made:
    """Eight questions in every state."""
    return every_kind()


@pytest.fixture(scope="session")
def crowd() -> Made:
    """Two hundred questions with 5,000 runs."""
    return many()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Question]:
    """Makes a question."""
    return a_question


@pytest.fixture(scope="session")
def laboratory() -> Callable[..., Made]:
    """laboratory(question, skills) records a run for each skill."""

    def made(question: Question, skills: Mapping[Any, Iterable[float | str]], **config: Any) -> Made:
        store = MadeStore()
        store.record(question, skills, **config)
        return Made(store, (question,))

    return made


@pytest.fixture(scope="session")
def browser(chromium: Any) -> Any:
    """A real Chromium, without a window; the one that all tests of a process share."""
    return chromium


@dataclass
class Watched:
    """A page in the browser with everything it should not do: complaints, dialogs, requests."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """look(made, width=1280) writes the page and opens it; options are those of a browser's context."""
    contexts = []

    def opened(
        made: Made, width: int = 1280, height: int = 900, fragment: str = "", **options: Any
    ) -> Watched:
        out = tmp_path / f"page{len(contexts)}.html"
        omniboard = options.pop("omniboard_url", "")
        write_page(made.findings, made.store, out, omniboard, project="Made up")
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        return watch(contexts[-1].new_page(), f"{out.as_uri()}{fragment}")

    yield opened
    for context in contexts:
        context.close()


def watch(page: Any, address: str) -> Watched:
    watched = Watched(page)
    page.on("console", lambda message: watched.complaints.append(message.text))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (watched.complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: watched.requests.append(request.url))
    page.goto(address)
    return watched


@pytest.fixture(scope="session")
def watched() -> Callable[[Any, str], Watched]:
    """watched(page, address) opens an address and notes what the page does."""
    return watch


@pytest.fixture(scope="session")
def hostile() -> Callable[[str], Made]:
    """hostile(text) is a question with the text wherever a human or a run may bring one."""

    def made(text: str) -> Made:
        fields = ("name", "question", "hypothesis", "finding", "notes", "sub_project", "context")
        other = {"metric": Metric(f"test.{text}", unit=text), "parameter": "norm", "values": (text, "plain")}
        question = replace(
            a_question("hostile"),
            **dict.fromkeys(fields, text),
            **other,
            baseline="plain",
            setup={"said": text},
        )
        store = MadeStore(address=f"made/{text}")
        store.record(question, {text: (91.0, 92.0, "FAILED"), "plain": (90.0, 90.5, 91.5)})
        for id, run in store.made.items():
            store.made[id] = replace(
                run, failure=run.failure and text, info={"tracker": {"code": {"commit": text}}}
            )
        return Made(
            store, (a_group("above", replace(question, node="above/hostile", level=2), question=text),)
        )

    return made


@pytest.fixture
def followed(tmp_path: Path, ask: Any, laboratory: Callable[..., Any], kinds: Any) -> Followed:
    question = ask("norm", seeds=(1, 2, 3))
    return Followed(tmp_path, laboratory(question, {}).store, question, kinds.findings[0].now)
