//! One engine per thread and program, built from the program's texts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regorus::Engine;

use super::{EngineError, Foreign, Outcome, Program};

/// Most engines that a thread keeps.
const MAX_ENGINES: usize = 512;

struct Kept {
    /// Without further documents.
    plain: Engine,
    /// With the further documents of a mark.
    extended: Option<(u64, Engine)>,
}

thread_local! {
    static ENGINES: RefCell<BTreeMap<u64, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// Runs with this thread's engine for a program and further documents.
pub(super) fn with_engine<T>(
    program: &Program,
    data: Option<&(u64, Foreign)>,
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
        Some((mark, document)) => {
            if kept
                .extended
                .as_ref()
                .is_none_or(|(known, _)| known != mark)
            {
                let mut engine = kept.plain.clone();
                engine
                    .add_data(document.value().clone())
                    .map_err(|error| EngineError::of(&error))?;
                kept.extended = Some((*mark, engine));
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
