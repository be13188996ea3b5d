"""Gives every connection of a plan the functions and extensions of its application."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from changeover.database import application
from changeover.plan.model import Plan
from changeover.plan.params import BoundParameters

P = ParamSpec("P")
T = TypeVar("T")
Act = Callable[Concatenate[Plan, BoundParameters, P], T]


def equipped(act: Act[P, T]) -> Act[P, T]:
    """``act``, a function of a plan and its values; all connections have the plan's functions meanwhile."""

    @wraps(act)
    def work(plan: Plan, values: BoundParameters, *args: P.args, **options: P.kwargs) -> T:
        with application.using(plan.functions, map(values.expand, plan.extensions)):
            return act(plan, values, *args, **options)

    return cast(Act[P, T], work)
