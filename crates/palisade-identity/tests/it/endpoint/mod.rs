//! The endpoints, talked to by real clients over real sockets.

mod calls;
mod stand;
