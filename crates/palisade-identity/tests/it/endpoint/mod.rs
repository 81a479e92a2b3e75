//! The endpoints, talked to by real clients over real sockets.

mod attacks;
mod brokers;
mod calls;
mod cluster;
mod envoy;
<<<<<<< HEAD
mod musts;
=======
mod hostile;
>>>>>>> idB
mod others;
mod pods;
mod python;
mod raw;
mod sds;
mod spiffe_tls;
mod stand;
