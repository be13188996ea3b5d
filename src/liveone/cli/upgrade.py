"""`liveone upgrade`: the shipped plans that lead from the database's generation to the newest, by changeover.

Exit codes are those of `changeover`: 0 done, 2 a parameter is wrong, 3 refused, 4 a step failed and
everything was taken back, 5 an operator is needed, 6 a person must judge first, 7 stopped.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, replace

import click

from changeover.errors import BadParameter, ChangeoverError, Refused, Undecided
from changeover.plan.model import Phase, Plan
from changeover.report import model, write
from changeover.run import session
from changeover.run.commands import Outcome, Settings, finish, resume, rollback, run, this_person
from changeover.run.records import Record
from changeover.run.session import BoundPlan
from liveone.accounts.choice import open_directory
from liveone.accounts.directory import DirectoryError, judge
from liveone.cli import upgrade_words as words
from liveone.cli.account_book import open_book
from liveone.cli.accounts import show
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.cli.noting import note_in_database
from liveone.database.open import open_store
from liveone.errors import BadInput, LiveOneError
from liveone.migrations import run as upgrade
from liveone.migrations import runs, shipped
from liveone.settings.config import Config
from liveone.store import changes

AGAIN: dict[str, Callable[..., Outcome]] = {"resume": resume, "rollback": rollback, "finish": finish}


class UpgradeError(LiveOneError):
    """What changeover refused or could not do, with its exit code."""

    def __init__(self, error: ChangeoverError, *, more: str = "") -> None:
        hints = (words.in_our_commands(error.hint), more)
        super().__init__(words.in_our_commands(error.message), hint="\n  ".join(filter(None, hints)))
        self.exit_code = error.exit_code
        self.retryable = error.retryable


@dataclass(frozen=True, slots=True)
class Wish:
    """How to go about it, as the command line says."""

    sets: tuple[str, ...]
    confirm: tuple[str, ...]
    who: str
    as_json: bool


class Beside:
    """The LiveOne that stays beside the plans which ask one; it is stopped for a plan that does not.

    Such a plan leads from or to a generation that is not served.
    """

    def __init__(self, config: Config, environment: dict[str, str], wish: Wish) -> None:
        self._config, self._environment, self._wish = config, environment, wish
        self._server = upgrade.UpgradeServer(environment, config.folder / "upgrade-serve.log")

    def require_possible(self, plan: Plan) -> None:
        """Raises ConfigError where no LiveOne could prove what the plan asks; nothing is started."""
        if upgrade.asks_liveone(plan):
            upgrade.require_servable(self._config, self._environment)

    def require_for(self, plan: Plan) -> None:
        """A LiveOne answers from now on, where the plan asks one. Raises ConfigError, LiveOneError."""
        if not upgrade.asks_liveone(plan):
            self._server.close()
            return
        self.require_possible(plan)
        if self._server.require() and not self._wish.as_json:
            url = self._environment["LIVEONE_URL"]
            click.echo(f"LiveOne was not running; it serves at {url} until this is over.")

    def close(self) -> None:
        """Stop what was started for it."""
        self._server.close()


@click.command("upgrade")
@click.option(
    "--set", "sets", multiple=True, metavar="NAME=VALUE", help="owner.simon=user_2abc, collision=keep:1"
)
@click.option("--confirm", multiple=True, metavar="ID", help="You have judged this box of the plan: yes.")
@click.option("--who", help="Who is at work; recorded. Default: user@host.")
@click.option(
    "--plan-only", is_flag=True, help="Say what would be done and what must be decided; touch nothing."
)
@click.option("--dry-run", is_flag=True, help="Rehearse on a copy, and say what the run would take.")
@click.option("--resume", "again", flag_value="resume", help="Go on with an upgrade that was cut off.")
@click.option("--rollback", "again", flag_value="rollback", help="Back to before; new readings stay.")
@click.option("--finish", "again", flag_value="finish", help="Drop what is kept for the way back.")
@json_option
@pass_shell
def upgrade_command(
    shell: CommandContext,
    *,
    sets: tuple[str, ...],
    confirm: tuple[str, ...],
    who: str | None,
    plan_only: bool,
    dry_run: bool,
    again: str | None,
    as_json: bool,
) -> None:
    """Bring the database to this release's schema while LiveOne goes on polling and answering.

    Rehearses on a copy, then runs; whatever fails is taken back. Readings are never lost. Where no LiveOne
    answers, one is started for the duration.
    """
    config, wish = shell.config, Wish(sets, confirm, who or this_person(), as_json)
    environment = upgrade.surroundings(config, os.environ)
    beside = Beside(config, environment, wish)
    with upgrade.plan_environment(environment), _translated(config), closing(beside):
        if again:
            for run_id in _runs(again, config):
                _go_on(AGAIN[again], config, beside, wish, run_id=run_id)
            _tell_standing(again, config, wish)
            return
        plans = _pending(config)
        if not plans:
            _say(wish, {"pending": []}, "The database is of the newest generation; there is nothing to do.")
            return
        documents = [session.read_sound(plan.path) for plan in plans]
        upgrade.require_known(documents, sets)
        upgrade.require_boxes(documents, confirm)
        if plan_only:
            _outline(config, documents, wish)
        else:
            if not dry_run:
                _bring_up_log(config)
            run_ids: list[str] = []
            for plan in plans:
                run_ids.append(_carry_out(plan, config, beside, wish, dry_run=dry_run))
                runs.remember(upgrade.state_of(config), run_ids)


def _pending(config: Config) -> list[shipped.ShippedPlan]:
    with closing(open_store(config, served=False)) as store:
        return shipped.pending(store.shape)


def _bring_up_log(config: Config) -> None:
    """A log of changes that release 0.1 wrote knows readings by ids, which the newest generation has not."""
    with closing(open_store(config, served=False)) as store:
        changes.bring_up(store)


def _carry_out(
    plan: shipped.ShippedPlan, config: Config, beside: Beside, wish: Wish, *, dry_run: bool
) -> str:
    """One plan, proven and run; the id of its run. A dry run, or a failure, ends the program."""
    work = upgrade.prepared(plan.path, wish.sets, config)
    if dry_run:
        record = upgrade.rehearsed(work, who=wish.who, as_json=wish.as_json)
        _tell_record(record, wish)
        _tell_later(plan, config, wish)
        sys.exit(0 if record.passed else 4)
    beside.require_possible(work.plan)
    _introduce(work, config, wish)
    record = upgrade.proven(work, who=wish.who, as_json=wish.as_json)
    if not record.passed:
        _tell_record(record, wish)
        sys.exit(4)
    with _operator_settings(work, wish) as asking:
        settings = _judged(work.plan, asking)
        beside.require_for(work.plan)
        outcome = run(work.plan, work.values, work.database, settings)
    note_in_database(config, f"migrated: {outcome.ending.value}", plan.name)
    _tell_outcome(outcome, work, wish)
    return outcome.run_id


def _introduce(work: BoundPlan, config: Config, wish: Wish) -> None:
    """Who the accounts are, before somebody is asked whether they are the people meant."""
    owners = work.values.values.get("owner")
    if wish.as_json or not isinstance(owners, Mapping):
        return
    with suppress(DirectoryError):
        with open_book(config) as book:
            directory = open_directory(book.asked(), os.environ)
        show(judge(directory, owners.items()))


def _runs(again: str, config: Config) -> Sequence[str | None]:
    """The runs a command is about; None is the newest, of which changeover says why it cannot be."""
    state = upgrade.state_of(config)
    if not state.run_ids():
        raise BadInput("no upgrade was run on this database yet", hint="See what it would do: --plan-only")
    chosen = {"rollback": runs.last_upgrade, "finish": runs.done}
    return (chosen[again](state) if again in chosen else []) or [None]


def _go_on(
    act: Callable[..., Outcome],
    config: Config,
    beside: Beside,
    wish: Wish,
    *,
    run_id: str | None,
) -> None:
    work = upgrade.taken_up(config, run_id)
    if act is not finish:
        beside.require_for(work.plan)
    with _operator_settings(work, wish) as settings:
        outcome = act(work.plan, work.values, work.database, settings, run_id=work.run_id)
    note_in_database(config, f"migrated: {outcome.ending.value}", outcome.run_id)
    _tell_outcome(outcome, work, wish)


def _judged(plan: Plan, settings: Settings) -> Settings:
    """Pre-flight's boxes are judged before a LiveOne, with its poller, is started: a no leaves no trace.

    Raises Undecided where nobody can be asked, Refused at a no.
    """
    prompt = settings.prompt
    for box in plan.boxes(Phase.PREFLIGHT):
        if not box.is_judgement or box.id in prompt.confirmed:
            continue
        answer = prompt.ask(box.id, box.text)
        if answer is None:
            raise Undecided(
                f"Nobody has judged: {box.text}",
                hint=f"Look, then say so: --confirm {box.id} (or run it on a terminal and be asked).",
            )
        if not answer:
            raise Refused(f"{settings.who} says no: {box.text}", hint="Nothing was done. Mend that first.")
        prompt = replace(prompt, confirmed=prompt.confirmed | {box.id})
    return replace(settings, prompt=prompt)


def _operator_settings(work: BoundPlan, wish: Wish) -> AbstractContextManager[Settings]:
    confirmed = upgrade.boxes_of(work.plan).intersection(wish.confirm)
    return session.operator_settings(work, json_=wish.as_json, confirm=sorted(confirmed), who=wish.who)


@contextmanager
def _translated(config: Config) -> Iterator[None]:
    try:
        yield
    except BadParameter as error:
        raise UpgradeError(error, more=words.owners(_old_owners(config))) from error
    except ChangeoverError as error:
        raise UpgradeError(error) from error


def _old_owners(config: Config) -> dict[str, int]:
    with closing(open_store(config, served=False)) as store:
        return upgrade.old_owners(store)


def _outline(config: Config, plans: Sequence[Plan], wish: Wish) -> None:
    owners = _old_owners(config)
    if wish.as_json:
        print_json({"pending": [words.outline_data(plan) for plan in plans], "owners": owners})
        return
    for plan in plans:
        click.echo("\n".join(words.outline(plan)))
    click.echo(words.owners(owners))
    click.echo("Nothing was done. Prove it on a copy: liveone upgrade --dry-run --set ...")


def _tell_record(record: Record, wish: Wish) -> None:
    _say(wish, {"rehearsal": record, "passed": record.passed}, "\n".join(words.rehearsal(record)))


def _tell_later(plan: shipped.ShippedPlan, config: Config, wish: Wish) -> None:
    """A plan after this one starts from what this one makes: its rehearsal needs that done first."""
    later = [each.name for each in _pending(config) if each.step > plan.step]
    if later and not wish.as_json:
        click.echo(f"After it, each rehearsed when the one before is done: {', '.join(later)}")


def _tell_standing(again: str, config: Config, wish: Wish) -> None:
    state = upgrade.state_of(config)
    standing = runs.standing(state)
    if again == "rollback" and standing and not wish.as_json:
        title = runs.title(state, standing[0])
        click.echo(f"Still in force: {title}. --rollback again takes it back.")


def _tell_outcome(outcome: Outcome, work: BoundPlan, wish: Wish) -> None:
    with work.redacted():
        found = model.gather(work.state, work.database, work.plan, outcome.run_id)
        report = write.write(found)[-1]
    for failure in outcome.failures:
        click.echo(failure.text("message"), err=True)
        if failure.text("hint"):
            click.echo(f"  {failure.text('hint')}", err=True)
    summary = {"outcome": outcome.ending.value, **found.summary(), "report": str(report)}
    _say(wish, summary, f"{found.sentence}\nReport: {report}\n{words.NEXT.get(outcome.ending, '')}".rstrip())
    if outcome.exit_code:
        sys.exit(outcome.exit_code)


def _say(wish: Wish, document: object, text: str) -> None:
    if wish.as_json:
        print_json(document)
    else:
        click.echo(text)
