//! How soon a changed entry file is a new document in the hands of its workloads.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, PipeReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, getrlimit};

use super::serving::{ENTRY_FILE, SOCKET};
use super::{ENTRIES, STREAMS, clocks, entries};

/// Changes of one entry, one after the other.
const SINGLE: usize = 100;
/// Changes of all entries at once, one after the other.
const WHOLE: usize = 10;
/// Longest time from the changed file to the document, for 99 of 100.
const LIMIT: Duration = Duration::from_secs(1);
/// Longest time without any word from a workload.
const PATIENCE: Duration = Duration::from_mins(2);
/// Descriptors of the server for all streams at the quota of one user.
const DESCRIPTORS: u64 = 9_000;

/// Starts the server and the workloads and changes entries; tells whether changes arrive in time.
pub(super) fn measure() -> Result<bool> {
    let most = getrlimit(Resource::Nofile).maximum;
    if most.is_some_and(|most| most < DESCRIPTORS) {
        bail!(
            "{STREAMS} streams need {DESCRIPTORS} open files: raise the hard limit (`ulimit -Hn`)"
        );
    }
    let mut stand = Stand::new()?;
    let begun = stand.spent()?;
    let mut single = Vec::new();
    let mut paths: Vec<String> = (0..ENTRIES).map(|number| path(number, 0)).collect();
    for change in 1..=SINGLE {
        let number = change.saturating_mul(STREAMS / SINGLE).min(STREAMS) - 1;
        if let Some(path_of_one) = paths.get_mut(number) {
            *path_of_one = path(number, change);
        }
        pause(change);
        single.extend(stand.change(&paths, &[number])?);
    }
    let between = stand.spent()?;
    let mut whole = Vec::new();
    let everybody: Vec<usize> = (0..STREAMS).collect();
    for change in SINGLE + 1..=SINGLE + WHOLE {
        paths = (0..ENTRIES).map(|number| path(number, change)).collect();
        pause(change);
        whole.extend(stand.change(&paths, &everybody)?);
    }
    let ended = stand.spent()?;
    let single = told(
        "one entry changed",
        &mut single,
        between.saturating_sub(begun),
        SINGLE,
    );
    let whole = told(
        "every entry changed",
        &mut whole,
        ended.saturating_sub(between),
        WHOLE,
    );
    Ok(single <= LIMIT && whole <= LIMIT)
}

/// Says what was measured, and gives the time that 99 of 100 take.
fn told(what: &str, taken: &mut [Duration], spent: Duration, changes: usize) -> Duration {
    taken.sort();
    let at = |share: usize| {
        let place = (taken.len() * share / 100).min(taken.len().saturating_sub(1));
        taken.get(place).copied().unwrap_or_default()
    };
    let (half, most) = (at(50), at(99));
    let each = spent.as_secs_f64() * 1e3 / f64::from(u32::try_from(changes).unwrap_or(u32::MAX));
    crate::say(&format!(
        "{what} of {ENTRIES}, {STREAMS} streams, server on one core: from the changed file to the \
         decoded document half within {:.0} ms, 99 of 100 within {:.0} ms (limit {} ms); {each:.0} ms \
         of the core for each change",
        half.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3,
        LIMIT.as_millis(),
    ));
    most
}

