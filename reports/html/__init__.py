"""An answer as one HTML file that opens from disk: ``page`` of one spec, ``index`` of several.

A file needs nothing beside itself and no network. Whatever comes from a spec or a model reaches it as text: through
``markup.tag``, which escapes, or as JSON that the script puts on the page as text.
"""

from reports.html.document import page
from reports.html.index import Entry, index

__all__ = ["Entry", "index", "page"]
