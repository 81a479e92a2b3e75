//! Data to standard output or a file, everything else to standard error.

use std::io::{ErrorKind, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice, StripStream};
use anyhow::Context as _;
use similar::TextDiff;

use crate::arguments::Color;
use crate::failure::{UNFINISHED, USAGE};

/// Writes a result and gives back the exit code that was decided before: a reader that went away
/// does not change it, and a result that cannot be written is an error.
pub(crate) fn data(text: &str, code: u8, color: Color) -> anyhow::Result<u8> {
    let stdout = std::io::stdout().lock();
    let mut stream = AutoStream::new(stdout, choice(color));
    let written = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush());
    match written {
        Ok(()) => Ok(code),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(code),
        Err(error) => Err(error).context("cannot write the result to standard output"),
    }
}

/// Lines as one text.
pub(crate) fn lines<'l>(lines: impl IntoIterator<Item = &'l String>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// What changes in a text, as a unified diff.
pub(crate) fn unified(path: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// Writes a result to a file: the whole of it or nothing.
pub(crate) fn file(text: &str, path: &Path, code: u8) -> anyhow::Result<u8> {
    let mut plain = StripStream::new(Vec::new());
    plain.write_all(text.as_bytes())?;
    let written = replace(path, &plain.into_inner());
    written.with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(code)
}

/// Replaces a file's content in one step, keeping its permissions; devices and pipes are written to.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let existing = std::fs::metadata(path).ok();
    if existing.as_ref().is_some_and(|known| !known.is_file()) {
        let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
        return file.write_all(content).and_then(|()| file.flush());
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    if let Some(known) = existing {
        temporary.as_file().set_permissions(known.permissions())?;
    } else {
        readable_by_others(temporary.as_file())?;
    }
    temporary.persist(&target)?;
    Ok(())
}

/// Temporary files are private; a result is an ordinary file.
#[cfg(unix)]
fn readable_by_others(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_others(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// Says something on standard error. If nobody listens there, nothing can be said.
pub(crate) fn complain(text: &str, color: Color) {
    let mut stream = AutoStream::new(std::io::stderr().lock(), choice(color));
    drop(writeln!(stream, "{}", text.trim_end()));
}

/// What clap has to say: help and version are data, errors are not.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    if error.use_stderr() {
        return ExitCode::from(USAGE);
    }
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(UNFINISHED),
        _ => ExitCode::SUCCESS,
    }
}

/// Whether a person watches standard output.
pub(crate) fn is_watched() -> bool {
    std::io::stdout().is_terminal()
}

fn choice(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}
