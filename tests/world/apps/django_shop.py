"""A Django shop (auth, sessions, admin log, orders with tags), made and checked by Django itself.

python django_shop.py make PATH ROWS      python django_shop.py check PATH      python django_shop.py own PATH
"""

import sys
from datetime import UTC, datetime, timedelta

import django
import killed
from django.conf import settings

settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.admin",
        "django.contrib.messages",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[2]}},
    USE_TZ=True,
    SECRET_KEY="for tests only",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib.admin.models import CHANGE, LogEntry  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    customer = models.ForeignKey(User, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    status = models.PositiveSmallIntegerField(default=0)
    made = models.DateTimeField()
    tags = models.ManyToManyField(Tag)

    class Meta:
        app_label = "shop"
        indexes = (models.Index(fields=["status", "made"], name="shop_order_open"),)
        constraints = (models.CheckConstraint(condition=models.Q(status__lt=10), name="status_known"),)


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    product = models.CharField(max_length=80)
    cents = models.IntegerField()

    class Meta:
        app_label = "shop"


def make(rows: int) -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
    with connection.schema_editor() as editor:
        for model in (Tag, Order, Line):
            editor.create_model(model)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction.atomic():
        users = [User.objects.create_user(f"user{n}", f"user{n}@shop.example", "secret") for n in range(3)]
        tags = Tag.objects.bulk_create(Tag(name=f"tag {n}") for n in range(5))
        for start in range(0, rows, 10_000):
            orders = Order.objects.bulk_create(
                Order(
                    customer=users[n % 3], name=f"order {n}", status=n % 4, made=began + timedelta(minutes=n)
                )
                for n in range(start, min(start + 10_000, rows))
            )
            Line.objects.bulk_create(
                Line(order=order, product=f"product {order.pk % 97}", cents=order.pk % 5000)
                for order in orders
            )
            through = Order.tags.through
            through.objects.bulk_create(
                through(order_id=order.pk, tag_id=tags[order.pk % 5].pk) for order in orders[::10]
            )
        LogEntry.objects.create(
            user=users[0],
            content_type=ContentType.objects.get_for_model(User),
            object_id="1",
            object_repr="user0",
            action_flag=CHANGE,
        )
        Session.objects.create(session_key="a" * 32, session_data="x", expire_date=began)


def check() -> None:
    """What a day in the shop needs: reading, writing, deleting, and no broken key."""
    with transaction.atomic():
        user = User.objects.get(username="user1")
        order = Order.objects.create(customer=user, name="checked", status=1, made=datetime.now(UTC))
        order.tags.add(Tag.objects.get(name="tag 1"))
        Line.objects.create(order=order, product="x", cents=1)
    assert Order.objects.select_related("customer").get(pk=order.pk).customer == user
    assert Order.objects.filter(tags__name="tag 1").exists()
    assert len(Order.objects.filter(status__gte=0).order_by("-made")[:10]) == 10
    with transaction.atomic():
        Line.objects.filter(order=order).delete()
        order.tags.clear()
        order.delete()
    connection.check_constraints()


def own(kind: str) -> None:
    """Django's own way to do what the migrations do: a wider column makes the table anew, a new one is added."""
    if kind == "wider":
        new = models.CharField(max_length=200)
        new.set_attributes_from_name("name")
    else:
        new = models.CharField(max_length=200, null=True)
        new.set_attributes_from_name("memo")
    new.model = Order
    with connection.execute_wrapper(told), connection.schema_editor() as editor:
        if kind == "wider":
            editor.alter_field(Order, Order._meta.get_field("name"), new, strict=False)
        else:
            editor.add_field(Order, new)


def told(execute, sql, params, many, context):
    killed.before_statement()
    return execute(sql, params, many, context)


{"make": lambda: make(int(sys.argv[3])), "check": check, "own": lambda: own(sys.argv[3])}[sys.argv[1]]()
