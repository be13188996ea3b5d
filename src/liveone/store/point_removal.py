"""Points removed with all that they measured, in short transactions, so that no other writer waits long."""

from liveone.store.store import Query, Store

REMOVE_ROWS = 20_000


def remove_values(store: Store, point_id: int) -> None:
    """Remove what a point measured."""
    for name in ("point_values_remove", "point_5m_remove"):
        while store.write([Query(name, (point_id, REMOVE_ROWS))])[0].changes:
            pass


def remove_all_values(store: Store, system_id: int) -> None:
    """Remove what every point of a system measured."""
    asked = Query("points_list", (system_id,))
    for rows in store.snapshot_for(lambda shape: [asked] if shape.keeps_points else []):
        for row in rows:
            remove_values(store, int(str(row[0])))
