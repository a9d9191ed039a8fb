"""What `godwit serve` takes: its scheduler, its lists, its memory, its restart, and the making of many pipelines."""

from works.service import generation, lists, memory, restart, ticks

PARTS = {"ticks": ticks.measure, "lists": lists.measure, "memory": memory.measure, "restart": restart.measure,
         "generation": generation.measure}
