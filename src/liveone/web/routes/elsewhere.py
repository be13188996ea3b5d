"""Signing in elsewhere: out to an issuer of OpenID Connect, and back with a code; identities of one's own.

Pages, not API: a browser is sent on. Whatever goes wrong ends at the page of the sign-in with a sentence;
what an issuer says of itself is logged, and never shown.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from liveone.accounts.external import identities
from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.accounts.external.issuer import ExternalPerson, Issuer, new_attempt
from liveone.errors import sentence
from liveone.store.database import ReadOnly, StoreError
from liveone.web.answers import ApiError, answer, log
from liveone.web.auth import flow as flows
from liveone.web.auth.access import AllowedCaller, asking, gate_of, services_of
from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.callers import address_of
from liveone.web.auth.flow import SignInFlow
from liveone.web.base_path import base_of
from liveone.web.openapi.models import DONE, RequestModel
from liveone.web.routes.login import noted, set_cookie, sign_in

router = APIRouter(route_class=AskedFirst)
OWN_PAGE = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")
THEN_CHARS_MAX, LINK_CHARS_MAX = 500, 100
MOST_WAITING = 20
ADMINISTRATION = "/admin?ask=add"
Found = TypeVar("Found")


class NewIdentity(RequestModel):
    """Where the identity is: the name of a place to sign in."""

    place: Annotated[str, Field(max_length=40)]


def own_page(address: str) -> str:
    """``address`` if it is a path of this server: after ``//`` and ``/\\`` browsers read a host."""
    return address if OWN_PAGE.fullmatch(address) else "/"


@router.get("/login/with/{name}", include_in_schema=False)
async def leave(request: Request, name: str) -> Response:
    """To the issuer; ``next`` is the page to come back to, ``link`` an invitation that is being followed."""
    issuer, asked = _issuer(request, name), request.query_params
    then, link = own_page(asked.get("next", "/"))[:THEN_CHARS_MAX], asked.get("link", "")[:LINK_CHARS_MAX]
    try:
        location, cookie = await _begun(request, issuer, then, link=link)
    except SignInFailed as failed:
        return _back_to_login(request, issuer, failed)
    gone = RedirectResponse(location, 303, {"cache-control": "no-store"})
    set_cookie(request, gone, flows.COOKIE, cookie, flows.LIFETIME_S)
    return gone


@router.get("/login/from/{name}", include_in_schema=False)
async def come_back(request: Request, name: str) -> Response:
    """From the issuer, with a code; signs in, or connects an identity with who is signed in."""
    issuer = _issuer(request, name)
    try:
        flow = await _returned(request, issuer)
        back = (
            await _connected(request, issuer, flow) if flow.account else await _let_in(request, issuer, flow)
        )
    except SignInFailed as failed:
        back = _back_to_login(request, issuer, failed)
    set_cookie(request, back, flows.COOKIE, "", 0)
    back.headers["cache-control"] = "no-store"
    return back


@router.post("/api/me/identities", tags=["yourself"], summary="Connect an identity", responses=DONE)
async def connect(request: Request, caller: AllowedCaller, asked: NewIdentity) -> Response:
    """`location` is where to send the browser; when it comes back, that identity signs in to your account."""
    gate = gate_of(request)
    issuer = next((one for one in gate.settings.issuers if one.config.name == asked.place), None)
    if issuer is None or caller.account not in gate.snapshot.accounts:
        raise ApiError(400, sentence("There is no such place to sign in."), parameter="place")
    try:
        location, cookie = await _begun(request, issuer, "/me", account=str(caller.account))
    except SignInFailed as failed:
        log.warning("%s cannot be used to sign in: %s", issuer.config.label, failed)
        raise ApiError(
            400, sentence("{name} does not answer just now. Try again later.", name=issuer.config.label)
        ) from None
    begun = answer({"success": True, "location": location})
    set_cookie(request, begun, flows.COOKIE, cookie, flows.LIFETIME_S)
    return begun


@router.delete(
    "/api/me/identities/{label}", tags=["yourself"], summary="Disconnect an identity", responses=DONE
)
async def disconnect(request: Request, caller: AllowedCaller, label: str) -> Response:
    """It opens your account no more; sessions go on. The last one stays where there is no password."""
    gate, account = gate_of(request), caller.account or ""
    mine = identities.identities_of(gate.snapshot, account)
    going = next((one for one in mine if one.label == label), None)
    if going is None:
        raise ApiError(404, sentence("You have no {kind} {label}.", kind="identity", label=label[:20]))
    if len(mine) == 1 and not identities.has_password(gate.snapshot.accounts[account]):
        hint = sentence("Ask an administrator for a link for a password first.")
        raise ApiError(400, sentence("You would have no way to sign in any more."), hint=hint)
    await to_thread.run_sync(gate.people.end_one, going)
    await noted(request, caller.name, "disconnected an identity", going.name)
    return answer({"success": True})


def _issuer(request: Request, name: str) -> Issuer:
    """The place of that name. Raises HTTPException 404."""
    for one in gate_of(request).settings.issuers:
        if one.config.name == name and one.config.client_id:
            return one
    raise HTTPException(404)


