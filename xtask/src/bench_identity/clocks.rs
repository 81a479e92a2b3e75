//! Clocks that other work on the machine does not move, and one that all processes share.

use std::time::Duration;

use anyhow::Result;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Time that this thread has spent on a processor.
pub(super) fn of_thread() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

/// Time that all threads of this process have spent on processors.
pub(super) fn of_process() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// Time since the machine began, the same in all processes.
pub(super) fn of_machine() -> Duration {
    duration(clock_gettime(ClockId::Monotonic))
}

fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

/// The first core that this process may use.
pub(super) fn first_core() -> Result<usize> {
    let allowed = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU)
        .find(|core| allowed.is_set(*core))
        .unwrap_or_default())
}

/// Keeps this thread, and all that it begins, on one core.
pub(super) fn stay_on(core: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(core);
    Ok(sched_setaffinity(None, &only)?)
}

/// Keeps this thread off a core, where there is another one.
pub(super) fn stay_off(core: usize) -> Result<()> {
    let mut others = sched_getaffinity(None)?;
    others.unset(core);
    if others.count() > 0 {
        sched_setaffinity(None, &others)?;
    }
    Ok(())
}
