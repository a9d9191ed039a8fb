"""What a running service tells of itself, and what the kernel tells of it."""

import re
import statistics
import urllib.request
from pathlib import Path


def figures(service):
    """The text for Prometheus."""
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics", timeout=30) as answer:
        return answer.read().decode()


def within(text, name, share):
    """The upper end of the bucket that so great a share of a histogram is within."""
    buckets = [(float(end), int(count)) for end, count in re.findall(rf'^{name}_bucket{{le="(.*)"}} (\d+)$', text, re.MULTILINE)]
    return next(end for end, count in buckets if count >= share * buckets[-1][1])


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def resident_bytes(process):
    """What it holds now."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024