async def _begun(
    request: Request, issuer: Issuer, then: str, *, account: str = "", link: str = ""
) -> tuple[str, str]:
    """Where to send a browser, and the cookie that it brings back. Raises SignInFailed."""
    gate, now_at = gate_of(request), services_of(request).clock.now_at()
    attempt, until_at = new_attempt(), int(now_at) + flows.LIFETIME_S
    address = partial(issuer.address, attempt, _redirect_uri(request, issuer))
    location = await _in_turn(request, address)
    flow = SignInFlow(issuer.config.name, attempt, then, until_at, account, link)
    return location, flows.cookie_of(gate.settings.session_key, flow)


async def _returned(request: Request, issuer: Issuer) -> SignInFlow:
    """The attempt that comes back. Raises SignInFailed (FLOW, REFUSED)."""
    gate, asked, clock = gate_of(request), request.query_params, services_of(request).clock
    returned = partial(
        flows.returned,
        gate.settings.session_key,
        request.cookies.get(flows.COOKIE, ""),
        issuer=issuer.config.name,
        state=asked.get("state", ""),
        now_at=clock.now_at(),
        used=gate.settings.ended,
    )
    flow = await to_thread.run_sync(returned)
    if flow is None:
        raise SignInFailed(SignInProblem.FLOW, "an answer came to no attempt of this browser")
    if asked.get("iss", issuer.config.issuer) != issuer.config.issuer:
        raise SignInFailed(SignInProblem.INVALID, "another issuer answered")
    if "error" in asked or not asked.get("code"):
        raise SignInFailed(SignInProblem.REFUSED, f"the issuer says {asked.get('error', '')[:100]!r}")
    return flow


async def _person(request: Request, issuer: Issuer, flow: SignInFlow) -> ExternalPerson:
    """Whom the issuer names, once; of Clerk as its backend knows them. Raises SignInFailed."""
    code, settings = request.query_params["code"], gate_of(request).settings
    directory, now_at = settings.directory, services_of(request).clock.now_at()

    def person() -> ExternalPerson:
        found = issuer.person(code, flow.attempt, _redirect_uri(request, issuer))
        if not flows.use_up(flow, now_at=now_at, used=settings.ended):
            raise SignInFailed(SignInProblem.FLOW, "an attempt came back twice at once")
        return identities.looked_up(directory, found) if directory and issuer.config.is_clerk else found

    return await _in_turn(request, person)


async def _let_in(request: Request, issuer: Issuer, flow: SignInFlow) -> Response:
    gate, now_at = gate_of(request), services_of(request).clock.now_at()
    person = await _person(request, issuer, flow)
    language = request.cookies.get("lang", "")[:8]
    admitting = partial(
        identities.admitted,
        gate.people,
        issuer.config,
        person,
        language=language,
        link=flow.link,
        now_at=now_at,
    )
    admission = await _stored(admitting)
    await gate.refresh()
    if admission.is_new:
        await noted(request, admission.account, "made an account", f"by {issuer.config.label}")
    is_first = admission.is_new and gate.snapshot.accounts[admission.account].is_admin
    back = RedirectResponse(ADMINISTRATION if is_first else flow.then, 303)
    await sign_in(request, back, admission.account)
    await noted(request, admission.account, "signed in", f"by {issuer.config.label}")
    return back


async def _connected(request: Request, issuer: Issuer, flow: SignInFlow) -> Response:
    """Whoever began it must still be signed in, in this browser. Raises SignInFailed."""
    try:
        caller = await asking(request)
    except (ApiError, StoreError):
        caller = None
    if caller is None or (caller.kind, caller.account) != ("person", flow.account):
        raise SignInFailed(SignInProblem.FLOW, "who began to connect an identity is signed out")
    person = await _person(request, issuer, flow)
    await _stored(partial(identities.connect, gate_of(request).people, flow.account, issuer.config, person))
    await noted(request, caller.name, "connected an identity", issuer.config.label)
    return RedirectResponse(flow.then, 303)


async def _in_turn(request: Request, ask: Callable[[], Found]) -> Found:
    """Ask an issuer, few at a time: one that is slow keeps nobody else from anything."""
    limiter = gate_of(request).elsewhere
    if limiter.statistics().tasks_waiting >= MOST_WAITING:
        raise SignInFailed(SignInProblem.BUSY, "too many people are signing in elsewhere")
    return await to_thread.run_sync(ask, limiter=limiter)


async def _stored(change: Callable[[], Found]) -> Found:
    """Change accounts. Raises SignInFailed (NO_ROOM) where the database only reads."""
    try:
        return await to_thread.run_sync(change)
    except ReadOnly as error:
        raise SignInFailed(SignInProblem.NO_ROOM, str(error.args[0])) from None


def _redirect_uri(request: Request, issuer: Issuer) -> str:
    """The address that the issuer sends people back to; it must be registered there."""
    own = request.app.state.public_url or f"{request.url.scheme}://{request.url.netloc}{base_of(request)}"
    return f"{own}/login/from/{issuer.config.name}"


def _back_to_login(request: Request, issuer: Issuer, failed: SignInFailed) -> Response:
    log.warning("%s: nobody was signed in from %s: %s", issuer.config.label, address_of(request), failed)
    said = urlencode({"problem": failed.problem.value, "with": issuer.config.name})
    return RedirectResponse(f"/login?{said}", 303, {"cache-control": "no-store"})
