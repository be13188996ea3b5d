"""Django: deferred keys, AUTOINCREMENT, the table in which it notes its migrations, and what an operator added."""

from tests.world.kinds import Application, Migration, Writer, remade

SHOP = Application(
    "django_shop",
    ("django==5.2.8",),
    beside=(
        "CREATE TABLE order_log (order_id INTEGER, status INTEGER, at TEXT DEFAULT CURRENT_TIMESTAMP);"
        "CREATE TRIGGER order_logged AFTER UPDATE OF status ON shop_order BEGIN"
        " INSERT INTO order_log (order_id, status) VALUES (new.id, new.status); END;"
        "CREATE INDEX order_paid ON shop_order (made) WHERE status = 2;"
    ),
)
WRITERS = (
    Writer(
        "INSERT INTO shop_order (customer_id, name, status, made) VALUES (1, :mark, 1, '2026-05-01 00:00:00')",
        "shop_order",
        "name",
    ),
    Writer("INSERT INTO shop_line (order_id, product, cents) VALUES (5, :mark, 100)", "shop_line", "product"),
)
MIGRATIONS = (
    Migration(
        SHOP,
        "another column",
        'ALTER TABLE "shop_order" ADD COLUMN "memo" varchar(200) NULL;\n'
        "INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0002_memo', '2026-05-01 00:00:00');",
        'ALTER TABLE "shop_order" DROP COLUMN "memo";\n'
        "DELETE FROM django_migrations WHERE app = 'shop' AND name = '0002_memo';",
        "shop_order django_migrations",
        "shop_order=* django_migrations=any",
        WRITERS,
        own="memo",
    ),
    Migration(
        SHOP,
        "a wider column",
        remade("shop_order", "varchar(80)", "varchar(200)"),
        remade("shop_order"),
        "shop_order",
        "shop_order=*",
        WRITERS,
        own="wider",
    ),
)
