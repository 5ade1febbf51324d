"""Time as it is written down for other processes: no setting of the clock moves it, and no other boot shares it."""

import time


def uptime_ms() -> int:
    """Milliseconds since the machine was started."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def boot_id() -> str:
    """Tells one boot from another; empty where the system has no word for it."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""
