"""The pages that the browser tests visit: what a site would write, and scripts that note that they ran."""

from __future__ import annotations

from .serving import Site

STYLE = """
body { font: 16px/1.5 sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; color: #222; background: #fff; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111; } a { color: #9cf; } }
"""
# A site whose style would favour one button, if it could.
HOSTILE = """
button { background: red; font-size: 9px; padding: 30px; text-transform: uppercase; border-radius: 0; }
[data-choice=accept] { background: green !important; font-size: 40px !important; margin: 20px !important; }
section, p, h2, ul, li, div { float: left; color: yellow; letter-spacing: 3px; }
*::before { content: "!"; }
"""


def page(
    body: str = "",
    *,
    language: str = "en",
    head: str = "",
    scripts: str = '<script src="/preferences.js" defer></script>',
) -> str:
    """A whole page with one h1, landmarks, a skip link and the permanent way back to the settings."""
    direction = "rtl" if language == "ar" else "ltr"
    return f"""<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>A page</title>
<link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css">{head}{scripts}</head>
<body><header><a href="#main">Skip</a></header><main id="main"><h1>A page</h1>{body}
{"<p>Something to read, and a <a href='/'>link</a> to follow.</p>" * 30}</main>
<footer><button type="button" data-preferences-open>Cookie settings</button></footer></body></html>"""


def furnish(site: Site, body: str = "", **options: str) -> None:
    """Put a page at `/` and `/ar`, its style, and scripts `/note-<name>.js` that note their name in `window.ran`."""
    site.put("/", page(body, **options))
    site.put("/ar", page(body, **{**options, "language": "ar"}))
    site.put("/style.css", STYLE, "text/css")
    site.put("/icon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    for name in "abc":
        site.put_script(f"/note-{name}.js", note(name))


def note(name: str) -> str:
    return f"(window.ran ??= []).push({name!r});"


def gated(name: str, purpose: str = "analytics") -> str:
    return f'<script type="text/plain" data-purpose="{purpose}" src="/note-{name}.js"></script>'
