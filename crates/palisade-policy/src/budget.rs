//! Bounds on one evaluation, and the meter that holds an engine to them.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Bounds on the evaluation of one policy on one input; memory is that of the whole set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Steps of the engine; each language says what a step is, about a microsecond at most.
    pub steps: u64,
    /// Bytes that the evaluation may allocate for values.
    pub memory_bytes: usize,
    /// Bytes of messages, prints and documents that it may write.
    pub output_bytes: usize,
    /// Longest duration.
    pub time: Duration,
}

impl Default for Budget {
    /// Two million steps, 256 MiB, 4 MiB of output, five seconds: a hundred times the dearest
    /// evaluation in the public policy libraries that we ran.
    fn default() -> Self {
        Self {
            steps: 2_000_000,
            memory_bytes: 256 << 20,
            output_bytes: 4 << 20,
            time: Duration::from_secs(5),
        }
    }
}

/// Which bound was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// Too many steps.
    #[error("the policy took more than {0} steps")]
    Steps(u64),
    /// Too much memory.
    #[error("the policy needed more than {0} bytes of memory")]
    Memory(usize),
    /// Too much output.
    #[error("the policy wrote more than {0} bytes")]
    Output(usize),
    /// Too long.
    #[error("the policy took longer than {} ms", .0.as_millis())]
    Time(Duration),
    /// The time for the whole answer was over, whichever policy used it.
    #[error("the time for the whole answer was over")]
    Deadline,
}

/// How many policies of a set may use their time up before the others are not judged any more.
const POLICIES_OUT_OF_TIME: u32 = 4;

/// How often the clock is looked at, in steps.
const STEPS_PER_LOOK: u64 = 1024;

/// Counts what one policy after the other uses.
#[derive(Debug)]
pub struct Meter {
    budget: Budget,
    steps: Cell<u64>,
    output: Cell<usize>,
    next_look: Cell<u64>,
    started: Cell<Instant>,
    deadline: Instant,
}

impl Meter {
    /// Starts counting now.
    pub fn start(budget: Budget) -> Self {
        let now = Instant::now();
        let whole = budget.time.saturating_mul(POLICIES_OUT_OF_TIME);
        Self {
            budget,
            steps: Cell::new(0),
            output: Cell::new(0),
            next_look: Cell::new(STEPS_PER_LOOK),
            started: Cell::new(now),
            deadline: now.checked_add(whole).unwrap_or(now),
        }
    }

    /// Starts counting now, for an answer that is wanted before a moment.
    pub fn until(deadline: Instant, budget: Budget) -> Self {
        let mut meter = Self::start(budget);
        meter.deadline = meter.deadline.min(deadline);
        meter
    }

    /// Starts counting anew for the next policy, so that one that used its budget up takes nothing
    /// from the others; the error is that there is no time left for it.
    pub fn renew(&self) -> Result<(), Exhausted> {
        let now = Instant::now();
        if now > self.deadline {
            return Err(Exhausted::Deadline);
        }
        self.steps.set(0);
        self.output.set(0);
        self.next_look.set(STEPS_PER_LOOK);
        self.started.set(now);
        Ok(())
    }

    /// The bounds.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Counts steps; looks at the clock now and then.
    pub fn charge(&self, steps: u64) -> Result<(), Exhausted> {
        let total = self.steps.get().saturating_add(steps);
        self.steps.set(total);
        if total > self.budget.steps {
            return Err(Exhausted::Steps(self.budget.steps));
        }
        if total >= self.next_look.get() {
            self.next_look.set(total + STEPS_PER_LOOK);
            self.look()?;
        }
        Ok(())
    }

    /// Looks at the clock, for work that is not counted in steps.
    pub fn look(&self) -> Result<(), Exhausted> {
        if self.started.get().elapsed() > self.budget.time {
            return Err(Exhausted::Time(self.budget.time));
        }
        if Instant::now() > self.deadline {
            return Err(Exhausted::Deadline);
        }
        Ok(())
    }

    /// Time that is left for this policy.
    pub fn remaining(&self) -> Duration {
        let own = self
            .budget
            .time
            .saturating_sub(self.started.get().elapsed());
        own.min(self.deadline.saturating_duration_since(Instant::now()))
    }

    /// Time that is left for all policies together.
    pub fn until_deadline(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Checks the bytes that are allocated by now.
    pub fn check_memory(&self, allocated: usize) -> Result<(), Exhausted> {
        if allocated > self.budget.memory_bytes {
            return Err(Exhausted::Memory(self.budget.memory_bytes));
        }
        Ok(())
    }

    /// Counts output.
    pub fn write(&self, bytes: usize) -> Result<(), Exhausted> {
        let total = self.output.get().saturating_add(bytes);
        self.output.set(total);
        if total > self.budget.output_bytes {
            return Err(Exhausted::Output(self.budget.output_bytes));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget {
            steps: 3000,
            memory_bytes: 10,
            output_bytes: 4,
            time: Duration::from_mins(1),
        }
    }

    #[test]
    fn each_bound_ends_the_evaluation_by_its_own_name() {
        let meter = Meter::start(budget());
        assert_eq!(meter.charge(3000), Ok(()));
        assert_eq!(meter.charge(1), Err(Exhausted::Steps(3000)));
        assert_eq!(meter.check_memory(10), Ok(()));
        assert_eq!(meter.check_memory(11), Err(Exhausted::Memory(10)));
        assert_eq!(meter.write(4), Ok(()));
        assert_eq!(meter.write(1), Err(Exhausted::Output(4)));
    }

    #[test]
    fn each_policy_has_its_own_budget_and_all_have_one_deadline() {
        let meter = Meter::start(budget());
        assert_eq!(meter.charge(3001), Err(Exhausted::Steps(3000)));
        assert_eq!(meter.renew(), Ok(()));
        assert_eq!(meter.charge(3000), Ok(()));
        let past = Instant::now();
        while Instant::now() <= past {}
        let meter = Meter::until(past, budget());
        assert_eq!(meter.remaining(), Duration::ZERO);
        assert_eq!(meter.look(), Err(Exhausted::Deadline));
        assert_eq!(meter.renew(), Err(Exhausted::Deadline));
    }

    #[test]
    fn time_is_looked_at_between_steps() {
        let time = Duration::ZERO;
        let meter = Meter::start(Budget { time, ..budget() });
        std::thread::sleep(Duration::from_millis(1));
        assert_eq!(meter.charge(STEPS_PER_LOOK), Err(Exhausted::Time(time)));
    }
}
