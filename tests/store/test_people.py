"""Who may come in, in the database: on a file and on a libSQL server."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.store.conftest import a_system, run
from tests.web.support import SetClock

from liveone.accounts import audit, links
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.links import Joining, LinkEnded
from liveone.accounts.passwords import hash_token, verify_password
from liveone.accounts.people import NO_ROLES, People
from liveone.accounts.users import Account, Token, address_key
from liveone.errors import BadInput
from liveone.store import systems
from liveone.store.database import CannotHold, Statement
from liveone.store.generations import ACCOUNT_TABLES
from liveone.store.store import Store

ANN = Account("ann", "ann@example.org", "kept", True, (Token(hash_token("lo_a"), "2026-11-29", "grafana"),))
BOB = Account("bob", "bob@example.org", "kept too")
WITHOUT = [f"DROP TABLE {table}" for table in sorted(ACCOUNT_TABLES)]


class Home:
    """The people of a store, twice: as two processes have them."""

    def __init__(self, store: Store, file: Sequence[Account] = ()) -> None:
        self.store, self.clock, self.file = store, SetClock(), list(file)
        self.people = People(store, lambda: tuple(self.file), self.clock)
        self.other = People(store, tuple, self.clock)


@pytest.fixture
def home(store: Store) -> Home:
    return Home(store)


def bare(people: Account) -> Account:
    return replace(people, tokens=())


def test_what_one_process_changes_another_knows_at_once(home: Home) -> None:
    home.people.add(ANN)
    home.people.add(BOB)
    assert dict(home.other.asked().accounts) == {"ann": bare(ANN), "bob": bare(BOB)}
    home.people.change(replace(BOB, disabled_at=5, name="Bob"))
    assert home.other.asked().accounts["bob"] == replace(BOB, disabled_at=5, name="Bob")
    home.people.remove("bob")
    assert list(home.other.asked().accounts) == ["ann"]


def test_an_id_and_an_address_are_there_once(home: Home) -> None:
    home.people.add(ANN)
    for twin in (replace(BOB, id="ann"), replace(BOB, email="ANN@example.org")):
        with pytest.raises(BadInput, match="exists already"):
            home.people.add(twin)
    assert list(home.people.asked().accounts) == ["ann"]


def test_a_credential_is_kept_found_and_ended(home: Home) -> None:
    now_at = int(home.clock.now_at())
    first = home.people.keep(StoredCredential("session", hash_token("s1"), "ann", name="Firefox, Linux"))
    home.people.keep(StoredCredential("session", hash_token("s2"), "ann", until_at=now_at + 60))
    home.people.keep(StoredCredential("token", hash_token("t"), "ann", scope="read"))
    found = home.other.asked()
    assert [one.name for one in found.of("ann", "session")] == ["Firefox, Linux", ""]
    assert home.people.end_of("ann", "session", but=first) == 1
    assert [one.id for one in home.other.asked().of("ann", "session", "token")] == [first, first + 2]
    home.people.remove("ann")
    assert home.other.asked().credentials == {}


def test_what_has_ended_is_forgotten_with_the_next_that_is_kept(home: Home) -> None:
    home.people.keep(StoredCredential("share", hash_token("s"), "ann", until_at=int(home.clock.now_at()) + 5))
    home.clock.at += 10
    home.people.keep(StoredCredential("token", hash_token("t"), "ann"))
    assert [one.kind for one in home.other.asked().credentials.values()] == ["token"]
    assert home.store.database.read([_count("credentials")]) == [[(1,)]]


def test_roles_are_given_changed_and_taken(home: Home) -> None:
    system = a_system(home.store)
    home.people.add(ANN)
    home.people.add(BOB)
    for role in ("viewer", "admin", "owner"):
        home.people.grant("bob", system.id, role)
        assert home.other.asked().roles["bob"] == {system.id: role}
    assert systems.get_system(home.store, system.id).owner == "bob"  # type: ignore[union-attr]
    with pytest.raises(BadInput, match="owns the system"):
        home.people.revoke("bob", system.id)
    home.people.grant("ann", system.id, "owner")
    assert "bob" not in home.other.asked().roles
    with pytest.raises(BadInput, match="no role"):
        home.people.grant("bob", system.id, "king")


def test_a_role_that_other_programs_wrote_lets_look(home: Home) -> None:
    system = a_system(home.store)
    run(
        home.store,
        f"INSERT INTO user_systems (clerk_user_id, system_id, role) VALUES ('x', {system.id}, 'guest')",
    )
    assert home.people.asked().roles["x"] == {system.id: "viewer"}


def test_the_file_is_taken_over_once_and_never_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    home = Home(store, [ANN, BOB])
    found = home.people.asked()
    assert dict(found.accounts) == {"ann": bare(ANN), "bob": bare(BOB)}
    assert [(one.name, one.scope) for one in found.of("ann", "token")] == [("grafana", "admin")]
    assert "users.toml was taken over" in caplog.text
    home.people.remove("ann")
    home.people.remove("bob")
    assert Home(store, [ANN, BOB]).people.asked().accounts == {}


def test_before_the_plan_the_file_holds_and_the_plan_is_noticed(store: Store) -> None:
    """And so is that it was taken back."""
    made = [str(sql) for (sql,) in store.database.read([_definitions()])[0]]
    run(store, *WITHOUT)
    home = Home(store, [ANN])
    assert (home.people.asked().are_kept, list(home.people.asked().accounts)) == (False, ["ann"])
    home.file.append(BOB)
    assert list(home.people.asked().accounts) == ["ann", "bob"]
    with pytest.raises(CannotHold, match="keeps no accounts"):
        home.people.add(BOB)
    run(store, *made)
    assert (home.people.asked().are_kept, list(home.people.asked().accounts)) == (True, ["ann", "bob"])
    home.people.remove("bob")
    run(store, *WITHOUT)
    assert (home.people.asked().are_kept, list(home.people.asked().accounts)) == (False, ["ann", "bob"])


def test_the_first_account_is_made_once(home: Home) -> None:
    now_at = home.clock.now_at()
    secrets = [links.make(home.people, "setup", "", now_at) for _ in range(2)]
    account = links.follow(home.people, secrets[0], Joining("ann@example.org", " Ann ", "a good one"), now_at)
    made = home.other.asked().accounts[account]
    assert (made.email, made.name, made.is_admin) == ("ann@example.org", "Ann", True)
    assert verify_password("a good one", made.password_hash)
    for secret in secrets:
        with pytest.raises(LinkEnded):
            links.follow(home.other, secret, Joining("eve@example.org", "", "a good one"), now_at)
    assert list(home.people.asked().accounts) == [account]


def test_a_letter_that_looks_like_another_is_another_address_in_file_and_database(home: Home) -> None:
    home.people.add(replace(ANN, email="Kate@example.org"))
    now_at, kelvin = home.clock.now_at(), "\u212aate@example.org"
    secret = links.make(home.people, "invite", "ann", now_at)
    for taken in ("kate@EXAMPLE.org", "ka\u202ete@example.org"):
        with pytest.raises(BadInput):
            links.follow(home.people, secret, Joining(taken, "", "a good one"), now_at)
    other = links.follow(home.people, secret, Joining(kelvin, "", "a good one"), now_at)
    found = home.other.asked()
    assert [found.named(each).id for each in ("kATE@example.org", kelvin)] == [ANN.id, other]  # type: ignore[union-attr]
    assert address_key("\u017fs@x") == "\u017fs@x"


def test_an_invitation_makes_an_account_with_its_role_once(home: Home) -> None:
    system, now_at = a_system(home.store), home.clock.now_at()
    home.people.add(ANN)
    secret = links.make(home.people, "invite", "ann", now_at, system_id=system.id, role="viewer")
    for wrong, says in (("ann@example.org", "has an account already"), ("nobody", "not an e-mail")):
        with pytest.raises(BadInput, match=says):
            links.follow(home.people, secret, Joining(wrong, "", "a good one"), now_at)
    with pytest.raises(BadInput, match="at least 8"):
        links.follow(home.people, secret, Joining("bob@example.org", "", "short"), now_at)
    account = links.follow(home.people, secret, Joining("bob@example.org", "", "a good one"), now_at)
    found = home.other.asked()
    assert found.roles.get(account, NO_ROLES) == {system.id: "viewer"}
    assert not found.accounts[account].is_admin
    with pytest.raises(LinkEnded):
        links.follow(home.other, secret, Joining("eve@example.org", "", "a good one"), now_at)


@pytest.mark.parametrize("what", ["disabled", "gone", "owner no more", "administrator no more"])
def test_an_invitation_ends_with_the_right_of_who_made_it(home: Home, what: str) -> None:
    system, now_at = a_system(home.store), home.clock.now_at()
    home.people.add(replace(ANN, is_admin=what == "administrator no more"))
    home.people.add(BOB)
    home.people.grant("ann", system.id, "owner")
    is_of_system = what != "administrator no more"
    secret = links.make(
        home.people, "invite", "ann", now_at, system_id=system.id if is_of_system else None,
        role="admin" if is_of_system else "",
    )  # fmt: skip
    assert links.found(home.people.asked(), secret, now_at)
    if what == "disabled":
        home.people.change(replace(bare(ANN), is_admin=False, disabled_at=1))
    elif what == "gone":
        home.people.remove("ann")
    elif what == "owner no more":
        home.people.grant("bob", system.id, "owner")
    else:
        home.people.change(replace(bare(ANN), is_admin=False))
    with pytest.raises(LinkEnded):
        links.follow(home.people, secret, Joining("eve@example.org", "", "a good one"), now_at)
    with pytest.raises(LinkEnded):
        links.accept(home.people, secret, "bob", now_at)


def test_who_has_an_account_accepts_an_invitation_once_and_loses_nothing_by_it(home: Home) -> None:
    system, now_at = a_system(home.store), home.clock.now_at()
    home.people.add(ANN)
    home.people.add(BOB)

    def invited(role: str) -> str:
        return links.make(home.people, "invite", "ann", now_at, system_id=system.id, role=role)

    as_viewer, as_admin = invited("viewer"), invited("admin")
    for secret, role in ((as_viewer, "viewer"), (as_admin, "admin")):
        assert links.accept(home.people, secret, "bob", now_at).scope == role
        assert home.other.asked().roles["bob"] == {system.id: role}
        with pytest.raises(LinkEnded):
            links.accept(home.other, secret, "bob", now_at)
    for useless in (invited("viewer"), links.make(home.people, "invite", "ann", now_at)):
        with pytest.raises(BadInput, match=r"already|you have one"):
            links.accept(home.people, useless, "bob", now_at)
        assert links.found(home.people.asked(), useless, now_at), "it holds for somebody else"
    assert home.other.asked().roles["bob"] == {system.id: "admin"}
    with pytest.raises(LinkEnded, match="no invitation"):
        links.accept(home.people, links.make(home.people, "reset", "bob", now_at), "bob", now_at)


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\u202eb", "a\x00", "\x9b2J"])
def test_a_name_that_steers_a_terminal_is_no_name(text: str) -> None:
    with pytest.raises(BadInput, match="no name"):
        links.person_name(text)


def test_a_link_ends_with_its_time(home: Home) -> None:
    home.people.add(ANN)
    secret = links.make(home.people, "invite", "ann", home.clock.now_at())
    late_at = home.clock.now_at() + 7 * 86_400
    with pytest.raises(LinkEnded):
        links.follow(home.people, secret, Joining("bob@example.org", "", "a good one"), late_at)


def test_a_reset_sets_the_password_and_ends_sessions(home: Home) -> None:
    home.people.add(ANN)
    home.people.keep(StoredCredential("session", hash_token("s"), "ann"))
    now_at = home.clock.now_at()
    secret = links.make(home.people, "reset", "ann", now_at)
    assert links.follow(home.people, secret, Joining("", "", "another one"), now_at) == "ann"
    found = home.other.asked()
    assert verify_password("another one", found.accounts["ann"].password_hash)
    assert found.credentials == {}
    home.people.change(replace(ANN, disabled_at=1))
    with pytest.raises(LinkEnded, match="disabled"):
        links.follow(
            home.people, links.make(home.people, "reset", "ann", now_at), Joining("", "", "x" * 9), now_at
        )


def test_the_log_says_who_did_what_and_forgets_by_age(home: Home) -> None:
    now_at = home.clock.now_at()
    audit.note(home.people, "ann", "signed in", "Firefox", address="192.0.2.1", now_at=now_at)
    audit.note(home.people, "bob", "x" * 1000, now_at=now_at)
    newest, oldest = audit.listed(home.other)
    assert (oldest.who, oldest.what, oldest.about, oldest.address) == (
        "ann",
        "signed in",
        "Firefox",
        "192.0.2.1",
    )
    assert len(newest.what) == audit.TEXT_MAX
    assert audit.listed(home.other, before=newest.id) == audit.listed(home.other, who="ann") == [oldest]
    audit.note(home.people, "ann", "later", now_at=now_at + (audit.KEPT_DAYS + 1) * 86_400)
    assert [one.what for one in audit.listed(home.other)] == ["later"]


def test_a_removed_system_takes_its_links_along(home: Home) -> None:
    system = a_system(home.store)
    home.people.keep(StoredCredential("share", hash_token("s"), "ann", system.id, "read"))
    systems.remove_system(home.store, system.id)
    assert home.other.asked().credentials == {}


def _count(table: str) -> Statement:
    return Statement(f"SELECT count(*) FROM {table}")


def _definitions() -> Statement:
    """What makes the three tables."""
    return Statement(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
        " AND tbl_name IN ('accounts', 'credentials', 'audit_entries') ORDER BY type DESC"
    )
