"""A system and a reading of it, to be told."""

from liveone.domain.reading import Reading
from liveone.domain.system import System

SYSTEM = System(1, None, "select.live", "1586", "Home", 600, model="SPMC482", serial="241253")
READING = Reading(
    1_755_475_300, 1_755_475_302, solar_w=3120, load_w=541, battery_w=-200, grid_w=-2379,
    battery_soc_pct=76.5, fault_code=0,
)  # fmt: skip
