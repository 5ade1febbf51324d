//! `codegen`: what it writes is compiled, and speaks to the daemon that it was written from.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::new::{target, workspace};
use crate::world::{World, run};

/// A program that uses a client that was generated.
const MAIN: &str = r#"
mod kitchen;

use hallway::blocking::Client;
use hallway::lifecycle::{Connector, Instance};
use kitchen::{KitchenBlockingClient, KitchenError, Spice};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connector = Connector::new(Instance::new("kitchen")?).installed();
    let kitchen = KitchenBlockingClient::new(Client::builder().connect(connector)?);
    let order = kitchen.order("soup".to_owned(), 2, Spice::Hot, vec![], None)??;
    println!("{} {} {:?}", order.portions, order.dish, order.spice);
    let no = kitchen.order("stew".to_owned(), 1, Spice::Mild, vec![], None)?;
    println!("{}", no == Err(KitchenError::NoSuchDish { dish: "stew".to_owned() }));
    for dish in kitchen.courses(2)? {
        println!("{}", dish??.name);
    }
    Ok(())
}
"#;

/// Runs cargo on a package in which everything generated is a module, with the versions that are here.
fn cargo(package: &Path, arguments: &[&str]) -> crate::world::Ran {
    let library = workspace().join("crates/hallway");
    let manifest = format!(
        "[package]\nname = \"generated\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         futures-core = \"0.3\"\nhallway = {{ path = {library:?} }}\nschemars = \"1\"\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(workspace().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    let fixed = ["--offline", "--target-dir"].map(OsStr::new);
    cargo.args(arguments).args(fixed).arg(target()).current_dir(package);
    run(cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"))
}

#[test]
fn what_is_written_for_other_languages_is_what_their_own_generators_write() {
    let world = World::new();
    let golden = workspace().join("clients/codegen");
    for (language, file) in [("python", "odd.py"), ("typescript", "odd.ts")] {
        let written = world.ok(["codegen", language, golden.join("odd.json").to_str().unwrap()]);
        let wanted = fs::read_to_string(golden.join(file)).unwrap();
        assert_eq!(written, wanted, "write {file} anew, and hold it against the client's own generator");
    }
}

#[test]
fn a_module_for_python_calls_the_daemon() {
    let world = World::with_open_kitchen();
    fs::write(world.path("home/kitchen.py"), world.ok(["codegen", "python", "kitchen"])).unwrap();
    let program = "import hallway, kitchen\n\
        with hallway.connect('kitchen') as client:\n    \
        order = kitchen.Kitchen(client).order('soup', portions=2, spice='hot')\n    \
        print(order['portions'], order['dish'], order['spice'])\n";
    let mut python = world.program("python3");
    python.args(["-c", program]).env("PYTHONPATH", workspace().join("clients/python/src"));
    let ran = run(python.env("PYTHONDONTWRITEBYTECODE", "1"));
    assert_eq!((ran.code, ran.out.as_str()), (0, "2 soup hot\n"), "{}", ran.err);
}

#[test]
fn the_service_is_the_one_that_is_meant() {
    let world = World::new();
    let odd = fs::read_to_string(workspace().join("clients/codegen/odd.json")).unwrap();
    let other = odd.replacen("odd_names", "other", 1);
    fs::write(world.path("home/two.json"), format!("[{odd},{other}]")).unwrap();
    world.snapshot(
        "codegen",
        &[
            "hallway codegen typescript two.json",
            "hallway codegen typescript two.json --service other | head -n 1",
            "hallway codegen cobol two.json",
        ],
    );
}

#[test]
fn a_declaration_in_rust_is_compiled_and_calls_the_daemon() {
    let world = World::with_open_kitchen();
    world.snapshot(
        "codegen_rust",
        &["hallway codegen rust-client kitchen", "hallway codegen rust-client kitchn"],
    );
    let package = world.path("home/generated");
    fs::create_dir_all(package.join("src")).unwrap();
    fs::write(package.join("src/kitchen.rs"), world.ok(["codegen", "rust-client", "kitchen"])).unwrap();
    // Every shape of method, of type and of name, of a description in a file.
    let odd = workspace().join("clients/codegen/odd.json");
    for (name, file) in
        [("mail", workspace().join("crates/hallway/tests/it/service_macro/mail.json")), ("odd", odd)]
    {
        let written = world.ok(["codegen", "rust-client", file.to_str().unwrap()]);
        fs::write(package.join("src").join(name).with_extension("rs"), written).unwrap();
    }
    fs::write(package.join("src/main.rs"), format!("#![allow(dead_code)]\nmod mail;\nmod odd;\n{MAIN}"))
        .unwrap();
    let built = cargo(&package, &["build"]);
    assert!(built.code == 0 && !built.err.contains("warning"), "{}", built.err);
    let ran = run(&mut world.program(target().join("debug/generated")));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "2 soup Hot\ntrue\nsoup\ndumplings\n");
}
