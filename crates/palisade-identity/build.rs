//! Compiles the protocols that the endpoints serve, without `protoc`.

use std::error::Error;
use std::path::PathBuf;

use prost_types::FileDescriptorSet;

const PROTOCOLS: [&str; 1] = ["workload.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(PROTOCOLS, ["proto"])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), encoded(&files))?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .compile_fds(files)?;
    Ok(())
}

fn encoded(files: &FileDescriptorSet) -> Vec<u8> {
    prost::Message::encode_to_vec(files)
}
