"""Every effect of a load goes wrong in five ways, until a load passes untouched; so does every effect of taking a dead
process's run up, and every effect behind a first fault. By the proving ground, which reads back after each case."""

import concurrent.futures

from prove.claim import ensure
from prove.ground import ask

WAYS = 5
DESTINATIONS = ("lake", "files")
POLICIES = ("overwrite", "append")
# what a load asks of each seam; fewer would mean that one is not watched any more
SEAMS = {"source": ("open-snapshot", "describe"),
         "snapshot": ("split", "read", "batch", "end", "check-held", "close"),
         "destination": ("prepare", "writer", "replaces", "evidence", "commit", "clean"),
         "writer": ("write", "finish"),
         "journal": ("read-journal", "started", "snapshot", "splits", "prepared", "split-done", "verified",
                     "committing", "committed"),
         "rejected rows": ("keep-rejected", "finish-rejected")}
LEAST_EFFECTS = 51
BEHIND = {"--taken-up": ("settle", "abort", "aborted", "forget-rejected"),
          "--stumbled": ("settle", "abort", "aborted", "discard")}
SABOTEURS = {"swallow-split": "a source that swallows a split",
             "early-end": "a stream that ends early, as if that were its end",
             "double-part": "a commit that publishes a part twice",
             "lose-part": "a commit that leaves a part out",
             "publish-late": "a commit that arrives after it was ruled out, and is published"}


def effects_five_ways(work):
    """All loops in full; by default one policy for each destination, and the others by the tests of Rust."""
    figures = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pairs = [*((kind, policy) for kind in DESTINATIONS for policy in POLICIES), ("lake", "update")]
        if not work.full:
            pairs = [("lake", "append"), ("files", "overwrite")]
        walks = dict(zip(pairs, pool.map(lambda pair: ask("effects", *pair)[0], pairs)))
        more = [(kind, policy, way) for kind, policy in pairs for way in BEHIND]
        if not work.full:
            more = [("lake", "append", "--taken-up"), ("files", "append", "--stumbled")]
        behind = dict(zip(more, pool.map(lambda words: ask("effects", *words), more)))
    for pair, walk in walks.items():
        check_walk(walk)
    for (_, _, way), rounds in behind.items():
        check_behind(way, rounds)
    for kind in DESTINATIONS:
        own = [walk for (destination, _), walk in walks.items() if destination == kind]
        later = [walk for (destination, *_), rounds in behind.items() if destination == kind for walk in rounds]
        figures.append(f"{kind}: {sum(walk['effects'] for walk in own)} effects of {len(own)} loads and "
                       f"{sum(walk['effects'] for walk in later)} behind a death or a first fault, x {WAYS} ways = "
                       f"{total(own + later, 'cases')} cases: {total(own + later, 'gone_over')} gone over, "
                       f"{total(own + later, 'taken_up')} failed clean and taken up, commits unknown "
                       f"{total(own + later, 'unknown')}, 0 lost, doubled, half visible, hung")
    sabotage(work, walks, behind)
    return "; ".join(figures)


def total(walks, what):
    return sum(walk[what] for walk in walks)


def check_walk(walk):
    """Every seam was met, in every way, and the loop went on until a load passed untouched."""
    for seam, labels in SEAMS.items():
        for label in labels:
            ensure(walk["met"].get(label, 0) >= WAYS, f"{seam}: {label} went wrong {walk['met'].get(label, 0)} times")
    ensure(walk["effects"] >= LEAST_EFFECTS, f"only {walk['effects']} effects: a seam is not watched any more")
    check_sums(walk)
    ensure(walk["cases"] >= walk["effects"] * (WAYS - 1), f"{walk['cases']} cases of {walk['effects']} effects")
    ensure(walk["unknown"] and walk["settled"], "no commit was unknown and settled")


def check_behind(way, rounds):
    for label in BEHIND[way]:
        met = sum(walk["met"].get(label, 0) for walk in rounds)
        ensure(met >= WAYS, f"{way}: {label} went wrong {met} times")
    for walk in rounds:
        check_sums(walk)


def check_sums(walk):
    """How many effects there are behind a fault depends on how far the other splits were."""
    ensure(walk["cases"] == walk["gone_over"] + walk["taken_up"], "a case has no outcome")
    ensure(walk["cases"] >= walk["effects"], f"{walk['cases']} cases of {walk['effects']} effects")


def sabotage(work, walks, behind):
    for name, what in SABOTEURS.items():
        work.sabotage(what, lambda name=name: ask("effects", "lake", "append", "--sabotage", name))
    walk = walks["lake", "append"]
    work.sabotage("a loop in which no commit is met", check_walk, {**walk, "met": {**walk["met"], "commit": 0}})
    work.sabotage("a loop that ends early", check_walk, {**walk, "effects": LEAST_EFFECTS - 1})