/// So that changes do not follow the server's own beat.
fn pause(change: usize) {
    let milliseconds = u64::try_from(change * 137 % 500).unwrap_or_default();
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn path(number: usize, change: usize) -> String {
    format!("/workload-{number}/change-{change}")
}

/// A server with all its workloads.
struct Stand {
    folder: tempfile::TempDir,
    server: Child,
    answers: Receiver<String>,
    workloads: Vec<Child>,
    /// Paths of identities and when they were decoded.
    seen: Receiver<(String, Duration)>,
}

impl Stand {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("state"))?;
        let paths: Vec<String> = (0..ENTRIES).map(|number| path(number, 0)).collect();
        write_entries(folder.path(), &paths)?;
        let core = clocks::first_core()?;
        let own = std::env::current_exe()?;
        let mut server = Command::new(&own)
            .args(["bench", "identity", "server"])
            .arg(folder.path())
            .arg(core.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = server.stdout.take().context("piped")?;
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let (reader, writer) = std::io::pipe()?;
        let mut stand = Self {
            server,
            answers,
            workloads: Vec::with_capacity(STREAMS),
            seen: seen(reader),
            folder,
        };
        let programs = programs(&own, stand.folder.path())?;
        for program in programs {
            let workload = Command::new(program)
                .args(["bench", "identity", "workload"])
                .arg(stand.folder.path().join(SOCKET))
                .arg(core.to_string())
                .stdin(Stdio::null())
                .stdout(Stdio::from(writer.try_clone()?))
                .spawn()?;
            stand.workloads.push(workload);
        }
        drop(writer);
        let everybody: Vec<usize> = (0..STREAMS).collect();
        stand.wait(&paths, &everybody)?;
        Ok(stand)
    }

    /// Time that the server has spent on its core.
    fn spent(&mut self) -> Result<Duration> {
        let input = self.server.stdin.as_mut().context("piped")?;
        writeln!(input)?;
        let answer = self.answers.recv_timeout(PATIENCE);
        let answer = answer.context("the server does not answer")?;
        Ok(Duration::from_nanos(answer.trim().parse()?))
    }

    /// Changes the file and waits until these workloads have their new document.
    fn change(&self, paths: &[String], numbers: &[usize]) -> Result<Vec<Duration>> {
        write_entries(self.folder.path(), paths)?;
        let changed = clocks::of_machine();
        let seen = self.wait(paths, numbers)?;
        Ok(seen
            .into_iter()
            .map(|seen| seen.saturating_sub(changed))
            .collect())
    }

    fn wait(&self, paths: &[String], numbers: &[usize]) -> Result<Vec<Duration>> {
        let mut wanted: BTreeSet<&str> = numbers
            .iter()
            .filter_map(|number| paths.get(*number).map(String::as_str))
            .collect();
        let mut all = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let told = self.seen.recv_timeout(PATIENCE);
            let (path, seen) = told.context("workloads wait for documents that do not come")?;
            if wanted.remove(path.as_str()) {
                all.push(seen);
            }
        }
        Ok(all)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        for child in self.workloads.iter_mut().chain([&mut self.server]) {
            drop(child.kill());
        }
        for child in self.workloads.iter_mut().chain([&mut self.server]) {
            drop(child.wait());
        }
    }
}

fn seen(reader: PipeReader) -> Receiver<(String, Duration)> {
    let (sender, seen) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            let Some((path, moment)) = line.split_once(' ') else {
                return;
            };
            let moment = Duration::from_nanos(moment.parse().unwrap_or_default());
            if sender.send((path.to_owned(), moment)).is_err() {
                return;
            }
        }
    });
    seen
}

/// A program for each workload: one file under many names, whose digest is read once.
fn programs(own: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let first = program(folder, 0);
    std::fs::copy(own, &first)?;
    let mut programs = vec![first.clone()];
    for number in 1..STREAMS {
        let name = program(folder, number);
        std::fs::hard_link(&first, &name)?;
        programs.push(name);
    }
    Ok(programs)
}

fn program(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("workload-{number}"))
}

/// The whole file or nothing of it.
fn write_entries(folder: &Path, paths: &[String]) -> Result<()> {
    let text = entries(|number| {
        let program = program(folder, number);
        let matches = format!("unix.path: '{}'", program.display());
        (matches, paths.get(number).cloned().unwrap_or_default())
    });
    let new = folder.join("entries.new");
    std::fs::write(&new, text)?;
    std::fs::rename(new, folder.join(ENTRY_FILE))?;
    Ok(())
}
