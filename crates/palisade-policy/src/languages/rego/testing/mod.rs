//! Tests as their ecosystems write them: `opa test`, `conftest verify`, `gator verify`.

mod gator;
mod opa;

use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Settings;
use crate::suite::SuiteReport;

pub(super) use self::gator::{gator_suites, material};
pub(super) use self::opa::opa_suites;

/// Runs all tests below a folder.
pub(super) fn test(folder: &Folder, settings: &Settings) -> Result<Vec<SuiteReport>, PolicyError> {
    let mut reports = opa_suites(folder, settings)?;
    reports.extend(gator_suites(folder)?);
    Ok(reports)
}
