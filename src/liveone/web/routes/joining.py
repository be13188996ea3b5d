"""Links that are used once - to set up, to join, for a new password - and share links to one system."""

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Body, Request, Response
from pydantic import Field

from liveone.accounts import links
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.links import Joining
from liveone.accounts.people import OWNER, PeopleSnapshot
from liveone.errors import sentence
from liveone.store import systems
from liveone.web.answers import ApiError, answer
from liveone.web.auth import sessions
from liveone.web.auth.access import asking, gate_of, services_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import is_signed_in
from liveone.web.auth.counted_guess import is_password
from liveone.web.openapi.models import DONE, Failure, RequestModel
from liveone.web.routes.login import noted, set_cookie, sign_in

router = APIRouter(route_class=AskedFirst, prefix="/api/auth", tags=["sign in"])
Secret = Annotated[str, Field(max_length=100)]
ENDED = ApiError(404, sentence("This link does not hold any more. Ask whoever sent it for another."))
WRONG = ApiError(401, sentence("That is not the password of this link."))


class LinkToken(RequestModel):
    token: Secret


class JoinForm(LinkToken):
    """For a new password only that counts."""

    email: Annotated[str, Field(max_length=links.EMAIL_MAX)] = ""
    name: Annotated[str, Field(max_length=links.NAME_MAX)] = ""
    password: Annotated[str, Field(max_length=1024)]


class ShareForm(LinkToken):
    password: Annotated[str, Field(max_length=1024)] = ""


@router.post("/link", summary="What a link is for", responses=DONE)
async def link(request: Request, asked: Annotated[LinkToken, Body()]) -> Response:
    """`kind`: `setup`, `invite` or `reset`; an invitation names its system and role, a reset its account."""
    gate, services = gate_of(request), services_of(request)
    await gate.refresh()
    found = links.found(gate.snapshot, asked.token, services.clock.now_at())
    system = None
    if found.system_id is not None:
        system = await to_thread.run_sync(systems.get_system, services.store, found.system_id)
    account = gate.snapshot.accounts.get(found.account)
    return answer(
        {
            "success": True,
            "kind": found.kind,
            "role": found.scope or None,
            "system": system.display_name if system else None,
            "email": account.email if account and found.kind == "reset" else None,
            "by": account.title if account and found.kind == "invite" else None,
        }
    )


@router.post("/join", summary="Use a link", responses=DONE)
async def join(request: Request, said: Annotated[JoinForm, Body()]) -> Response:
    """Makes the account, or sets the password, and signs in. The link holds once."""
    gate, services = gate_of(request), services_of(request)
    language = request.cookies.get("lang", "")[:8]
    joining = Joining(said.email, said.name, said.password, language)
    kind = links.found(await _refreshed(request), said.token, services.clock.now_at()).kind
    following = partial(links.follow, gate.people, said.token, joining, services.clock.now_at())
    account = await to_thread.run_sync(following, limiter=gate.one_guess_at_a_time)
    snapshot = await _refreshed(request)
    done = {"setup": "set the server up", "invite": "joined by invitation", "reset": "set a password by link"}
    await noted(request, account, done[kind], snapshot.accounts[account].email)
    signed_in = answer({"success": True, "kind": kind, "account": account})
    await sign_in(request, signed_in, account)
    return signed_in


@router.post(
    "/share",
    summary="Open a share link",
    responses=DONE
    | {
        401: {"model": Failure, "description": "It has a password, and that was another."},
        404: {"model": Failure, "description": "It does not hold any more."},
        429: {"model": Failure, "description": "Too many wrong passwords from this address."},
    },
)
async def share(request: Request, asked: Annotated[ShareForm, Body()]) -> Response:
    """Sets a cookie that shows the one system of the link, as long as that holds, and nothing else."""
    await _refreshed(request)
    found = gate_of(request).shared(asked.token, services_of(request).clock.now_at())
    if found is None:
        raise ENDED
    if found.password_hash:
        await _check(request, found, asked.password)
    opened = answer({"success": True, "systemId": found.system_id})
    show_shared(request, opened, asked.token, found)
    return opened


def show_shared(request: Request, opened: Response, token: str, found: StoredCredential) -> None:
    """Let this browser see what a share link shows. The cookie outlives the link, to say that it ended."""
    now_at, key = services_of(request).clock.now_at(), gate_of(request).settings.session_key
    lasts_s = int((found.until_at or now_at) - now_at) + sessions.LIFETIME_S
    cookie = sessions.share_for(key, token, found.password_hash)
    set_cookie(request, opened, sessions.SHARE_COOKIE, cookie, lasts_s)


async def _check(request: Request, found: StoredCredential, password: str) -> None:
    """Raise ApiError 401 for a wrong password of a link, 429 for too many of them."""
    if not await is_password(request, f"share {found.id}", password, found.password_hash):
        raise WRONG


async def _refreshed(request: Request) -> PeopleSnapshot:
    gate = gate_of(request)
    await gate.refresh()
    return gate.snapshot


async def address_of_caller(request: Request) -> str | None:
    """The e-mail address of who is signed in, ``owner`` for the single owner; None for anybody else."""
    caller = await asking(request)
    user = gate_of(request).snapshot.accounts.get(caller.account or OWNER)
    return (user.email if user else OWNER) if is_signed_in(caller) else None
