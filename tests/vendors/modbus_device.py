"""pymodbus's server on loopback, filled with registers: an independent Modbus device."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Self

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Registers = Mapping[int, Sequence[int]]
"""Words by the address of the first."""


class ModbusDevice:
    """``with ModbusDevice({unit: (holding, input)}) as device: device.port``."""

    def __init__(self, units: Mapping[int, tuple[Registers, Registers]], *, rtu: bool = False) -> None:
        self._devices = [
            SimDevice(unit, _blocks(holding, inputs)) for unit, (holding, inputs) in units.items()
        ]
        self._framer = FramerType.RTU if rtu else FramerType.SOCKET
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.port = 0
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _count(self, connected: bool) -> None:
        self.connections += connected

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = ModbusTcpServer(
            self._devices, framer=self._framer, address=("127.0.0.1", 0), trace_connect=self._count
        )
        await server.serve_forever(background=True)
        self.port = server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        await server.shutdown()


def _blocks(
    holding: Registers, inputs: Registers
) -> tuple[list[SimData], list[SimData], list[SimData], list[SimData]]:
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    return bits, bits, _block(holding), _block(inputs)


def _block(registers: Registers) -> list[SimData]:
    found = [
        SimData(address, values=list(words), datatype=DataType.REGISTERS)
        for address, words in sorted(registers.items())
    ]
    return found or [SimData(0xFFFF, values=[0], datatype=DataType.REGISTERS)]
