//! Names the compiler, for the report, and writes the services of `schema/bench.proto`, without a `protoc`.

use std::error::Error;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output()?;
    println!("cargo:rustc-env=BENCH_RUSTC={}", String::from_utf8(version.stdout)?.trim());
    #[cfg(feature = "neighbours")]
    services()?;
    Ok(())
}

#[cfg(feature = "neighbours")]
fn services() -> Result<(), Box<dyn Error>> {
    const SCHEMA: &str = "schema/bench.proto";
    println!("cargo:rerun-if-changed={SCHEMA}");

    let read = protox::compile([SCHEMA], ["schema"])?;
    tonic_prost_build::configure().bytes(".").compile_fds(read)?;

    let customize = ttrpc_codegen::Customize { async_all: true, ..Default::default() };
    let mut ttrpc = ttrpc_codegen::Codegen::new();
    ttrpc.inputs([SCHEMA]).include("schema").rust_protobuf().customize(customize);
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?).join("ttrpc");
    std::fs::create_dir_all(&out)?;
    ttrpc.out_dir(&out).run()?;
    // It allows unsafe code, and has none; who forbids it forbids this too.
    let service = out.join("bench_ttrpc.rs");
    let written = std::fs::read_to_string(&service)?;
    std::fs::write(service, written.replace("#![allow(unsafe_code)]\n", ""))?;
    std::fs::write(out.join("mod.rs"), "pub mod bench;\npub mod bench_ttrpc;\n")?;
    Ok(())
}
