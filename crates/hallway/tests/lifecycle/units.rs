//! Files for supervisors, read by the supervisors' own programs.

use std::path::Path;
use std::process::{Command, Output};

use hallway::lifecycle::ServiceFile;

/// A service file with everything that has to be quoted.
fn awkward(program: &Path) -> ServiceFile {
    let mut file = ServiceFile::new("mail@work".parse().unwrap(), program);
    file.args = ["--box", "a b", "100% \"sure\"", r"back\slash", "$HOME ${x}", "<&>", "", "ünï"]
        .map(str::to_owned)
        .into();
    file.description = "Mail, 100 %\nof <it>.".to_owned();
    file.env = vec!["EDITOR".to_owned(), "DESK".to_owned()];
    file
}

fn run(tool: &str, package: &str, prepare: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new(tool);
    prepare(&mut command);
    command.output().unwrap_or_else(|_| panic!("{tool} is missing: apt-get install {package}"))
}

#[test]
fn systemd_takes_the_units_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("odd $name %h");
    std::fs::copy("/bin/true", &program).unwrap();
    let [socket, service] = awkward(&program).systemd_units().unwrap();
    assert_eq!(
        (socket.name.as_str(), service.name.as_str()),
        ("hallway-mail@work.socket", "hallway-mail@work.service")
    );
    for unit in [&socket, &service] {
        std::fs::write(dir.path().join(&unit.name), &unit.text).unwrap();
    }
    assert!(
        socket.text.contains("ListenStream=%t/hallway/mail@work.sock\nSocketMode=0600\nDirectoryMode=0700\n")
    );
    assert!(service.text.contains("Type=notify\n") && service.text.contains("PassEnvironment=EDITOR DESK\n"));
    let verify = |name: &str| {
        run("systemd-analyze", "systemd", |verify| {
            verify
                .arg("--user")
                .arg("verify")
                .arg("--man=no")
                .arg("--generators=no")
                .arg(dir.path().join(name));
            verify.env("XDG_RUNTIME_DIR", dir.path()).env("HOME", dir.path());
        })
    };
    for unit in [&socket, &service] {
        let output = verify(&unit.name);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains(&unit.name), "{}: {said}", unit.text);
    }
    // It does find what is wrong.
    let wrong = service.text.replace("Type=notify", "Type=nothing").replace("%%h", "nothing");
    std::fs::write(dir.path().join("wrong.service"), wrong).unwrap();
    assert!(String::from_utf8_lossy(&verify("wrong.service").stderr).contains("wrong.service"));
}

#[test]
fn systemd_is_given_each_argument_in_its_own_quotes() {
    // What systemd makes of the line, by its own rules for quotes, percent and dollar.
    let [_, service] = awkward(Path::new("/bin/echo")).systemd_units().unwrap();
    let line = service.text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert_eq!(
        line,
        r#""/bin/echo" "--box" "a b" "100%% \"sure\"" "back\\slash" "$$HOME $${x}" "<&>" "" "ünï""#
    );
    let mut broken = awkward(Path::new("/bin/echo"));
    broken.args = vec!["two\nlines".to_owned()];
    assert_eq!(broken.systemd_units().unwrap_err().code(), "bad_service_file");
}

#[test]
fn launchds_property_list_says_what_was_meant() {
    let dir = tempfile::tempdir().unwrap();
    let file = awkward(Path::new("/opt/<odd> & program"));
    let plist = file.launchd_plist().unwrap();
    assert_eq!(plist.name, "hallway-mail@work.plist");
    let path = dir.path().join(&plist.name);
    std::fs::write(&path, &plist.text).unwrap();
    let read = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
    let output = run("python3", "python3", |python| {
        python.arg("-c").arg(read).arg(&path);
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut command = vec!["/opt/<odd> & program".to_owned()];
    command.extend(file.args);
    assert_eq!(found["Label"], "hallway-mail@work");
    assert_eq!(found["ProgramArguments"], serde_json::json!(command));
    assert_eq!(found["KeepAlive"], serde_json::json!({"SuccessfulExit": false}));
}
