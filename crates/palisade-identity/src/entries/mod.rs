//! Entries: policy as code over who gets which identity.
//!
//! An entry matches attested attributes and gives a SPIFFE ID made from a template. Entry files
//! become [`Entries`] by [`compile`]; [`Entries::resolve`] answers for a caller.
//!
//! **Invariant:** what is missing, ambiguous, illegal or unknown gives no identity.
//! **Invariant:** an answer depends on the entries, the attributes and the facts handed in, and on
//! nothing else.

mod compile;
mod condition;
mod entry;
mod facts;
mod folder;
mod index;
mod mint;
mod pattern;
mod read;
mod schema;
mod set;
mod template;

pub use compile::{Compiled, compile};
pub use condition::{Condition, ConditionError, Facts, NoFacts, Signer, Verdict};
pub use entry::{Entry, EntryError, EntryName};
pub(crate) use entry::{PUSHED, any_value};
pub use facts::{FactsAt, FactsFile};
pub use folder::{FolderError, entry_files};
pub use mint::{MintError, MintRule, MintRules, PathPattern, PathPatternError};
pub use pattern::{Pattern, PatternError};
pub use read::{FileEntries, read};
pub use schema::entry_schema;
pub(crate) use set::check;
pub use set::{Entries, EntriesError, Grant, MOST_ENTRIES, MOST_GRANTS, Resolution, Withheld};
pub use template::{FillError, IdTemplate, NameTemplate, TemplateError};
