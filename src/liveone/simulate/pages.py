"""The HTML that the portal shows people, in which clients look for words and label/value pairs."""

from html import escape

from liveone.domain.system import SystemInfo

REFUSED = "Bad email address or password"

_FRAME = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title} - Select.Live</title></head>
<body>
<div class="container">
{body}
</div>
</body>
</html>
"""


def login_page(message: str = "") -> str:
    alert = f'<div class="alert alert-danger">{escape(message)}</div>\n' if message else ""
    form = (
        f'{alert}<form action="/login" method="post">\n'
        '<input type="email" name="email" placeholder="Email address">\n'
        '<input type="password" name="pwd" placeholder="Password">\n'
        '<button type="submit">Log in</button>\n</form>'
    )
    return _FRAME.format(title="Log in", body=form)


def message_page(title: str, text: str) -> str:
    return _FRAME.format(title=escape(title), body=f"<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>")


def systems_page(sites: list[tuple[str, str]]) -> str:
    """A list of (number, name)."""
    items = "\n".join(
        f'<li><a href="/dashboard/{escape(number)}">{escape(name)}</a></li>' for number, name in sites
    )
    return _FRAME.format(title="Systems", body=f"<h1>Systems</h1>\n<ul>\n{items}\n</ul>")


def system_page(name: str, info: SystemInfo) -> str:
    """A system's page with its label/value pairs; what the vendor does not know has no pair."""
    pairs = {
        "SP PRO Model:": info.model,
        "SP PRO Serial:": info.serial,
        "SP PRO Ratings:": info.ratings,
        "Solar Size:": info.solar_size,
        "Battery Size:": info.battery_size,
    }
    rows = "\n".join(
        f'<tr>\n  <td class="label">{label}</td>\n  <td class="value">{escape(value)}</td>\n</tr>'
        for label, value in pairs.items()
        if value
    )
    return _FRAME.format(title=escape(name), body=f"<h1>{escape(name)}</h1>\n<table>\n{rows}\n</table>")
