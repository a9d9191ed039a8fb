"""What is done with pipelines and tasks once they are there, and what stands of it afterwards."""

import datetime

from prove.claim import ensure
from prove.every_noun import EveryNoun
from prove.web.stage import must_see, play

FIRST, LAST = datetime.date(2024, 3, 1), datetime.date(2024, 3, 3)


def web_manage(work):
    house = EveryNoun(work, work.room("service"))
    project = house.project
    task = next(one for one in project.every("/tasks") if one["body"]["runs"]["kind"] == "pipeline")
    before = standing(project)
    figures = must_see(play(work, "manage", house.service, project=f"/p/{project.id}/migrations", task=task["name"],
                            folder="shop_to_lake", pipeline="main.visits", first=str(FIRST), last=str(LAST)), "held")
    after = standing(project)
    done(before, after, task["id"])
    work.sabotage("a folder that was not deleted", done, before, {**after, "folders": [*after["folders"], "another"]}, task["id"])
    work.sabotage("a script that outlived its folder", done, before, {**after, "pipelines": [*after["pipelines"], "a script"]},
                  task["id"])
    work.sabotage("a day that was not filled", done, before, {**after, "filled": after["filled"][1:]}, task["id"])
    work.sabotage("a task that stayed suspended", done, before, {**after, "suspended": [task["id"]]}, task["id"])
    return (f"{len(figures['steps'])} steps: a pipeline tried, one and a script made, moved, a folder deleted by its name with what was "
            f"in it, a task suspended and resumed, {len(after['filled'])} days filled in 2 groups, their figures and log read")


def standing(project):
    instances = [one for one in project.every("/instances") if one["kind"] == "backfill"]
    return {"folders": sorted(one["name"] for one in project.every("/folders")),
            "pipelines": sorted(one["name"] for one in project.every("/pipelines")),
            "suspended": [one["id"] for one in project.every("/tasks") if one["suspended"]],
            "filled": sorted((one["task"], one["bizdate"], one["state"]) for one in instances if one["bizdate"] > "20240229")}


def done(before, after, task):
    ensure(after["folders"] == before["folders"], f"folders are {after['folders']}")
    ensure(sorted(after["pipelines"]) == sorted([*before["pipelines"], "by hand"]), f"pipelines are {after['pipelines']}")
    ensure(not after["suspended"], "a task is suspended")
    days = [(task, f"{FIRST + datetime.timedelta(days=number):%Y%m%d}", "succeeded") for number in range((LAST - FIRST).days + 1)]
    ensure(after["filled"] == days, f"filled: {after['filled']}")
