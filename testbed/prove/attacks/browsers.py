"""Attacks by way of a browser that is logged in: forged requests, fixed and tossed sessions, credentials in wrong places."""

import contextlib
import hashlib
import re

from prove.attacks.attack import Attack
from prove.attacks.house import FIGURES
from prove.caller import Caller
from prove.project import PASSWORD

REFUSED = (403,)
OUTSIDER = "http://evil.example"


def forged_requests(house):
    """What a page of somebody else's can make a browser send."""
    def attack(payload, headers, answered=REFUSED, codes=("CSRF_TOKEN", "CROSS_SITE"), body=None, method="POST", path=None):
        name = f"forged {next(house.numbers)}"
        sent = {"name": name} if body is None else body
        return Attack("forged request", payload, lambda: house.ann.ask(method, path or house.at("/folders"), sent, headers),
                      answered, codes, lambda: house.has_folder(name))
    ours = f"http://127.0.0.1:{house.port}"
    other = house.beside("ann")
    for payload, token in (("no token", None), ("an empty token", ""), ("a blank token", " "), ("a wrong token", "x" * 43),
                           ("the token of another session", other.csrf), ("the cookie as token", house.ann.cookie),
                           ("the start of the token", house.ann.csrf[:-1]), ("the token and more", house.ann.csrf + "x"),
                           ("the token in upper case", house.ann.csrf.swapcase())):
        yield attack(payload, {"X-CSRF-Token": token}, codes=("CSRF_TOKEN",))
    for origin in (OUTSIDER, "null", "", f"http://127.0.0.1:{house.port + 1}", f"{ours}.evil.example", "http://evil.example:80",
                   f"{OUTSIDER}/{ours}", f"http://evil@127.0.0.1:{house.port}", "file://", f"127.0.0.1:{house.port}",
                   f"ftp://127.0.0.1:{house.port}", f"javascript://127.0.0.1:{house.port}", "http://127.0.0.1", "http://",
                   f"http://localhost:{house.port}"):
        yield attack(f"the right token from the page {origin!r}", {"Origin": origin}, codes=("CROSS_SITE",))
    for site in ("cross-site", "same-site", "", "CROSS-SITE", "none, cross-site", "unknown"):
        yield attack(f"the right token, Sec-Fetch-Site {site!r}", {"Sec-Fetch-Site": site}, codes=("CROSS_SITE",))
    for form in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain",
                 "text/plain;application/json", "application/json+x", "application/csp-report", "application/reports+json"):
        yield attack(f"a form of the type {form} without a token", {"X-CSRF-Token": None, "Content-Type": form})
        yield attack(f"a form of the type {form}", {"Content-Type": form}, (415,), ("NOT_SENT_AS_JSON",))
    yield attack("a body without a type", {"Content-Type": None}, (415,), ("NOT_SENT_AS_JSON",))
    token = house.ann.csrf
    for payload, how in (("in the query", {"path": house.at(f"/folders?csrf={token}")}),
                         ("in the query as its header", {"path": house.at(f"/folders?X-CSRF-Token={token}")}),
                         ("in the body", {"body": {"name": "forged by body", "csrf": token}})):
        yield attack(f"the token {payload}", {"X-CSRF-Token": None}, codes=("CSRF_TOKEN",), **how)
    yield attack("the token as a cookie", {"X-CSRF-Token": None, "Cookie": f"{house.ann.cookie}; csrf={token}"})
    yield attack("the token under other names", {"X-CSRF-Token": None, "X-XSRF-Token": token, "CSRF-Token": token})
    yield from overridden(house)
    yield from preflights(house)


def overridden(house):
    """Methods that are another by a header, and reads that change something."""
    folder = house.at(f"/folders/{house.ids['folder'][0]}")

    def gone():
        return house.missing(folder)
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
        yield Attack("overridden method", f"GET with {name}: DELETE",
                     lambda: house.ann.ask("GET", folder, None, {name: "DELETE", "If-Match": '"1"', "X-CSRF-Token": None}),
                     (200,), (), gone)
        yield Attack("overridden method", f"POST with {name}: DELETE",
                     lambda: house.ann.ask("POST", folder, None, {name: "DELETE", "If-Match": '"1"'}), (405,), ("WRONG_METHOD",),
                     gone)
    yield Attack("overridden method", "GET with _method=DELETE",
                 lambda: house.ann.ask("GET", folder + "?_method=DELETE", None, {"X-CSRF-Token": None}), (400,), ("BAD_ADDRESS",),
                 gone)
    task = house.at(f"/tasks/{house.ids['task'][0]}")

    def suspended():
        return "the task is suspended" if house.ann.ask("GET", task).json["suspended"] else None
    for method in ("GET", "HEAD", "OPTIONS", "TRACE", "get", "post", "POST\t", "PROPFIND", "QUERY"):
        yield Attack("overridden method", f"{method} of what suspends a task",
                     lambda: house.ann.ask(method, task + "/suspend", None, {"X-CSRF-Token": None}), (400, 405),
                     ("WRONG_METHOD", None), suspended)


