"""Hooks of MkDocs: links to files of the repository, and the ban on the network.

Pages link to other files as they lie in the repository, so that links work there too. Such a file is copied to the
site; Markdown files become pages, and so does the list of a folder's files. The README is the first page. A link to a
file that does not exist is a warning of MkDocs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
FOLDER = "repository"  # of the site: where copies of the repository's files lie
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)(#[^)\s]*)?(?=\))")
# What a browser loads by itself when a page is opened; links that a reader follows are fine.
OUTSIDE = r"""["']?(?:https?:)?//[^>]+"""
LOADED = re.compile(
    rf"<(?:script|img|iframe)[^>]+src={OUTSIDE}|<link[^>]+rel=.?(?:stylesheet|preload)[^>]+href={OUTSIDE}"
    r"""|import [^;]* from ["']https?:[^>]+"""
)
# What mkdocs-jupyter adds to each notebook for diagrams that none has.
MERMAID = re.compile(r'<script type="module">(?:(?!</script>).)*mermaid(?:(?!</script>).)*</script>', re.DOTALL)


def source_of(page: str) -> PurePosixPath:
    """The file of the repository that a page of the site shows."""
    if page == "index.md":
        return PurePosixPath("README.md")
    path = PurePosixPath(page)
    return path.relative_to(FOLDER) if path.is_relative_to(FOLDER) else PurePosixPath("docs") / path


def page_of(source: str) -> str:
    """The place in the site of a file or folder of the repository."""
    if source == "README.md":
        return "index.md"
    if (ROOT / source).is_dir():
        source = f"{source}/README.md"
    return source.removeprefix("docs/") if source.startswith("docs/") else f"{FOLDER}/{source}"


def text_of(source: str) -> str:
    """The Markdown of a page: a file's, or the list of what git keeps in a folder."""
    if (ROOT / source).is_file():
        return (ROOT / source).read_text(encoding="utf-8")
    folder = PurePosixPath(source).parent.as_posix()
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [os.path.relpath(file, folder) for file in listed.splitlines()]
    return "\n".join([f"# {folder}/", "", *(f"- [{file}]({file})" for file in files), ""])


def linked(text: str, page: str) -> dict[str, str]:
    """The repository's files that a page links to, by the link."""
    start = source_of(page).parent.as_posix()
    return {link: os.path.normpath(f"{start}/{link}") for link, _ in LINK.findall(text)}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages of `docs/` that the navigation does not name behind the guides."""
    named = json.dumps(config.nav)
    (guides,) = (part["Guides"] for part in config.nav or () if "Guides" in part)
    guides += sorted(page.name for page in Path(config.docs_dir).glob("*.md") if f'"{page.name}"' not in named)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the README and everything outside `docs/` that a page links to, directly or not."""
    files.append(File.generated(config, "index.md", abs_src_path=str(ROOT / "README.md")))
    waiting = [(file.src_uri, source_of(file.src_uri).as_posix()) for file in files if file.src_uri.endswith(".md")]
    while waiting:
        page, source = waiting.pop()
        for target in linked(text_of(source), page).values():
            place = page_of(target)
            if files.get_file_from_path(place) or target.startswith("docs/") or not (ROOT / target).exists():
                continue
            source = source_of(place).as_posix()
            if place.endswith(".md"):
                file = File.generated(config, place, content=text_of(source))
                waiting.append((place, source))
            else:
                file = File.generated(config, place, abs_src_path=str(ROOT / source))
            file.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(file)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to where the files lie in the site."""
    here = page.file.src_uri
    start = PurePosixPath(here).parent.as_posix()
    places = {link: os.path.relpath(page_of(target), start) for link, target in linked(markdown, here).items()}
    return LINK.sub(lambda match: places[match[1]] + (match[2] or ""), markdown)


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that loads something from the network."""
    output = MERMAID.sub("", output)
    found = LOADED.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri} loads from the network: {found[0][:200]}")
    return output
