//! Tells whether a value is a credential, by its name and its shape. The value is never kept.
