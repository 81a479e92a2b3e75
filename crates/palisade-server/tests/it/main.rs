//! The webhook as an API server meets it: over TLS, with real policies.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod client;