def preflights(house):
    """Browsers ask first whether a page may ask; nobody says yes."""
    for origin in (OUTSIDER, "null"):
        for path in (house.at("/folders"), "/session", "/me"):
            for method in ("POST", "DELETE", "PUT"):
                asked = {"Origin": origin, "Access-Control-Request-Method": method,
                         "Access-Control-Request-Headers": "x-csrf-token,content-type,authorization"}
                yield Attack("preflight", f"{method} {path.rpartition('/')[2]} from {origin}",
                             lambda: house.ann.ask("OPTIONS", path, None, asked), (405,), ("WRONG_METHOD",))
        yield Attack("preflight", f"a read from {origin}", lambda: house.ann.ask("GET", "/me", None, {"Origin": origin}), (200,))


def sessions(house):
    """Sessions that were fixed, tossed, ended or guessed."""
    nobody = house.nobody()

    def with_cookie(payload, cookie, answered=(401,)):
        return Attack("session", payload, lambda: nobody.ask("GET", "/me", None, {"Cookie": cookie}), answered,
                      ("UNAUTHENTICATED",))
    fixed = "godwit=" + "A" * 43
    entered = house.beside("ann", cookie=fixed)
    yield with_cookie("one that was set before its victim logged in", fixed)
    yield Attack("session", "one cookie for two sessions", nobody_asks(nobody), (401,), ("UNAUTHENTICATED",),
                 lambda: None if len({fixed, entered.cookie, house.ann.cookie}) == 3 else "logging in keeps the cookie")
    ended = house.beside("ann")
    ended.ask("DELETE", "/session")
    yield with_cookie("one that was logged out of", ended.cookie)
    digest = hashlib.sha256(house.ann.cookie.partition("=")[2].encode()).hexdigest()
    shown = house.ann.ask("GET", "/sessions").json["items"][0]["id"]
    for payload, cookie in (("its digest, as the store has it", f"godwit={digest}"),
                            ("the id that its list shows", f"godwit={shown}"),
                            ("its token against forged requests", f"godwit={house.ann.csrf}"),
                            ("an API token", f"godwit={house.token}"), ("the user's id", f"godwit={house.ids['user'][0]}"),
                            ("nothing", "godwit="), ("another name", house.ann.cookie.replace("godwit=", "session=")),
                            ("the name with TLS", house.ann.cookie.replace("godwit=", "__Host-godwit=")),
                            ("SQL", "godwit=' OR '1'='1"), ("a path", "godwit=../../godwit.db"),
                            ("a long text", "godwit=" + "A" * 8000),
                            ("two different ones", f"godwit={'B' * 43}; {house.ann.cookie}"),
                            ("two different ones, the right one first", f"{house.ann.cookie}; godwit={'B' * 43}"),
                            ("all of its characters in upper case", house.ann.cookie.upper()),
                            ("the right one and a NUL", house.ann.cookie + "%00")):
        yield with_cookie(payload, cookie)
    yield from after_changes(house)
    yield from wrong_credentials(house)


def cookies(port, names, behind_tls):
    """What browsers are told of the session's cookie, and where TLS is, what they send without it."""
    caller = Caller(port)
    entered = {"name": names[0], "password": PASSWORD}
    kind = "__Host-godwit" if behind_tls else "godwit"
    form = rf"{kind}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Lax; Max-Age=\d+" + ("; Secure" if behind_tls else "")
    yield Attack("cookie", f"{kind} as it is set", lambda: caller.enter("/session", entered), (200,),
                 tells=lambda answer: None if re.fullmatch(form, answer.one("set-cookie") or "") else answer.all("set-cookie"))
    yield Attack("cookie", f"{kind} as it ends", lambda: Caller(port).ask(
        "DELETE", "/session", None, {"Cookie": caller.cookie, "X-CSRF-Token": caller.csrf}), (204,),
        tells=lambda answer: None if "Max-Age=0" in (answer.one("set-cookie") or "") else answer.all("set-cookie"))
    if behind_tls:
        caller.enter("/session", entered)
        yield Attack("cookie", "one that was set without TLS", lambda: caller.ask(
            "GET", "/me", None, {"Cookie": caller.cookie.removeprefix("__Host-")}), (401,), ("UNAUTHENTICATED",))
        yield Attack("cookie", "a page of the same host without TLS", lambda: caller.ask(
            "POST", "/projects", {"name": "x"}, {"Origin": f"http://127.0.0.1:{port}"}), (403,), ("CROSS_SITE",))
        yield Attack("cookie", "TLS alone from then on", lambda: caller.ask("GET", "/me"), (200,), tells=lambda answer: (
            None if "max-age" in (answer.one("strict-transport-security") or "") else "it is not said"))


