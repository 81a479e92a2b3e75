//! Runs a program that renders, bounded in time and output.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest time that one rendering may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time between looks at a running program.
const PAUSE: Duration = Duration::from_millis(10);
/// Most bytes of complaints that are kept.
const COMPLAINTS: u64 = 16 << 10;

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// The program is not there.
    #[error("it is not installed")]
    Missing,
    /// It could not be started or watched.
    #[error("it could not be run: {0}")]
    Failed(#[from] std::io::Error),
    /// It ended with an error.
    #[error("it said: {0}")]
    Refused(String),
    /// It took too long.
    #[error("it took longer than {} seconds", PATIENCE.as_secs())]
    TooSlow,
    /// It wrote too much, or no UTF-8.
    #[error("its output is no text, or larger than {0} bytes")]
    Output(usize),
}

/// The output of a program that is given a folder as its last argument.
pub(super) fn run(
    program: &str,
    arguments: &[&str],
    folder: &Path,
    limit: usize,
) -> Result<String, RunError> {
    let mut child = Command::new(program)
        .args(arguments)
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => RunError::Missing,
            _ => RunError::Failed(error),
        })?;
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let output = collect(child.stdout.take(), bound);
    let complaints = collect(child.stderr.take(), COMPLAINTS);
    let good = wait(&mut child)?;
    let output = output.join().unwrap_or_default();
    let complaints = complaints.join().unwrap_or_default();
    if output.len() > limit {
        return Err(RunError::Output(limit));
    }
    if !good {
        let text = String::from_utf8_lossy(&complaints);
        let first = text.lines().find(|line| !line.trim().is_empty());
        return Err(RunError::Refused(first.unwrap_or("nothing").to_owned()));
    }
    String::from_utf8(output).map_err(|_| RunError::Output(limit))
}

fn collect(pipe: Option<impl Read + Send + 'static>, bound: u64) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is judged by the program's own exit status.
            drop(pipe.take(bound).read_to_end(&mut bytes));
        }
        bytes
    })
}

/// Whether the program ended well, in time.
fn wait(child: &mut Child) -> Result<bool, RunError> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(RunError::TooSlow);
        }
        std::thread::sleep(PAUSE);
    }
}
