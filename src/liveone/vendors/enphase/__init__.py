"""Enphase IQ Gateway (Envoy), firmware 3 to 8, on the local network.

A client of our own: pyenphase (MIT) works on asyncio alone and brings aiohttp, lxml, PyJWT, zeroconf and
others, for what are a few pages and a token here.
"""
