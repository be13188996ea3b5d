"""GoodWe inverters with a Wi-Fi or LAN module, asked over UDP (port 8899).

Our own: the library goodwe (MIT) works on asyncio and also writes settings; it is the oracle of the tests.
"""
