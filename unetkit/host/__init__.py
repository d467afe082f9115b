"""The host of a process: memory, processors, the C allocator, file locks, and other processes.

psutil and filelock are imported where they are used, so that importing unetkit stays quick.
"""

from unetkit.host.locks import Locked, exclusive_lock, is_locked
from unetkit.host.memory import available_memory, resident_memory
from unetkit.host.processes import die_with, kill_session, limit_memory, process_exists
from unetkit.host.processors import has_avx512, has_native_bf16, num_cores, processor_name

__all__ = [
    "Locked",
    "available_memory",
    "die_with",
    "exclusive_lock",
    "has_avx512",
    "has_native_bf16",
    "is_locked",
    "kill_session",
    "limit_memory",
    "num_cores",
    "process_exists",
    "processor_name",
    "resident_memory",
]
