"""A verdict, or a path, as HTML without scripts: a fragment for a notebook, or a page of its own.

Pictures are data URIs in <img>: neither their styles nor anything in them can act on the page around.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from checker.verdict import Path, Result
from reports import text, words
from reports.sequence import sequence_svg

_STYLE = "body { font-family: sans-serif; margin: 2em; } pre { overflow-x: auto; } img { max-width: 100%; }"


def result_fragment(result: Result) -> str:
    """What the terminal shows."""
    return f"<pre>{_escaped(text.render(result))}</pre>"


def path_fragment(path: Path, title: str, source: str, ending: Sequence[str], good: bool) -> str:
    """The sequence diagram, and the steps in words under it."""
    drawn = sequence_svg(path, title, source, ending, good).encode("utf-8", "backslashreplace")
    picture = base64.b64encode(drawn).decode("ascii")
    about = _escaped(" ".join(words.clean(one) for one in (title, *ending)), quote=True)
    steps = _escaped(text.render_path(path))
    return (
        f'<img alt="{about}" src="data:image/svg+xml;base64,{picture}">\n'
        f"<details><summary>{words.count(len(path.steps), 'step')} in words</summary><pre>{steps}</pre></details>"
    )


def page(title: str, *fragments: str) -> str:
    """A whole page, which opens from a disk without a network."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f"<title>{_escaped(words.clean(title))}</title>",
            f"<style>{_STYLE}</style></head><body>",
            *fragments,
            "</body></html>\n",
        ]
    )


def _escaped(plain: str, quote: bool = False) -> str:
    return html.escape(plain, quote=quote).encode("utf-8", "backslashreplace").decode("utf-8")
