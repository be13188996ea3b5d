"""The docs site: `make docs` builds it from this folder with Sphinx; a broken link is an error."""

project = "LiveOne and changeover"
copyright = "2025-2026, LiveOne"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["examples/*/reports/**"]
html_theme = "furo"
html_title = project
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
# A plan's fences carry attributes behind the language (```sql {#id ...}); Pygments has no such lexer, and needs none.
suppress_warnings = ["misc.highlighting_failure"]
