"""One attack, what must be answered, what must not have happened; and the checker that sees where it is otherwise."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from prove.caller import Answer
from prove.claim import ensure, one_line

# Of every answer, whatever was asked.
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
POLICY = ["frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"]
DEFAULT = ("default-src 'self';", "default-src 'none';")
NEVER = ["access-control-allow-origin", "access-control-allow-credentials", "server", "x-powered-by"]


def nothing(*_):
    """What harmless attacks do and tell."""
    return None


@dataclass
class Attack:
    """A row of a table, sent and judged before the next one is made."""
    kind: str
    payload: str
    send: Callable[[], Answer]
    answered: tuple  # statuses, all of them right
    codes: tuple = ()  # codes of problems; any where empty
    harm: Callable[[], str | None] = nothing  # what it did, if it did something
    says: str = ""  # what the answer says, as a pattern
    tells: Callable[[Answer], str | None] = nothing  # what the answer tells and must not

    def __str__(self):
        return f"{self.kind}: {one_line(self.payload, 120)}"


def withstood(attack, answer, harm):
    """Refutes where an attack did something, or was answered otherwise than it must be."""
    ensure(answer.status in attack.answered, f"{attack}: answered {shown(answer)} instead of {attack.answered}")
    ensure(not attack.codes or answer.code in attack.codes, f"{attack}: {shown(answer)} instead of {attack.codes}")
    ensure(re.search(attack.says, answer.text), f"{attack}: {shown(answer)} does not say {attack.says!r}")
    for found in (harm, attack.tells(answer)):
        ensure(found is None, f"{attack}: {found}")
    if answer.status:
        protected(attack, answer)


def protected(attack, answer):
    """Browsers are told all that they heed. What cannot be read as a request at all has no answer of ours."""
    if answer.status in (400, 414, 431) and not answer.content and not answer.all("x-request-id"):
        return
    for name, value in HEADERS.items():
        ensure(answer.one(name) == value, f"{attack}: {name} is {answer.all(name)} of {shown(answer)}")
    policy = answer.one("content-security-policy") or ""
    strict = policy.startswith(DEFAULT) and "unsafe" not in policy and all(word in policy for word in POLICY)
    ensure(strict, f"{attack}: the content security policy is {policy!r} of {shown(answer)}")
    ensure(answer.one("x-request-id"), f"{attack}: {shown(answer)} has no id")
    told = [name for name in NEVER if answer.all(name)]
    ensure(not told, f"{attack}: the answer has {told}")
    if answer.content:
        ensure(answer.one("cache-control") == "no-store", f"{attack}: {shown(answer)} may be kept")


def shown(answer):
    return one_line(f"{answer.status} {answer.text}" if answer.status else "nothing", 300)


def made_up(answer, status=None, content=None, without=None):
    """The same answer damaged: what a checker is shown."""
    headers = [(name, value) for name, value in answer.headers if name.lower() != without]
    content = answer.content if content is None else content
    return Answer(answer.request, answer.status if status is None else status, headers, content)
