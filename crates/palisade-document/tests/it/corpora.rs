//! Everything that real systems wrote, read whole.

use std::path::Path;

use palisade_document::{Syntax, SyntaxSeverity};

use crate::shown::read;

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
        {
            found.push(path);
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "where the corpora lie is no setting of the product"
)]
#[ignore = "needs PALISADE_CORPORA"]
fn what_real_systems_wrote_is_read() {
    let folder = std::env::var("PALISADE_CORPORA").expect("PALISADE_CORPORA names a folder");
    let mut found = Vec::new();
    files(Path::new(&folder), &mut found);
    found.sort();
    let mut refused = Vec::new();
    let (mut texts, mut bytes) = (0_usize, 0_usize);
    let start = std::time::Instant::now();
    for path in &found {
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let is_json = path.extension().is_some_and(|end| end == "json");
        let syntax = if is_json { Syntax::Json } else { Syntax::Yaml };
        let (document, errors) = read(syntax, &text);
        let fatal = errors
            .iter()
            .find(|error| error.severity == SyntaxSeverity::Fatal);
        if let Some(error) = fatal.filter(|_| !text.contains("{{")) {
            let line = document.file().position(error.span.start).line;
            refused.push(format!("{}:{line}: {}", path.display(), error.message));
        }
        texts += 1;
        bytes += text.len();
    }
    let took = start.elapsed();
    assert!(texts > 200, "only {texts} texts were found");
    assert!(
        refused.is_empty(),
        "{} of {texts} texts ({bytes} bytes, {took:?}) are refused:\n{}",
        refused.len(),
        refused.join("\n")
    );
}
