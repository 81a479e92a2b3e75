//! Compiles the protocols that the endpoints serve, without `protoc`.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

/// Services; what they import comes along.
const PROTOCOLS: [&str; 5] = [
    "broker.proto",
    "envoy_secret.proto",
    "envoy_tls.proto",
    "rpc_status.proto",
    "workload.proto",
];

/// Messages of the Broker API that have the fields of messages of the Workload API.
const SAME: [(&str, &str); 6] = [
    ("SubscribeToX509SVIDResponse", "X509svidResponse"),
    ("X509SVID", "X509svid"),
    ("SubscribeToX509BundlesResponse", "X509BundlesResponse"),
    ("FetchJWTSVIDResponse", "JwtsvidResponse"),
    ("JWTSVID", "Jwtsvid"),
    ("SubscribeToJWTBundlesResponse", "JwtBundlesResponse"),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(PROTOCOLS, ["proto"])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), files.encode_to_vec())?;
    let mut build = tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .btree_map(".")
        .include_file("protocols.rs");
    for (broker, workload) in SAME {
        let name = format!(".spiffe.broker.{broker}");
        build = build.extern_path(name, format!("crate::endpoint::proto::{workload}"));
    }
    build.compile_fds(files)?;
    // Spoken between servers and agents alone, and not offered by reflection.
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".palisade.identity.v1.Entries")
        .bytes(".palisade.identity.v1.Run")
        .compile_fds(protox::compile(["nodes.proto"], ["proto"])?)?;
    Ok(())
}