def after_changes(house):
    """What was let in before is let in no more."""
    kept, other = house.beside("ben"), house.beside("ben")
    kept.ask("PUT", f"/users/{house.ids['user'][0]}/password", {"old": PASSWORD, "new": PASSWORD + " anew"})
    yield Attack("session", "another one after the password was changed", lambda: other.ask("GET", "/me"), (401,),
                 ("UNAUTHENTICATED",))
    yield Attack("session", "the one that changed the password goes on", lambda: kept.ask("GET", "/me"), (200,))
    kept.ask("PUT", f"/users/{house.ids['user'][0]}/password", {"old": PASSWORD + " anew", "new": PASSWORD})
    made = kept.ask("POST", "/tokens", {"name": "of ben", "scopes": ["view-project"]}).json
    token = house.nobody()
    token.bearer = made["token"]
    ben = house.ann.ask("GET", f"/users/{house.ids['user'][0]}")
    edition = {"If-Match": ben.one("etag")}
    disabled = house.ann.ask("PUT", f"/users/{house.ids['user'][0]}", {"name": "ben", "disabled": True}, edition)
    for payload, caller in (("of a disabled user", kept), ("that is an API token of a disabled user", token)):
        yield Attack("session", f"one {payload}", lambda: caller.ask("GET", "/me"), (401,), ("UNAUTHENTICATED",))
    yield Attack("session", "logging in as a disabled user",
                 lambda: house.nobody().ask("POST", "/session", {"name": "ben", "password": PASSWORD}), (401,),
                 ("WRONG_LOGIN",))
    edition = {"If-Match": disabled.one("etag")}
    house.ann.ask("PUT", f"/users/{house.ids['user'][0]}", {"name": "ben", "disabled": False}, edition)
    yield Attack("session", "one of a user who was disabled for a while", lambda: kept.ask("GET", "/me"), (401,),
                 ("UNAUTHENTICATED",))
    kept = house.beside("ben")
    kept.ask("DELETE", f"/tokens/{made['id']}")
    yield Attack("session", "one that is a removed API token", lambda: token.ask("GET", "/me"), (401,), ("UNAUTHENTICATED",))
    aged = kept.ask("POST", "/tokens", {"name": "aged", "scopes": ["view-project"]}).json
    token = house.nobody()
    token.bearer = aged["token"]
    with contextlib.closing(house.open_store()) as store:
        store.execute("UPDATE tokens SET ends_at = 1 WHERE id = ?", (aged["id"],))
        store.commit()
    yield Attack("session", "one that is an API token past its end", lambda: token.ask("GET", "/me"), (401,),
                 ("UNAUTHENTICATED",))


