//! The engine's virtual machine, used in place of its interpreter where it is proven to agree.
//!
//! The interpreter is the reference. The machine runs a rule only if it compiles it whole, and its
//! answers count only after as many in a row were the interpreter's own; later ones are compared
//! now and then. One that differs ends its use for good on this thread, and the interpreter's
//! answer stands.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

/// Answers that must agree before the machine's own count.
const TRIALS: u32 = 16;
/// How often an answer is compared after that.
const COMPARED_EVERY: u32 = 64;
/// Most instructions of one evaluation.
const MAX_INSTRUCTIONS: usize = 200_000_000;

thread_local! {
    static COMPARED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// How many answers of machines were compared on this thread, and how many agreed.
pub(in crate::languages::rego) fn compared() -> (usize, usize) {
    COMPARED.get()
}

/// A rule's machine on this thread.
pub(super) enum Machine {
    /// Ready, with the number of answers so far.
    Ready(Box<RegoVM>, u32),
    /// The machine cannot run it, or has differed.
    Refused,
}

impl Machine {
    /// Compiles a rule, if the machine can run it; the engine holds the guarded texts.
    pub(super) fn new(engine: &mut Engine, path: &str) -> Self {
        let path: Arc<str> = Arc::from(path);
        let Ok(policy) = engine.compile_with_entrypoint(&path) else {
            return Self::Refused;
        };
        let Ok(program) = Compiler::compile_from_policy(&policy, &[&*path]) else {
            return Self::Refused;
        };
        let mut machine = RegoVM::new_with_policy(policy);
        machine.set_max_instructions(MAX_INSTRUCTIONS);
        machine.load_program(program);
        match machine.set_data(engine.get_data()) {
            Ok(()) => Self::Ready(Box::new(machine), 0),
            Err(_) => Self::Refused,
        }
    }

    /// The value of the rule; `interpret` is asked where the machine's answer does not count.
    pub(super) fn run(
        &mut self,
        input: &Value,
        timer: ExecutionTimerConfig,
        mut interpret: impl FnMut() -> anyhow::Result<Value>,
    ) -> anyhow::Result<Value> {
        let Self::Ready(machine, answers) = self else {
            return interpret();
        };
        *answers = answers.saturating_add(1);
        let trusted = *answers > TRIALS && *answers % COMPARED_EVERY != 0;
        // The interpreter first: what ends in its budgets is not tried on the machine, whose
        // functions are bounded between instructions only.
        let reference = if trusted { None } else { Some(interpret()?) };
        machine.set_execution_timer_config(Some(timer));
        machine.set_input(input.clone());
        let found = machine.execute();
        let reference = match (reference, &found) {
            (Some(reference), _) => reference,
            (None, Ok(value)) => return Ok(value.clone()),
            (None, Err(_)) => interpret()?,
        };
        let agrees = found.is_ok_and(|found| found == reference);
        let (compared, agreed) = COMPARED.get();
        COMPARED.set((compared + 1, agreed + usize::from(agrees)));
        if !agrees {
            *self = Self::Refused;
        }
        Ok(reference)
    }
}

/// How the clock is looked at.
pub(super) fn timer(limit: std::time::Duration, units: u32) -> ExecutionTimerConfig {
    ExecutionTimerConfig {
        limit,
        check_interval: NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN),
    }
}
