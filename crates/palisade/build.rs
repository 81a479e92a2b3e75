//! Lists the handbook pages, so that the binary carries them without a list kept by hand.

use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/patterns");
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut paths: Vec<_> = std::fs::read_dir(&pages)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    let mut list = String::from("&[\n");
    for path in paths {
        println!("cargo::rerun-if-changed={}", path.display());
        let path = path.canonicalize()?;
        let path = path
            .to_str()
            .ok_or("the checkout has a path that is no UTF-8")?;
        writeln!(list, "    include_str!({path:?}),")?;
    }
    list.push(']');
    let out = std::env::var_os("OUT_DIR").ok_or("cargo gives build scripts a place for output")?;
    std::fs::write(Path::new(&out).join("handbook.rs"), list)?;
    Ok(())
}
