"""Every page: who cannot see or use a mouse can use it, and the first one comes quickly."""

from prove.claim import ensure
from prove.every_noun import EveryNoun
from prove.serving import Service
from prove.web.stage import House, must_see, play

BUDGET = 400_000
FEWEST_PAGES, FEWEST_RULES, FEWEST_DEEDS = 40, 500, 10


def web_budget(work):
    house = House(work)
    project = house.door.ask("POST", "/projects", {"name": "shop", "time-zone": "UTC"})["id"]
    figures = play(work, "budget", house.service, project=f"/p/{project}/dashboard")
    within(figures)
    for page in ("login", "start"):
        work.sabotage(f"a {page} page that loads 100 kB more than it may", within,
                      {**figures, page: {**figures[page], "bytes": BUDGET + 100_000}})
    work.sabotage("a page that was not measured", within, {**figures, "start": {"files": 0, "bytes": 0, "all": 0}})
    login, start = figures["login"], figures["start"]
    return (f"to log in: {kilobytes(login)} of scripts in {login['files']} files; the start page in an empty browser: "
            f"{kilobytes(start)} in {start['files']} files, {start['all'] / 1000:.0f} kB with all else; at most {BUDGET // 1000} kB")


def within(figures):
    for page in ("login", "start"):
        found = figures[page]
        ensure(found["files"] > 0 and found["bytes"] > 50_000, f"{page}: only {found['bytes']} bytes were seen")
        ensure(found["bytes"] <= BUDGET, f"{page} loads {kilobytes(found)} of scripts")


def kilobytes(found):
    return f"{found['bytes'] / 1000:.0f} kB"


def web_accessible(work):
    house = EveryNoun(work, work.room("service"))
    figures = play(work, "accessible", house.service, ids=ids(house))
    accessible(figures)
    ensure(figures["planted"] == 1, "axe did not see what was planted")
    work.sabotage("a button without a name", accessible,
                  {**figures, "violations": {"planted": [{"rule": "button-name", "impact": "critical", "where": []}]}})
    work.sabotage("half of the pages", accessible, {**figures, "pages": figures["pages"] // 2})
    return (f"{figures['pages']} looks at pages in light and dark, {figures['rules']:,} times a rule of axe applied, "
            "nothing serious or critical; a button without a name, planted, was seen")


def accessible(figures):
    ensure(figures["pages"] >= FEWEST_PAGES, f"only {figures['pages']} pages were looked at")
    ensure(figures["rules"] >= FEWEST_RULES, f"only {figures['rules']} times a rule applied")
    found = figures["violations"]
    told = [f"{page}: {one['rule']} ({one['impact']}) {one['where'][:1]}" for page, ones in found.items() for one in ones]
    ensure(not told, f"{len(told)} violations: {'; '.join(told[:12])}")


def ids(house):
    """What pages are asked for by their addresses."""
    return {"project": house.project.id, **{noun: str(house.ids[noun][0]) for noun in (
        "migration", "pipeline", "instance", "source", "task")}}


def web_entry(work):
    room = work.room("service")
    service = Service(room)
    work.at_the_end(lambda: service.process.kill())
    figures = play(work, "entry", service, token=service.set_up_token())
    entered(figures)
    work.sabotage("a scenario without its log-in", entered, {"steps": figures["steps"][:4]})
    return f"{len(figures['steps'])} steps of a first minute"


def entered(figures):
    ensure(len(figures["steps"]) == 7, f"only {figures['steps']}")


FEWEST_TEXTS, FEWEST_BUNDLES = 1_500, 20


def web_languages(work):
    house = EveryNoun(work, work.room("service"))
    figures = play(work, "languages", house.service, ids=ids(house), given=["shop", "source", "target", "all"])
    bilingual(figures)
    work.sabotage("an English text on a Chinese page", bilingual, {**figures, "english": {"tasks": ["Run now"]}})
    work.sabotage("a Chinese text on an English page", bilingual, {**figures, "chinese": {"tasks": ["重跑"]}})
    work.sabotage("one namespace for two bundles", bilingual, {**figures, "twice": ["tasks"]})
    work.sabotage("pages without texts", bilingual, {**figures, "own": 10})
    work.sabotage("a date of another country", bilingual, {**figures, "foreign": ["11/29/2026"]})
    return (f"{figures['bundles']} bundles of texts, all in both languages; {figures['texts']:,} texts shown on all pages in Chinese and "
            f"in English, {figures['own']:,} of them of these bundles, none in the other language; {figures['dates']} dates of one form")


def bilingual(figures):
    ensure(figures["bundles"] >= FEWEST_BUNDLES, f"only {figures['bundles']} bundles of texts")
    ensure(not figures["lacking"], f"without Chinese: {', '.join(figures['lacking'][:8])}")
    ensure(not figures["twice"], f"two bundles of texts share the namespace {', '.join(figures['twice'])}")
    ensure(figures["own"] >= FEWEST_TEXTS, f"only {figures['own']} texts of the page's own were seen")
    for language in ("english", "chinese"):
        strays = [f"{page}: {' | '.join(texts[:6])}" for page, texts in figures[language].items()]
        ensure(not strays, f"{language} texts where none may be: {'; '.join(strays)[:1500]}")
    ensure(figures["dates"] > 0 and not figures["foreign"], f"{figures['dates']} dates, and such as {figures['foreign'][:3]}")


def web_watched(work):
    house = House(work)
    deeds = must_see(play(work, "watched", house.service, deed="nothing"), "deeds")["deeds"]
    for deed in deeds:
        work.sabotage(deed, lambda deed: play(work, "watched", house.service, deed=deed), deed)
    ensure(len(deeds) >= FEWEST_DEEDS, f"only {len(deeds)} kinds of deeds")
    return f"a page that does nothing of the kind passes; {len(deeds)} things that no page may do, each noticed in whatever is played"
