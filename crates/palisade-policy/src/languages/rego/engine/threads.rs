//! One engine per thread and program, built from the program's texts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::machine::Machine;
use super::{EngineError, Further, FurtherKey, Outcome, Program, Reader};

/// Most engines that a thread keeps.
const MAX_ENGINES: usize = 512;

struct Kept {
    /// Without further documents.
    plain: Prepared,
    /// With further documents.
    extended: Option<(FurtherKey, Prepared)>,
}

/// An engine with the machines of its rules.
pub(super) struct Prepared {
    pub(super) engine: Engine,
    machines: BTreeMap<String, Machine>,
}

impl Prepared {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            machines: BTreeMap::new(),
        }
    }

    /// The value of a rule, by the machine where it is proven.
    pub(super) fn rule(
        &mut self,
        program: &Program,
        path: &str,
        input: &Value,
        timer: ExecutionTimerConfig,
    ) -> anyhow::Result<Value> {
        let Self { engine, machines } = self;
        if !machines.contains_key(path) {
            let machine = machine(program, engine, path);
            machines.insert(path.to_owned(), machine);
        }
        let mut interpret = || engine.eval_rule(path.to_owned());
        match machines.get_mut(path) {
            Some(machine) => machine.run(input, timer, interpret),
            None => interpret(),
        }
    }
}

thread_local! {
    static ENGINES: RefCell<BTreeMap<u64, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// The machine for a rule, over the guarded texts and the documents of an engine.
fn machine(program: &Program, engine: &Engine, path: &str) -> Machine {
    let Ok(mut guarded) = program.engine(Reader::Machine) else {
        return Machine::Refused;
    };
    guarded.clear_data();
    match guarded.add_data(engine.get_data()) {
        Ok(()) => Machine::new(&mut guarded, path),
        Err(_) => Machine::Refused,
    }
}

/// Runs with this thread's engine for a program and further documents.
pub(super) fn with_engine<T>(
    program: &Program,
    data: Option<Further<'_>>,
    run: impl FnOnce(&mut Prepared) -> anyhow::Result<Outcome<T>>,
) -> Result<anyhow::Result<Outcome<T>>, EngineError> {
    // INVARIANT: taken out while it runs, so that a panic in the engine drops it and a builtin
    // that evaluates finds its own.
    let kept = ENGINES.with(|engines| engines.borrow_mut().remove(&program.id));
    let mut kept = match kept {
        Some(kept) => kept,
        None => Kept {
            plain: Prepared::new(program.engine(Reader::Interpreter)?),
            extended: None,
        },
    };
    let result = match data {
        None => run(&mut kept.plain),
        Some(further) => {
            let known = kept.extended.as_ref();
            if known.is_none_or(|(key, _)| !key.same(further.key)) {
                let mut engine = kept.plain.engine.clone();
                engine
                    .add_data((further.make)().into_value())
                    .map_err(|error| EngineError::of(&error))?;
                kept.extended = Some((further.key.clone(), Prepared::new(engine)));
            }
            match &mut kept.extended {
                Some((_, prepared)) => run(prepared),
                None => run(&mut kept.plain),
            }
        }
    };
    ENGINES.with(|engines| {
        let mut engines = engines.borrow_mut();
        if engines.len() >= MAX_ENGINES {
            engines.clear();
        }
        engines.insert(program.id, kept);
    });
    Ok(result)
}