def wrong_credentials(house):
    """Credentials that are two, or in a place where none are taken."""
    bearer, nobody = f"Bearer {house.token}", house.nobody()
    for payload, headers, answered, code in (
            ("a cookie beside a token", {"Cookie": house.ann.cookie, "Authorization": bearer}, 400, "TWO_CREDENTIALS"),
            ("a wrong cookie beside a token", {"Cookie": "godwit=x", "Authorization": bearer}, 400, "TWO_CREDENTIALS"),
            ("a cookie beside a wrong token", {"Cookie": house.ann.cookie, "Authorization": "Bearer x"}, 400, "TWO_CREDENTIALS"),
            ("two tokens", {"Authorization": [bearer, bearer]}, 401, "UNAUTHENTICATED"),
            ("a right and a wrong token", {"Authorization": [bearer, "Bearer x"]}, 401, "UNAUTHENTICATED"),
            ("a token as the password of Basic", {"Authorization": f"Basic {house.token}"}, 401, "UNAUTHENTICATED"),
            ("a token without its scheme", {"Authorization": house.token}, 401, "UNAUTHENTICATED"),
            ("a scheme without a token", {"Authorization": "Bearer"}, 401, "UNAUTHENTICATED"),
            ("an empty Authorization", {"Authorization": ""}, 401, "UNAUTHENTICATED"),
            ("a token and more", {"Authorization": bearer + "x"}, 401, "UNAUTHENTICATED"),
            ("two tokens in one", {"Authorization": f"{bearer}, {bearer}"}, 401, "UNAUTHENTICATED"),
            ("a token's start", {"Authorization": bearer[:-1]}, 401, "UNAUTHENTICATED"),
            ("a token's digest", {"Authorization": "Bearer " + hashlib.sha256(house.token.encode()).hexdigest()}, 401,
             "UNAUTHENTICATED"),
            ("a session as a token", {"Authorization": "Bearer " + house.ann.cookie.partition("=")[2]}, 401, "UNAUTHENTICATED"),
            ("the set-up token as a token", {"Authorization": f"Bearer {house.set_up_token}"}, 401, "UNAUTHENTICATED"),
            ("SQL as a token", {"Authorization": "Bearer ' OR '1'='1"}, 401, "UNAUTHENTICATED"),
            ("a token of control characters", {"Authorization": "Bearer gw_\x01\x02"}, 400, None)):
        yield Attack("credentials", payload, lambda: nobody.ask("GET", "/me", None, headers), (answered,), (code,))
    for name in ("access_token", "token", "bearer", "api_key"):
        yield Attack("credentials", f"a token in the query as {name}", lambda: nobody.ask("GET", f"/me?{name}={house.token}"),
                     (401,), ("UNAUTHENTICATED",))
    yield Attack("credentials", "the set-up token once more",
                 lambda: nobody.ask("POST", "/set-up", {"token": house.set_up_token, "name": "eve", "password": PASSWORD}),
                 (409,), ("SET_UP_DONE",))
    for payload, headers in (("from another site", {"Sec-Fetch-Site": "cross-site"}),
                             ("from a foreign page", {"Origin": OUTSIDER})):
        yield Attack("credentials", f"logging a victim in {payload}",
                     lambda: nobody.ask("POST", "/session", {"name": "ann", "password": PASSWORD}, headers), (403,),
                     ("CROSS_SITE",))
    for form in ("text/plain", "application/x-www-form-urlencoded"):
        yield Attack("credentials", f"logging a victim in by a form of {form}",
                     lambda: nobody.ask("POST", "/session", {"name": "ann", "password": PASSWORD}, {"Content-Type": form}),
                     (415,), ("NOT_SENT_AS_JSON",))


def nobody_asks(nobody):
    return lambda: nobody.ask("GET", "/me")


def figures(house):
    """Figures are for who shows their own token, however they are asked for."""
    nobody = house.nobody()

    def attack(payload, path="/metrics", headers=None, method="GET", answered=(401,)):
        return Attack("figures", payload, lambda: nobody.ask(method, path, None, headers, prefix=""), answered,
                      tells=lambda answer: "it shows them" if b"godwit_" in answer.content else None)
    for payload, value in (("no token", None), ("a wrong token", "Bearer x"), ("an API token", f"Bearer {house.token}"),
                           ("an empty one", "Bearer "),
                           ("the token without its scheme", FIGURES), ("the token as a password", f"Basic {FIGURES}"),
                           ("the token's start", f"Bearer {FIGURES[:-1]}"), ("the token and more", f"Bearer {FIGURES}x"),
                           ("two tokens", ["Bearer x", f"Bearer {FIGURES}"]), ("a session", None)):
        cookie = {"Cookie": house.ann.cookie} if payload == "a session" else {}
        yield attack(payload, headers={"Authorization": value, **cookie})
    for path in ("/metrics?token=" + FIGURES, "/metrics?x", "/metrics?access_token=" + FIGURES):
        yield attack(path, path)
    for path in ("/metrics/", "//metrics", "/%6detrics", "/METRICS", "/api/../metrics", "/metrics;x", "/metrics/x", "/./metrics",
                 "/metrics%00", "/metrics%2f"):
        yield attack(path, path, answered=(401, 404))
    for method in ("HEAD", "POST", "OPTIONS", "TRACE"):
        yield attack(method, method=method, answered=(401, 405))
    yield attack("a whole address", f"http://127.0.0.1:{house.port}/metrics")
    yield Attack("figures", "the right token",
                 lambda: nobody.ask("GET", "/metrics", None, {"Authorization": f"Bearer {FIGURES}"}, prefix=""), (200,),
                 tells=lambda answer: None if b"godwit_http_requests_total" in answer.content else "it shows none")
