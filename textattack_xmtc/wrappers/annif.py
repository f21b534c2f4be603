"""Projects of an Annif server as victims."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.vocabulary import ANY, read_vocabulary
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.wrappers.remote import RemoteWrapper

MOST_DOCUMENTS = 32
"""How many documents Annif takes at once (`maxItems` in its OpenAPI description)."""


class AnnifWrapper(RemoteWrapper):
    """A project of an Annif server, asked by `/v1/projects/PROJECT/suggest-batch`.

    The labels are the concepts' URIs. Annif answers with its `shown` best concepts; any other one is "not shown", as in
    `ShortlistWrapper`. Scores are from 0 to 1, whatever the project's backend makes them from.

    Args:
        url: the server, as in `http://127.0.0.1:5000`.
        project: the project's id.
        vocabulary: the file that the project's vocabulary was loaded from (`read_vocabulary`), or the URIs.
        language: of the texts; it must be the project's.
        shown: how many concepts Annif is asked for (its `limit`).
        threshold: the least score of a concept that counts as shown, as in Annif's own interface. It is not sent: below
            it, too, an attack sees scores move.
        batch_size: how many texts go into one request, at most 32.
        options: further options of `RemoteWrapper`, such as `token`, `answer_s` and `requests_per_s`.

    Raises:
        InputError: more than 32 texts in a batch; a project in another language (when it is asked); as `RemoteWrapper`.
        VictimError: when it is asked: a project that the server does not have, or that is not trained; as
            `RemoteWrapper`.

    Example:
        ::

            model = AnnifWrapper("http://127.0.0.1:5000", "yso-en", "yso-skos.ttl", language="en", shown=50)
    """

    def __init__(
        self,
        url: str,
        project: str,
        vocabulary: str | Path | Iterable[str],
        *,
        language: str,
        shown: int = 100,
        threshold: float | Sequence[float] | None = None,
        batch_size: int = MOST_DOCUMENTS,
        **options: Any,
    ) -> None:
        if batch_size > MOST_DOCUMENTS:
            raise InputError(f"invalid batch_size={batch_size}: Annif takes at most {MOST_DOCUMENTS} texts", "lower it")
        if isinstance(vocabulary, (str, Path)):
            uris = [concept.uri for concept in read_vocabulary(vocabulary, ANY)]
        else:
            uris = list(vocabulary)
        base = f"{url.rstrip('/').removesuffix('/v1')}/v1/projects/{urllib.parse.quote(project, safe='')}"
        options = {"body": _body, "rows": _rows, "name": f"Annif {project}", **options}
        super().__init__(f"{base}/suggest-batch?limit={shown}", uris, shown=shown, batch_size=batch_size, **options)
        self.project, self.language, self.threshold = project, language, threshold
        self._project_url = base
        self._is_checked = False

    @property
    def batch_size(self) -> int:
        """How many texts go into one request."""
        return self._batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self._batch_size = min(size, MOST_DOCUMENTS)  # `--model-batch-size` and `evaluate` have defaults of their own

    def _best(self, texts: list[str]) -> Any:
        if not self._is_checked:
            self._check_project()
        return super()._best(texts)

    def _check_project(self) -> None:
        facts = self._answered(None, self._project_url)
        project = facts if isinstance(facts, dict) else {}
        if project.get("language") != self.language:
            raise InputError(
                f"the project {self.project!r} is for texts in {project.get('language')!r}, not {self.language!r}",
                "choose a project for the language of the texts",
            )
        if project.get("is_trained") is False:
            raise VictimError(f"the project {self.project!r} is not trained", f"annif train {self.project} CORPUS")
        self._is_checked = True

    def _fix_of(self, status: int) -> str:
        if status == 404:
            return f"see that the server has the project {self.project!r}: annif list-projects"
        return "see what the server expects" if status == 400 else super()._fix_of(status)


def _body(texts: list[str], shown: int) -> Any:
    return {"documents": [{"text": text} for text in texts]}


def _rows(answer: Any) -> Any:
    return [[(concept["uri"], concept["score"]) for concept in document["results"]] for document in answer]
