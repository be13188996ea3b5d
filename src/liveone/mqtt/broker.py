"""Which broker, how it is reached, and what went wrong with it, in words."""

import secrets
import ssl
from dataclasses import dataclass, field
from typing import Literal

from paho.mqtt.reasoncodes import ReasonCode

PORT, PORT_TLS = 1883, 8883

ProblemKind = Literal["unreachable", "silent", "refused", "lost"]


@dataclass(frozen=True, slots=True)
class Broker:
    """How to reach a broker. Without ``ca_file`` its certificate must be signed by an authority that this
    machine knows; ``verify_tls`` off takes any. An empty ``client_id`` becomes one of ours, different in each
    process, so that two LiveOnes never throw each other out."""

    host: str
    port: int | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    verify_tls: bool = True
    ca_file: str = ""
    client_id: str = ""

    @property
    def reached_at(self) -> int:
        """The port, by default the one that everybody uses."""
        return self.port or (PORT_TLS if self.tls else PORT)

    def __str__(self) -> str:
        return f"{self.host}:{self.reached_at}"


@dataclass(frozen=True, slots=True)
class BrokerProblem:
    """Why nothing comes: ``refused`` is for an owner to mend, all others may pass by themselves."""

    kind: ProblemKind
    text: str
    hint: str


def new_client_id() -> str:
    """A name at the broker that nobody else has."""
    return f"liveone-{secrets.token_hex(6)}"


class ClosingSocket(ssl.SSLSocket):
    """One that is closed where its handshake fails: paho leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        """Agree on keys. Raises OSError."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(broker: Broker) -> ssl.SSLContext:
    """What its certificate is checked by. Raises OSError where ``ca_file`` cannot be read or is none."""
    context = ssl.create_default_context(cafile=broker.ca_file or None)
    context.sslsocket_class = ClosingSocket
    if not broker.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def unreachable(broker: Broker, error: Exception) -> BrokerProblem:
    """A connection that did not come about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerProblem(
            "refused",
            f"the certificate of {broker} is not believed: {error.verify_message}",
            "Name the authority that signed it (ca_file), or do not check it (verify_tls off).",
        )
    if isinstance(error, ssl.SSLError):
        return BrokerProblem(
            "unreachable",
            f"{broker} speaks no TLS that is understood: {error.reason or error}",
            "Is this its port for TLS (8883 usually)?",
        )
    if isinstance(error, FileNotFoundError) and broker.ca_file:
        return BrokerProblem("refused", f"there is no file {broker.ca_file}", "Check ca_file.")
    return BrokerProblem(
        "unreachable",
        f"cannot reach {broker}: {error}",
        "Check host and port, and that the broker runs and listens on the network.",
    )


def silent(broker: Broker) -> BrokerProblem:
    """Somebody took the connection and said nothing."""
    return BrokerProblem(
        "silent",
        f"{broker} takes the connection and says nothing",
        "Is this the port of an MQTT broker, and TLS switched on exactly where the broker has it?",
    )


def refused(broker: Broker, code: ReasonCode) -> BrokerProblem:
    """A broker that answered and did not want us."""
    name = str(code)
    if name in ("Bad user name or password", "Not authorized", "Banned"):
        return BrokerProblem(
            "refused",
            f"{broker} refused the user name or password ({name})",
            "Check both; a broker without users may still allow only some clients.",
        )
    if name in ("Client identifier not valid",):
        return BrokerProblem(
            "refused", f"{broker} refused the client id ({name})", "Set client_id to one that it allows."
        )
    return BrokerProblem("unreachable", f"{broker} refused the connection ({name})", "LiveOne tries again.")


def lost(broker: Broker, why: str) -> BrokerProblem:
    """A connection that was there and ended."""
    if "taken over" in why.lower():
        return BrokerProblem(
            "lost",
            f"{broker} gave this place to another client with the same client id",
            "Two programs use one client_id: give each its own, or leave it out.",
        )
    twice = (
        f" If it happens again and again, another program may use the client id {broker.client_id!r}, too."
    )
    hint = f"LiveOne connects again by itself.{twice if broker.client_id else ''}"
    return BrokerProblem("lost", f"{broker} ended the connection ({why})", hint)
