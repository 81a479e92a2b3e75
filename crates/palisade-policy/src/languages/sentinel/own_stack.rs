//! A stack that is deep enough for the deepest nesting that the machine allows, whichever thread
//! asks.

/// Bytes of that stack: a level takes below 8 KiB without optimisation, and there are
/// [`super::evaluation::MAX_DEPTH`] of them. Only what is used is ever mapped.
const BYTES: usize = 64 << 20;

/// Runs something on such a stack; `None` if the system gives no thread for it. A panic goes on
/// in the caller.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("sentinel".to_owned())
            .stack_size(BYTES)
            .spawn_scoped(scope, work)
            .ok()?;
        match thread.join() {
            Ok(result) => Some(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
