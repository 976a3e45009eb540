"""Render the documentation as a site that works from disk: README, card, docs, guidelines.

    python tools/build_site.py                 into build/site/
    python tools/build_site.py --folder DIR    elsewhere

Pages have the style of the report page. A link to another page leads to it, one to a file that
is no page is left as its words, as a site has no source files beside it.
"""

import argparse
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

ROOT = Path(__file__).parents[1]
STYLE = (ROOT / "src/counterclaim/reports/page/page.css").read_text(encoding="utf-8")
# Pages by their file, with their name in the navigation, in the order of reading.
PAGES = {
    "README.md": "Overview",
    "docs/tutorial.md": "Tutorial",
    "data/README.md": "Data card",
    "docs/splits.md": "Splits",
    "docs/metrics.md": "Metrics",
    "docs/results.md": "Results",
    "docs/report.md": "Report page",
    "docs/harnesses.md": "Harnesses",
    "docs/annotation_tools.md": "Annotation tools",
    "annotation_guidelines/method.md": "Guidelines: method",
    "annotation_guidelines/accusation.md": "Accusation",
    "annotation_guidelines/denial.md": "Denial",
    "annotation_guidelines/casualty.md": "Casualty",
    "annotation_guidelines/location.md": "Location",
    "annotation_guidelines/borderline-claims.md": "Borderline claims",
    "annotation_guidelines/borderline-facts.md": "Borderline facts",
    "annotation_guidelines/changelog.md": "Guidelines: changes",
    "benchmarks/README.md": "Speed",
    "CONTRIBUTING.md": "Contributing",
    "CHANGELOG.md": "Changelog",
}
TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} – Counterclaim</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ up }}style.css">
</head>
<body class="site">
<a class="skip" href="#main">Skip to content</a>
<nav aria-label="Pages"><ul>
{% for file, name in pages.items() %}
<li><a href="{{ up }}{{ address(file) }}"{% if file == own %} aria-current="page"{% endif %}>
{{- name }}</a></li>
{% endfor %}
</ul></nav>
<main id="main">
{{ body }}
</main>
</body>
</html>
"""
MORE_STYLE = """
.site { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 2rem; padding-top: 1rem; }
.site nav ul { list-style: none; margin: 0; padding: 0; position: sticky; top: 1rem; }
.site nav a { padding: .1rem 0; }
.site nav a[aria-current] { font-weight: 700; color: inherit; text-decoration: none; }
.site main { max-width: 60rem; }
.site img { max-width: 100%; height: auto; border: 1px solid var(--line); }
pre { background: var(--panel); padding: .75rem 1rem; overflow-x: auto; }
code { font-size: .9em; }
blockquote { border-left: 3px solid var(--line); margin-left: 0; padding-left: 1rem; }
@media (max-width: 60rem) {
  .site { grid-template-columns: minmax(0, 1fr); }
  .site nav ul { position: static; }
}
"""


def main() -> None:
    """Read the options and write the site."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "site")
    build(parser.parse_args().folder)


def build(folder: Path) -> None:
    """Write all pages, their style and their pictures to a folder."""
    template = Environment(autoescape=True, trim_blocks=True).from_string(TEMPLATE)
    for file, name in PAGES.items():
        target = folder / address(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * file.count("/")
        body = Markup(render(file))  # made of Markdown of this repository, in which HTML is escaped
        target.write_text(
            template.render(title=name, body=body, pages=PAGES, own=file, up=up, address=address),
            encoding="utf-8",
        )
    (folder / "style.css").write_text(STYLE + MORE_STYLE, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "images", folder / "docs" / "images", dirs_exist_ok=True)


def address(file: str) -> str:
    """The page of a Markdown file, by its path in the site."""
    return re.sub(r"README\.md$", "index.md", file).removesuffix(".md") + ".html"


def render(file: str) -> str:
    """The HTML of a Markdown file: links lead to pages, wide tables and code can be scrolled."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.use(front_matter_plugin).use(anchors_plugin, max_level=6, slug_func=slug)
    # Marks of what commands fill in are comments, which are no text.
    text = re.sub(r"^ *<!-- .*? -->\n", "", (ROOT / file).read_text("utf-8"), flags=re.MULTILINE)
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type == "inline":
            token.children = list(linked(file, token.children or []))
        elif token.type == "fence":
            token.attrSet("tabindex", "0")
    html = markdown.renderer.render(tokens, markdown.options, {})
    tables = iter(range(1, html.count("<table>") + 1))
    return re.sub(
        "<table>(.*?)</table>",
        lambda found: (
            f'<div class="scroll" tabindex="0" role="region" aria-label="Table '
            f'{next(tables)}"><table>{found[1]}</table></div>'
        ),
        html,
        flags=re.DOTALL,
    )


def slug(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def linked(file: str, children: list[Token]) -> Iterator[Token]:
    """The parts of a paragraph, with links to pages in the place of links to files."""
    dropped = False
    for token in children:
        if token.type == "link_open":
            target, hash_, place = str(token.attrs["href"]).partition("#")
            if target and "://" not in target:
                path = os.path.normpath(Path(file).parent / target)
                dropped = path not in PAGES
                if not dropped:
                    page = os.path.relpath(address(path), Path(file).parent)
                    token.attrSet("href", f"{page}{hash_}{place}")
        if token.type == "link_close" and dropped:
            dropped = False
        elif not (token.type == "link_open" and dropped):
            yield token


if __name__ == "__main__":
    main()
