//! One engine per thread and program, built from the program's texts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regorus::Engine;

use super::{EngineError, Further, FurtherKey, Outcome, Program};

/// Most engines that a thread keeps.
const MAX_ENGINES: usize = 512;

struct Kept {
    /// Without further documents.
    plain: Engine,
    /// With further documents.
    extended: Option<(FurtherKey, Engine)>,
}

thread_local! {
    static ENGINES: RefCell<BTreeMap<u64, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// Runs with this thread's engine for a program and further documents.
pub(super) fn with_engine<T>(
    program: &Program,
    data: Option<Further<'_>>,
    run: impl FnOnce(&mut Engine) -> anyhow::Result<Outcome<T>>,
) -> Result<anyhow::Result<Outcome<T>>, EngineError> {
    // INVARIANT: taken out while it runs, so that a panic in the engine drops it and a builtin
    // that evaluates finds its own.
    let kept = ENGINES.with(|engines| engines.borrow_mut().remove(&program.id));
    let mut kept = match kept {
        Some(kept) => kept,
        None => Kept {
            plain: program.engine()?,
            extended: None,
        },
    };
    let result = match data {
        None => run(&mut kept.plain),
        Some(further) => {
            let known = kept.extended.as_ref();
            if known.is_none_or(|(key, _)| !key.same(further.key)) {
                let mut engine = kept.plain.clone();
                engine
                    .add_data((further.make)().into_value())
                    .map_err(|error| EngineError::of(&error))?;
                kept.extended = Some((further.key.clone(), engine));
            }
            match &mut kept.extended {
                Some((_, engine)) => run(engine),
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
